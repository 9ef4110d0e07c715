"""Gunicorn's threaded worker, so changed that no client can hold a thread by being slow.

What gunicorn 27 does by itself (read in its source, and measured): a connection gets a thread as
soon as its first byte is in, and that thread then reads head and body without any time limit;
a closing connection is drained for up to two seconds in the one loop that serves everybody. Here
a connection gets a thread only when its whole head is in, and its whole body when that is small;
at most half of the threads read larger bodies, `PacedSocket` bounds those, and the loop waits for
closing connections without stopping.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import selectors
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable
from concurrent import futures
from functools import partial
from typing import Any

from gunicorn import http, util
from gunicorn import sock as gunicorn_sock
from gunicorn.http import body, wsgi
from gunicorn.http import errors as http_errors
from gunicorn.workers.gthread import TConn, ThreadWorker

from portal.serve.framing import HEAD_END, MAX_HEAD, SMALL_BODY, HeadTooLong, awaited_body
from portal.serve.pacing import HEAD_SECONDS, IDLE_SECONDS, MIN_RATE, BodiesFull, PacedSocket

# So long takes the largest small body at the least rate.
SMALL_BODY_SECONDS = SMALL_BODY / MIN_RATE
LINGER_BYTES = 64 << 20
LINGER_SECONDS = 120.0
COLLECTED_BYTES = 16 << 20
"""So much may lie collected in one process; beyond it the longest waiting must come again."""
_RECEIVE = 64 << 10
_LOOK_SECONDS = 0.5
_RETRY = b"Retry-After: 10\r\n"
_STATUS = {
    http_errors.LimitRequestLine: (414, "URI Too Long"),
    http_errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    http_errors.ExpectationFailed: (417, "Expectation Failed"),
}


class QuietResponse(wsgi.Response):
    """An answer that does not say which server gave it, and that waits for no unread body."""

    def default_headers(self) -> list[str]:
        """Gunicorn's own header lines without the banner; "close" if the body was not read.

        Gunicorn would let a thread wait up to 5 s for the rest of a body that was refused.
        """
        if _has_unread_body(self.req):
            self.force_close()
        lines: list[str] = super().default_headers()
        return [line for line in lines if not line.startswith("Server:")]


def _has_unread_body(request: Any) -> bool:
    reader = getattr(request.body, "reader", None)
    if isinstance(reader, body.ChunkedReader):
        return reader.parser is not None
    return isinstance(reader, body.LengthReader) and reader.length > 0


def _is_in(request: Any, connection: TConn) -> bool:
    """Whether nobody has to wait for this request's body."""
    reader = request.body.reader
    here: int = connection.parser.unreader.buf.getbuffer().nbytes
    return isinstance(reader, body.LengthReader) and reader.length <= here


class RefusedBody(body.Body):
    """Stands for a body that no thread may wait for; whoever reads it hears that."""

    def _read_reader(self, _size: int) -> bytes:
        raise BodiesFull


class PacedConnection(TConn):
    """A connection whose head, and body when that is small, is collected without a thread."""

    sock: Any

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.taken = bytearray()
        self.ends = 0.0
        self.discarded = 0
        self._searched = 0
        self._wanted: int | None = None

    def start(self, tls: ssl.SSLContext | None) -> None:
        """Wrap the socket; neither waits nor reads. The TLS handshake comes with the head."""
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
        self.sock = PacedSocket(self.sock)
        self.parser = http.get_parser(self.cfg, self.sock, self.client)
        self.initialized = True
        self.data_ready = True

    @property
    def in_body(self) -> bool:
        """Whether the head is in, and the rest of a small body is waited for."""
        return self._wanted is not None

    def collect(self) -> bool:
        """Take in what has come, without waiting; True when a thread can work on it.

        Raises:
            HeadTooLong: the head has no end within its limit.
            OSError: the connection is lost, or is no TLS.
        """
        plain = self.sock.plain
        try:
            if isinstance(plain, ssl.SSLSocket):
                plain.do_handshake()
            while not self._is_whole():
                data = plain.recv(_RECEIVE)
                if not data:
                    raise ConnectionResetError
                self.taken += data
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        return True

    def _is_whole(self) -> bool:
        if self._wanted is None:
            end = self.taken.find(HEAD_END, self._searched)
            if end < 0:
                self._searched = max(0, len(self.taken) - len(HEAD_END))
                if len(self.taken) > MAX_HEAD:
                    raise HeadTooLong
                return False
            self._wanted = end + len(HEAD_END) + awaited_body(bytes(self.taken[:end]))
        return len(self.taken) >= self._wanted

    def hand_over(self) -> None:
        """Give what was collected to the parser."""
        self.parser.unreader.unread(bytes(self.taken))
        self.forget()

    def forget(self) -> None:
        """Begin anew: with the next request, or with nothing more."""
        self.taken.clear()
        self._searched, self._wanted = 0, None

    def discard(self) -> bool:
        """Forget what still comes after the answer; True when the other side has ended."""
        try:
            data = self.sock.plain.recv(_RECEIVE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        self.discarded += len(data)
        return not data or self.discarded > LINGER_BYTES


Step = Callable[[PacedConnection], None]


class PacedWorker(ThreadWorker):
    """One web worker process."""

    def init_process(self) -> None:
        """Prepare what all connections share, then serve."""
        wsgi.Response = QuietResponse
        # One context for all connections, so that browsers can resume their TLS sessions.
        self.tls = gunicorn_sock.ssl_context(self.cfg) if self.cfg.is_ssl else None
        self.waiting: dict[PacedConnection, Step] = {}
        """Connections without a thread, longest waiting first, and what each will do next."""
        self.collected = 0
        self.next_look = 0.0
        self.places = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection and wait for its head, in the loop."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK}:
                raise
            return
        connection = PacedConnection(self.cfg, client, address, listener.getsockname())
        self.nr_conns += 1
        try:
            connection.start(self.tls)
        except OSError:
            self._drop(connection)
            return
        self._wait_for_request(connection)
        if self.nr_conns >= self.worker_connections:
            # Else nobody new would be let in until somebody's time is over.
            self._drop(next(iter(self.waiting)))

    def on_client_socket_readable(self, conn: PacedConnection, client: Any) -> None:
        """A kept-alive connection sends its next request: again without a thread first."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._wait_for_request(conn)

    def _wait_for_request(self, connection: PacedConnection) -> None:
        self._wait(connection, self._on_request_readable, HEAD_SECONDS)

    def _wait(self, connection: PacedConnection, step: Step, seconds: float) -> None:
        connection.ends = time.monotonic() + seconds
        connection.timeout = min(connection.ends, time.monotonic() + IDLE_SECONDS)
        self.collected += len(connection.taken)
        self.waiting[connection] = step
        self.poller.register(
            connection.sock, selectors.EVENT_READ, partial(self._on_readable, connection)
        )

    def _on_readable(self, connection: PacedConnection, _socket: Any) -> None:
        # What was dropped for another in this same round is no longer there.
        step = self.waiting.get(connection)
        if step is not None:
            step(connection)

    def _on_request_readable(self, connection: PacedConnection) -> None:
        before, in_body = len(connection.taken), connection.in_body
        try:
            whole = connection.collect()
        except HeadTooLong:
            self._turn_away(connection, b"431 Request Header Fields Too Large")
            return
        except OSError:
            self._drop(connection)
            return
        finally:
            if connection in self.waiting:
                self.collected += len(connection.taken) - before
        if whole:
            self._leave_loop(connection)
            connection.hand_over()
            self.enqueue_req(connection)
            return
        if connection.in_body:
            self._keep_in_pace(connection, begins=not in_body)
        self._keep_memory_bounded()

    def _keep_in_pace(self, connection: PacedConnection, *, begins: bool) -> None:
        now = time.monotonic()
        if begins:
            connection.ends = now + SMALL_BODY_SECONDS
        connection.timeout = min(connection.ends, now + IDLE_SECONDS)

    def _keep_memory_bounded(self) -> None:
        while self.collected > COLLECTED_BYTES:
            oldest = next(item for item in self.waiting if item.taken)
            self._turn_away(oldest, b"503 Service Unavailable", _RETRY)

    def murder_pending(self) -> None:
        """Close what has waited for too long; gunicorn calls this in every round of its loop."""
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + _LOOK_SECONDS
        for connection in [item for item in self.waiting if item.timeout <= now]:
            if connection.in_body:
                self._turn_away(connection, b"408 Request Timeout")
            else:
                self._drop(connection)

    def _turn_away(self, connection: PacedConnection, status: bytes, header: bytes = b"") -> None:
        """Answer in the loop, and wait there until the answer was read."""
        self._leave_loop(connection)
        connection.forget()
        head = b"HTTP/1.1 %b\r\nConnection: close\r\n%bContent-Type: text/plain\r\n"
        text = status.partition(b" ")[2] + b"\n"
        with contextlib.suppress(OSError):
            connection.sock.plain.send(
                head % (status, header) + b"Content-Length: %d\r\n\r\n%b" % (len(text), text)
            )
        self._linger(connection)

    def _leave_loop(self, connection: PacedConnection) -> None:
        if self.waiting.pop(connection, None) is not None:
            self.collected -= len(connection.taken)
            self.poller.unregister(connection.sock)

    def _drop(self, connection: PacedConnection) -> None:
        self._leave_loop(connection)
        self.nr_conns -= 1
        connection.close()

    def finish_request(self, conn: PacedConnection, fs: futures.Future[Any]) -> None:
        """After an answer: the next request, or waiting in the loop until the client has read it.

        Gunicorn would give a thread to whatever was sent ahead, whole or not; and it waits for a
        closing connection up to 2 s at a time, with everybody else standing still.
        """
        well = not fs.cancelled() and fs.exception() is None
        if well and fs.result():
            ahead = conn.parser.unreader.take_buffered()
            if not ahead:
                super().finish_request(conn, fs)
                return
            conn.sock.setblocking(False)  # noqa: FBT003 - the socket's own signature
            conn.taken += ahead
            self._wait_for_request(conn)
            self._on_request_readable(conn)
        elif well and self.alive:
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def _linger(self, connection: PacedConnection) -> None:
        """Closing while a client still sends would reset the connection and lose the answer."""
        try:
            connection.sock.shutdown(socket.SHUT_WR)
            connection.sock.settimeout(0.0)
        except OSError:
            self._drop(connection)
            return
        self._wait(connection, self._on_lingering, LINGER_SECONDS)

    def _on_lingering(self, connection: PacedConnection) -> None:
        try:
            ended = connection.discard()
        except OSError:
            ended = True
        if ended:
            self._drop(connection)
        else:
            self._keep_in_pace(connection, begins=False)

    def handle_request(self, req: Any, conn: PacedConnection) -> bool:
        """From here on the pace of a body counts, and a body that is not in yet needs a place."""
        conn.sock.expect_body()
        if _is_in(req, conn):
            return bool(super().handle_request(req, conn))
        if not self.places.acquire(blocking=False):
            req.body = RefusedBody(req.body.reader)
            return bool(super().handle_request(req, conn))
        try:
            return bool(super().handle_request(req, conn))
        finally:
            self.places.release()

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: BaseException) -> None:
        """Answer what is no request; the log gets neither address nor content."""
        parsing = isinstance(exc, http_errors.ParseException)
        status, reason = _STATUS.get(
            type(exc), (400, "Bad Request") if parsing else (500, "Internal Server Error")
        )
        where = "" if parsing else "\n" + "".join(traceback.format_tb(exc.__traceback__))
        self.log.log(
            logging.INFO if parsing else logging.ERROR,
            "%s: %s%s",
            reason,
            type(exc).__name__,
            where,
        )
        with contextlib.suppress(OSError):
            util.write_error(client, status, reason, "")
