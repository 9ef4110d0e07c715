"""A visitor over bare HTTP: for what no browser would send."""

import html
import http.client
import re
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.e2e.site import Site

FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return html.unescape(re.sub(r"<[^>]+>", " ", self.body.decode()))

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', self.body.decode())
        assert found, f"no field {name} in {self.text}"
        return html.unescape(found[1])

    def written(self, name: str) -> str:
        found = re.search(
            rf'<textarea id="{name}"[^>]*>\n?(.*?)</textarea>', self.body.decode(), re.DOTALL
        )
        assert found, f"no text {name} in {self.text}"
        return html.unescape(found[1])


@dataclass
class Visitor:
    """One phone: its cookie and its form token."""

    site: Site
    school: str = "waterkant"
    cookie: str = ""
    token: str = ""
    address: str = "127.0.0.1"
    seen: list[int] = field(default_factory=list)

    def ask(self, method: str, path: str, body=None, headers=None) -> Answer:
        client = http.client.HTTPConnection(
            "127.0.0.1", self.site.port, timeout=120, source_address=(self.address, 0)
        )
        sent = {"Sec-Fetch-Site": "same-origin", **(headers or {})}
        if self.cookie:
            sent["Cookie"] = self.cookie
        client.request(method, f"/{self.school}/{path}", body, sent)
        return self.read(client.getresponse(), client)

    def read(self, response: http.client.HTTPResponse, client=None) -> Answer:
        answer = Answer(response.status, dict(response.getheaders()), response.read())
        if client:
            client.close()
        self.cookie = answer.headers.get("Set-Cookie", self.cookie).partition(";")[0]
        self.seen.append(answer.status)
        assert answer.status < 500 or answer.status == 503, answer.text
        return answer

    def get(self, path: str) -> Answer:
        answer = self.ask("GET", path)
        if answer.status == 303:
            return self.follow(answer)
        if (found := re.search(rb'name="t" value="([^"]*)"', answer.body)) and found[1]:
            self.token = found[1].decode()
        return answer

    def follow(self, answer: Answer) -> Answer:
        assert answer.status == 303, answer.text
        return self.get(
            answer.headers["Location"].partition(f"/{self.school}/")[2].partition("#")[0]
        )

    def post(self, path: str, **fields) -> Answer:
        body = urlencode({"t": self.token, **fields}, doseq=True)
        return self.ask("POST", path, body, {"Content-Type": FORM})

    def begin(self, story: str = "Er is iets gebeurd.") -> "Visitor":
        """Start telling, up to a saved story."""
        self.follow(self.post("begin", perspective="self"))
        self.get("vraag/verhaal")
        if story:
            assert self.post("vraag/verhaal", **{"story-story": story}).status == 303
        return self

    def form(self, files: list[tuple[bytes, bytes]], *, token: bool = True) -> tuple[bytes, str]:
        """A multipart body as browsers write it: the token and the answer come first."""
        boundary = secrets.token_hex(16)
        fields = [("t", self.token)] if token else []
        parts = [
            b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
            % (boundary.encode(), name.encode(), value.encode())
            for name, value in [*fields, ("intimate", "no")]
        ]
        for name, data in files:
            head = b'Content-Disposition: form-data; name="files"' + name
            parts.append(
                b"--%b\r\n%b\r\nContent-Type: application/octet-stream\r\n\r\n%b\r\n"
                % (boundary.encode(), head, data)
            )
        body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
        return body, f"multipart/form-data; boundary={boundary}"

    def upload(self, files: list[tuple[bytes, bytes]], path="bestanden", **options) -> Answer:
        body, kind = self.form(files, **options)
        return self.ask("POST", path, body, {"Content-Type": kind})

    def break_off(self, files: list[tuple[bytes, bytes]], share: float) -> None:
        """Send a part of an upload and lose the connection."""
        body, kind = self.form(files)
        lines = [
            f"POST /{self.school}/bestanden HTTP/1.1",
            f"Host: 127.0.0.1:{self.site.port}",
            f"Cookie: {self.cookie}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Sec-Fetch-Site: same-origin",
        ]
        with socket.create_connection(("127.0.0.1", self.site.port), timeout=20) as link:
            link.sendall("\r\n".join([*lines, "", ""]).encode() + body[: int(len(body) * share)])
            link.shutdown(socket.SHUT_WR)

    def listed(self) -> list[str]:
        """The names of the files that the page calls safe."""
        page = self.get("bestanden").body.decode().replace("<wbr>", "")
        rows = re.findall(r'class="file safe".*?<bdi>(.*?)</bdi>', page, re.DOTALL)
        return [html.unescape(row) for row in rows]

    def send(self) -> Answer:
        return self.post("nakijken", submit=self.get("nakijken").field("submit"))


def named(name: bytes) -> bytes:
    return b'; filename="%b"' % name


def code_of(answer: Answer) -> str:
    return "".join(re.findall(r"<span>([0-9A-Z]{4})</span>", answer.body.decode()))
