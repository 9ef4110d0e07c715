"""Many connections that hold something back, and an honest visitor among them."""

import contextlib
import hashlib
import http.client
import resource
import time

import pytest

from tests.serve.test_server import post_head, read_answer

FORMS, UPLOADS = 500, 100
LARGE = 1_000_000


@pytest.fixture(autouse=True)
def enough_files():
    """Crowds need many sockets in this process too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def crowd(server, number, sent):
    """So many connections that have each sent this, and wait."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(number)]
        for connection in connections:
            connection.sendall(sent)
        yield connections


def honest_waits(server, number=20):
    """How long an honest visitor waited for each page, sorted."""
    waits = []
    for _ in range(number):
        started = time.monotonic()
        assert server.get("/who").status == 200
        waits.append(time.monotonic() - started)
    return sorted(waits)


def test_an_honest_visitor_is_served_among_bodies_that_do_not_come(start):
    server = start(workers=2)
    alone = honest_waits(server)
    with (
        crowd(server, FORMS, post_head(5000, "/form") + b"a=b&c=d&e=fg"),
        crowd(server, UPLOADS, post_head(LARGE) + b"first bytes"),
    ):
        waits = honest_waits(server)
        form = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        with contextlib.closing(form):
            form.request("POST", "/form", body=b"x" * 5000)
            assert form.getresponse().read().decode() == hashlib.sha256(b"x" * 5000).hexdigest()
    print(f"p95 {waits[-2]:.3f} s in the crowd, {alone[-2]:.3f} s alone")
    assert waits[-2] < 10  # the figure to reach is 1 s; the machine may be busy with other things


@pytest.mark.parametrize(
    "head",
    [
        post_head(LARGE, "/form"),
        b"POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nExpect: 100-continue\r\n\r\n",
    ],
    ids=["large", "chunked", "expect"],
)
def test_half_of_the_threads_read_such_bodies_and_the_next_is_told_to_come_again(start, head):
    server = start(threads=4)
    with crowd(server, 2, head), server.connect() as third:
        time.sleep(0.5)
        third.sendall(head)
        answer = read_answer(third)
        while answer.startswith(b"HTTP/1.1 100"):
            answer = answer.partition(b"\r\n\r\n")[2] or read_answer(third)
        assert b" 503 " in answer
        assert server.get("/who").status == 200


def test_requests_sent_ahead_hold_no_thread_either(start):
    server = start(threads=2)
    ahead = b"GET /who HTTP/1.1\r\nHost: x\r\n\r\n"
    with (
        crowd(server, 20, ahead + post_head(5000, "/form") + b"first bytes"),
        crowd(server, 20, ahead + b"GET /who HTTP/1.1\r\nX-Slow: "),
    ):
        assert honest_waits(server, 5)[-1] < 5


def test_what_was_sent_ahead_is_answered_when_it_is_whole(start):
    server = start()
    with server.connect() as connection:
        connection.sendall(b"GET /who HTTP/1.1\r\nHost: x\r\n\r\n" + post_head(10) + b"12345")
        assert b"127.0.0.1" in read_answer(connection)
        connection.sendall(b"67890")
        assert read_answer(connection).endswith(hashlib.sha256(b"1234567890").hexdigest().encode())


def test_a_head_without_end_is_told_so_and_holds_no_thread(start):
    server = start(threads=2)
    field = b"X-Long: " + b"a" * 4000 + b"\r\n"
    with crowd(server, 10, b"GET /who HTTP/1.1\r\n" + field * 17) as connections:
        assert honest_waits(server, 3)[-1] < 5
        assert b" 431 " in read_answer(connections[0])


def test_collected_bodies_take_bounded_memory_and_the_newest_come_through(start):
    server = start()
    body = b"x" * 60_000
    with crowd(server, 320, post_head(60_000) + body[:-1]) as connections:
        assert server.get("/who").status == 200
        assert b" 503 " in read_answer(connections[0])
        connections[-1].sendall(b"x")
        assert read_answer(connections[-1]).endswith(hashlib.sha256(body).hexdigest().encode())


def test_more_connections_than_fit_do_not_keep_the_next_out(start):
    server = start()
    with crowd(server, 2100, b"GET /who HTTP/1.1\r\n"):
        assert honest_waits(server, 3)[-1] < 5


@pytest.mark.sweep
def test_a_small_body_that_stops_is_told_so(start):
    server = start()
    with server.connect() as connection:
        connection.settimeout(60)
        connection.sendall(post_head(1000) + b"a")
        started = time.monotonic()
        assert b" 408 " in read_answer(connection)
        assert 28 < time.monotonic() - started < 45


def test_whoever_sends_slowly_still_reads_that_it_was_refused(start):
    server = start(threads=2)
    with crowd(server, 1, post_head(LARGE) + b"first bytes"), server.connect() as refused:
        time.sleep(0.5)
        refused.sendall(post_head(LARGE))
        for _ in range(25):  # longer than a head may take; and it reads only when all is sent
            refused.sendall(b"y" * (LARGE // 25))
            time.sleep(0.5)
        assert b" 503 " in read_answer(refused)
