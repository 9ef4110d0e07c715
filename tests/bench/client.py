"""A phone that costs next to nothing: it shares the processors with the server it measures."""

import re
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"
TIMEOUT = 120
_RECEIVE = 256 << 10


@dataclass(frozen=True)
class Answer:
    """A whole answer and the seconds from connecting to its last byte."""

    status: int
    head: str
    body: bytes
    seconds: float

    @property
    def location(self) -> str:
        found = re.search(r"(?im)^location: *(?:https?://[^/]+)?(\S+)", self.head)
        return found[1] if found else ""

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Phone:
    """One browser: a cookie, and a new connection for every request."""

    port: int
    cookie: str = ""
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self.send(self.request("GET", path))

    def post(self, path: str, **fields: object) -> Answer:
        return self.send(self.post_request(path, **fields))

    def post_request(self, path: str, **fields: object) -> bytes:
        """A form's bytes, made beforehand so that only sending is timed."""
        given = {name.replace("__", "-"): value for name, value in fields.items()}
        body = urlencode({"t": self.token, **given}, doseq=True).encode()
        return (
            self.request("POST", path, {"Content-Type": FORM, "Content-Length": len(body)}) + body
        )

    def request(self, method: str, path: str, headers: dict[str, object] | None = None) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close"]
        if self.cookie:
            lines.append(f"Cookie: {self.cookie}")
        lines += [f"{name}: {value}" for name, value in {**self.headers, **(headers or {})}.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def send(self, data: bytes) -> Answer:
        started = time.perf_counter()
        with self.connect() as connection:
            connection.sendall(data)
            answer = receive(connection, started)
        found = re.search(r"(?im)^set-cookie: *([^;\r]+)", answer.head)
        if found:
            self.cookie = found[1]
        return answer

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def receive(connection: socket.socket, started: float) -> Answer:
    """Read one answer, to its declared length."""
    data = bytearray()
    while (end := data.find(b"\r\n\r\n")) < 0:
        _more(connection, data)
    head = data[:end].decode("latin-1")
    declared = re.search(r"(?im)^content-length: *(\d+)", head)
    length = int(declared[1]) if declared else 0
    while len(data) < end + 4 + length:
        _more(connection, data)
    return Answer(
        int(head.split(" ", 2)[1]), head, bytes(data[end + 4 :]), time.perf_counter() - started
    )


def _more(connection: socket.socket, data: bytearray) -> None:
    piece = connection.recv(_RECEIVE)
    if not piece:
        raise ConnectionError("the server ended the connection early")
    data += piece
