"""The web server as visitors and attackers meet it."""

import hashlib
import socket
import ssl
import subprocess
import time

import pytest

REQUEST = b"GET /who HTTP/1.1\r\nHost: x\r\n\r\n"


def post_head(length: int, path: str = "/") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def read_answer(connection: socket.socket) -> bytes:
    """One whole answer, or what came before the other side ended."""
    answer = b""
    while not _is_whole(answer):
        data = connection.recv(65536)
        if not data:
            break
        answer += data
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
    return bool(end) and len(body) >= length


def test_no_banner_no_access_log_and_no_address_in_the_log(start):
    server = start()
    response = server.get("/who?code=ABCD", {"X-Secret": "geheim"})
    assert response.status == 200
    assert response.getheader("Server") is None
    with server.connect() as bad:
        bad.sendall(b"geen http 12345\r\n\r\n")
        assert b" 400 " in read_answer(bad)
    assert server.get("/fault?geheim").status == 500
    log = server.log.read_text()
    assert "ValueError" in log
    for forbidden in ("127.0.0.1 -", "ip=", "ABCD", "geheim", "12345", "/fault", "/who"):
        assert forbidden not in log.replace("Serving on http://127.0.0.1", "")


def test_heads_that_drip_hold_no_thread(start):
    server = start(threads=4)
    drips = [server.connect() for _ in range(60)]
    try:
        for drip in drips:
            drip.sendall(b"GET /who HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        started = time.monotonic()
        for _ in range(5):
            for drip in drips:
                drip.sendall(b"a")
            assert server.get("/who").status == 200
        assert time.monotonic() - started < 5
    finally:
        for drip in drips:
            drip.close()


def test_a_head_that_never_ends_is_cut_off(start):
    server = start(threads=4)
    with server.connect() as drip:
        drip.sendall(b"GET / HTTP/1.1\r\nX: ")
        started = time.monotonic()
        assert drip.recv(100) == b""
        assert 8 < time.monotonic() - started < 15


def test_slow_bodies_leave_threads_for_honest_visitors(start):
    server = start(threads=8)
    uploads = [server.connect() for _ in range(30)]
    try:
        for upload in uploads:
            upload.sendall(post_head(100_000) + b"first bytes")
        waits = []
        for _ in range(10):
            started = time.monotonic()
            assert server.get("/who").status == 200
            waits.append(time.monotonic() - started)
        assert max(waits) < 3
        refused = [upload for upload in uploads if _is_refused(upload)]
        assert len(refused) == 26
    finally:
        for upload in uploads:
            upload.close()


def _is_refused(upload: socket.socket) -> bool:
    upload.settimeout(1)
    try:
        return b" 503 " in upload.recv(1000)
    except TimeoutError:
        return False


def test_bodies_and_kept_connections_come_through_whole(start):
    server = start()
    data = bytes(range(256)) * 20_000
    with server.connect() as connection:
        for size in (len(data), 17, 3_000_000):
            connection.sendall(post_head(size) + data[:size])
            answer = read_answer(connection)
            assert answer.endswith(hashlib.sha256(data[:size]).hexdigest().encode())


def test_a_head_and_body_in_chunks_of_any_size(start):
    server = start()
    chunked = (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nHELLO\r\n6\r\n WORLD\r\n0\r\n\r\n"
    )
    with server.connect() as connection:
        for at in range(0, len(chunked), 3):
            connection.sendall(chunked[at : at + 3])
            time.sleep(0.002)
        answer = read_answer(connection)
    assert answer.endswith(hashlib.sha256(b"HELLO WORLD").hexdigest().encode())


def test_pipelined_requests_are_all_answered(start):
    server = start()
    with server.connect() as connection:
        connection.sendall(REQUEST * 3)
        answer = b""
        while answer.count(b"200 OK") < 3:
            answer += connection.recv(65536)


def test_forwarded_headers_count_only_from_the_configured_address(start):
    headers = {"X-Forwarded-For": "203.0.113.7, 198.51.100.9", "X-Forwarded-Proto": "https"}
    plain = start().get("/who", headers).text
    assert plain.startswith("127.0.0.1|http|None|")
    trusted = start(trusted_proxy="127.0.0.1").get("/who", headers).text
    assert trusted.startswith("198.51.100.9|https|None|")


def test_it_serves_tls_itself_and_slow_handshakes_hold_no_thread(start, certificate):
    cert, key = certificate
    server = start(tls_cert=cert, tls_key=key, threads=4)
    silent = [server.connect() for _ in range(40)]
    try:
        for connection in silent:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        context = ssl.create_default_context(cafile=cert)
        with (
            server.connect() as raw,
            context.wrap_socket(raw, server_hostname="localhost") as connection,
        ):
            for _ in range(2):
                connection.sendall(REQUEST)
                answer = read_answer(connection)
                assert b"|https|" in answer
            body = b"z" * 3_000_000
            connection.sendall(post_head(len(body)) + body)
            answer = read_answer(connection)
            assert answer.endswith(hashlib.sha256(body).hexdigest().encode())
    finally:
        for connection in silent:
            connection.close()


def test_old_tls_is_refused(start, certificate):
    server = start(tls_cert=certificate[0], tls_key=certificate[1])
    said = subprocess.run(
        ["openssl", "s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
        + ["-connect", f"127.0.0.1:{server.port}"],
        input=b"",
        capture_output=True,
        check=False,
    )
    assert said.returncode != 0
    assert b"alert protocol version" in said.stderr


def test_a_refused_body_still_gets_its_answer(start):
    server = start(threads=2)
    with server.connect() as holder, server.connect() as refused:
        holder.sendall(post_head(100_000) + b"first bytes")
        time.sleep(0.3)
        # More than the kernel's buffers hold, so that closing early would reset the connection.
        refused.sendall(post_head(20_000_000) + b"y" * 20_000_000)
        answer = read_answer(refused)
        assert b" 503 " in answer
        assert b"Connection: close" in answer


@pytest.mark.sweep
def test_a_body_without_bytes_ends_after_thirty_seconds(start):
    server = start()
    with server.connect() as connection:
        connection.settimeout(60)
        connection.sendall(post_head(100_000) + b"a")
        started = time.monotonic()
        assert b" 408 " in read_answer(connection)
        assert 28 < time.monotonic() - started < 40
