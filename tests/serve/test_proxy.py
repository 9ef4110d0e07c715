"""The proxy example of docs/proxy, run as it stands by Debian's nginx."""

import contextlib
import hashlib
import shutil
import ssl
import subprocess

import pytest

from tests.serve.conftest import ROOT, Server, answers, free_port, wait_until
from tests.serve.test_server import post_head, read_answer

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
WRAPPER = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    access_log {folder}/access.log;
    include {folder}/portal.conf;
}}
"""


@pytest.fixture
def proxy(start, certificate, tmp_path):
    """The portal behind the example; gives a function that opens a TLS connection to it."""
    server = start(trusted_proxy="127.0.0.1")
    folder = tmp_path / "nginx"
    folder.mkdir(mode=0o777)
    port, plain = free_port(), free_port()
    example = (ROOT / "docs/proxy/nginx.conf").read_text()
    for ours, theirs in {
        "listen [::]:443 ssl;": "",
        "listen [::]:80;": "",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "/etc/ssl/portal/fullchain.pem": str(certificate[0]),
        "/etc/ssl/portal/key.pem": str(certificate[1]),
        "http://127.0.0.1:8000": f"http://127.0.0.1:{server.port}",
    }.items():
        assert ours in example
        example = example.replace(ours, theirs)
    (folder / "portal.conf").write_text(example)
    (folder / "nginx.conf").write_text(WRAPPER.format(folder=folder))
    command = [NGINX, "-p", folder, "-c", folder / "nginx.conf"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port))
        yield Proxy(server, port, folder, certificate[0])
    finally:
        process.terminate()
        process.wait(timeout=20)


class Proxy:
    def __init__(self, server: Server, port, folder, certificate):
        self.folder = folder
        self._front = Server(server.process, port, server.note, server.log)
        self._context = ssl.create_default_context(cafile=certificate)

    @contextlib.contextmanager
    def connect(self):
        with (
            self._front.connect() as raw,
            self._context.wrap_socket(raw, server_hostname="localhost") as connection,
        ):
            yield connection

    def kept_files(self):
        folders = [self.folder / "body", self.folder / "proxy"]
        return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def test_a_body_reaches_the_portal_while_it_is_being_sent(proxy):
    with proxy.connect() as connection:
        head = post_head(50_000_000).replace(b"POST / ", b"POST /first ")
        connection.sendall(head + b"x" * 100_000)
        assert read_answer(connection).endswith(b"\r\n\r\n1000")
        assert proxy.kept_files() == []


def test_a_body_comes_through_whole_and_unkept(proxy):
    data = bytes(range(256)) * 40_000
    with proxy.connect() as connection:
        connection.sendall(post_head(len(data)) + data)
        assert read_answer(connection).endswith(hashlib.sha256(data).hexdigest().encode())
    assert proxy.kept_files() == []


def test_the_portal_sees_the_client_and_not_what_it_pretends(proxy):
    with proxy.connect() as connection:
        connection.sendall(
            b"GET /who HTTP/1.1\r\nHost: melden.example.nl\r\n"
            b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http\r\n\r\n"
        )
        answer = read_answer(connection)
    assert answer.endswith(b"127.0.0.1|https|None|melden.example.nl")


def test_the_proxy_keeps_no_log_of_visits(proxy):
    with proxy.connect() as connection:
        connection.sendall(b"GET /who?geheim HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in read_answer(connection)
    logs = [file.read_text() for file in proxy.folder.glob("*.log")]
    assert not any("geheim" in text or "127.0.0.1" in text for text in logs)
