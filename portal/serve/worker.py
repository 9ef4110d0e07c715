"""Gunicorn's threaded worker, so changed that no client can hold a thread by being slow.

What gunicorn 27 does by itself (read in its source, and measured): a connection gets a thread as
soon as its first byte is in, and that thread then reads head and body without any time limit;
a closing connection is drained for up to two seconds in the one loop that serves everybody. Here
a connection gets a thread only when its whole head is in, `PacedSocket` bounds what follows, and
the loop waits for closing connections without stopping.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import selectors
import socket
import ssl
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

from portal.serve.pacing import HEAD_SECONDS, PacedSocket

MAX_HEAD = 64 << 10
LINGER_BYTES = 64 << 20
_RECEIVE = 64 << 10
_HEAD_END = b"\r\n\r\n"
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


class PacedConnection(TConn):
    """A connection whose head is collected without a thread."""

    sock: Any

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.head = bytearray()
        self.discarded = 0

    def start(self, tls: ssl.SSLContext | None) -> None:
        """Wrap the socket; neither waits nor reads. The TLS handshake comes with the head."""
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
        self.sock = PacedSocket(self.sock)
        self.parser = http.get_parser(self.cfg, self.sock, self.client)
        self.initialized = True
        self.data_ready = True

    def collect_head(self) -> bool:
        """Take in what has come, without waiting; True when the head is whole or past hope.

        Past hope is a head that is cut off or too long: the parser knows the answer.

        Raises:
            OSError: the connection is lost, or is no TLS.
        """
        plain = self.sock.plain
        try:
            if isinstance(plain, ssl.SSLSocket):
                plain.do_handshake()
            while True:
                data = plain.recv(_RECEIVE)
                if not data and not self.head:
                    raise ConnectionResetError
                searched = max(0, len(self.head) - len(_HEAD_END))
                self.head += data
                if not data or len(self.head) > MAX_HEAD:
                    return True
                if self.head.find(_HEAD_END, searched) >= 0:
                    return True
        except (BlockingIOError, ssl.SSLWantReadError):
            return False

    def hand_over(self) -> None:
        """Give what was collected to the parser."""
        self.parser.unreader.unread(bytes(self.head))
        self.head.clear()

    def discard(self) -> bool:
        """Forget what still comes after the answer; True when the other side has ended."""
        try:
            data = self.sock.plain.recv(_RECEIVE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        self.discarded += len(data)
        return not data or self.discarded > LINGER_BYTES


class PacedWorker(ThreadWorker):
    """One web worker process."""

    def init_process(self) -> None:
        """Prepare what all connections share, then serve."""
        wsgi.Response = QuietResponse
        # One context for all connections, so that browsers can resume their TLS sessions.
        self.tls = gunicorn_sock.ssl_context(self.cfg) if self.cfg.is_ssl else None
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
        else:
            self._wait(connection, self._on_head_readable)

    def on_client_socket_readable(self, conn: PacedConnection, client: Any) -> None:
        """A kept-alive connection sends its next request: again the whole head first."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._wait(conn, self._on_head_readable)

    def _wait(
        self, connection: PacedConnection, on_readable: Callable[[PacedConnection, Any], None]
    ) -> None:
        # Gunicorn closes what stays in this queue past its time; it is sorted by time.
        connection.timeout = time.monotonic() + HEAD_SECONDS
        self.pending_conns.append(connection)
        self.poller.register(
            connection.sock, selectors.EVENT_READ, partial(on_readable, connection)
        )

    def _on_head_readable(self, connection: PacedConnection, _socket: Any) -> None:
        try:
            whole = connection.collect_head()
        except OSError:
            self._forget(connection)
            self._drop(connection)
            return
        if whole:
            self._forget(connection)
            connection.hand_over()
            self.enqueue_req(connection)

    def _forget(self, connection: PacedConnection) -> None:
        self.poller.unregister(connection.sock)
        self.pending_conns.remove(connection)

    def _drop(self, connection: PacedConnection) -> None:
        self.nr_conns -= 1
        connection.close()

    def finish_request(self, conn: PacedConnection, fs: futures.Future[Any]) -> None:
        """After the last answer, wait in the loop until the client has read it.

        Closing while a client still sends would reset the connection and lose the answer;
        gunicorn waits for that up to 2 s at a time, with everybody else standing still.
        """
        ended = not fs.cancelled() and fs.exception() is None and not fs.result()
        if not (ended and self.alive):
            super().finish_request(conn, fs)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(0.0)
        except OSError:
            self._drop(conn)
            return
        self._wait(conn, self._on_lingering)

    def _on_lingering(self, connection: PacedConnection, _socket: Any) -> None:
        try:
            ended = connection.discard()
        except OSError:
            ended = True
        if ended:
            self._forget(connection)
            self._drop(connection)

    def handle_request(self, req: Any, conn: PacedConnection) -> bool:
        """From here on the pace of a body counts."""
        conn.sock.expect_body()
        return bool(super().handle_request(req, conn))

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
