"""A socket that does not wait for ever: heads, bodies and answers must keep moving.

Gunicorn's threads read with blocking sockets and no limit; one client that sends a byte now
and then would hold a thread for days (measured: 30 slow uploads made an honest visitor wait
8.5 s with 8 threads). The limits are kept here, below gunicorn's own buffering,
because only here is it known how long we waited for the other side.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from typing import Any

HEAD_SECONDS = 10.0
IDLE_SECONDS = 30.0
WINDOW_SECONDS = 60.0
MIN_RATE = 1000  # bytes a second, over a window


class SlowBody(TimeoutError):
    """The other side sends its body too slowly; what it still sends is not waited for."""


class BodiesFull(Exception):
    """As many bodies are being received as may be; the answer is 503, the draft stays."""


class Pace:
    """Counts bytes against the seconds spent waiting for the other side, not our own work."""

    def __init__(self) -> None:
        self._waited = 0.0
        self._bytes = 0

    def count(self, size: int, waited: float) -> None:
        """Add ``size`` bytes that took ``waited`` seconds.

        Raises:
            SlowBody: a window of 60 s of waiting brought less than 1 kB a second.
        """
        self._waited += waited
        self._bytes += size
        if self._waited < WINDOW_SECONDS:
            return
        if self._bytes < MIN_RATE * self._waited:
            raise SlowBody(f"under {MIN_RATE} bytes a second")
        self._waited, self._bytes = 0.0, 0


class PacedSocket:
    """Wraps a connected socket; what it does not name itself goes to the socket unchanged."""

    def __init__(
        self,
        connection: socket.socket,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plain = connection
        self._clock = clock
        self._head_ends: float | None = None
        self._limit: float | None = None
        self._receiving = Pace()
        self._given_up = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def setblocking(self, flag: bool, /) -> None:  # noqa: FBT001 - the socket's own signature
        """Gunicorn calls this with True before it reads the next request's head."""
        self.plain.setblocking(flag)
        self._limit = None
        self._head_ends = self._clock() + HEAD_SECONDS if flag else None

    def settimeout(self, seconds: float | None, /) -> None:
        """A further limit for each wait, beside ours."""
        self._limit = seconds
        self.plain.settimeout(seconds)

    def expect_body(self) -> None:
        """The head is in; from now on the pace of a body counts."""
        self._head_ends = None
        self._receiving = Pace()
        self._given_up = False

    def recv(self, size: int, /) -> bytes:
        """At most ``size`` bytes; empty when a head takes too long, as if the client left.

        Raises:
            SlowBody: nothing came for 30 s, or less than 1 kB a second for 60 s.
        """
        started = self._clock()
        if self._head_ends is not None:
            return self._recv_head(size, self._head_ends - started)
        if self._given_up:
            raise SlowBody("given up before")
        self.plain.settimeout(_least(IDLE_SECONDS, self._limit))
        try:
            data = self.plain.recv(size)
            self._receiving.count(len(data), self._clock() - started)
        except TimeoutError as error:
            # Whoever reads on, to drain the rest, must not wait once more.
            self._given_up = True
            raise SlowBody("too slow") from error
        return data

    def _recv_head(self, size: int, left: float) -> bytes:
        if left <= 0:
            return b""
        self.plain.settimeout(_least(left, self._limit))
        try:
            return self.plain.recv(size)
        except TimeoutError:
            return b""

    def sendall(self, data: bytes, /) -> None:
        """Send everything, however long it takes, as long as the other side keeps taking it.

        Raises:
            ConnectionResetError: it took nothing for 30 s, or less than 1 kB a second for 60 s;
                nobody is left to tell, so the connection counts as lost.
        """
        try:
            self._send_paced(data)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the answer is not taken") from error

    def _send_paced(self, data: bytes) -> None:
        pace = Pace()
        rest = memoryview(data)
        self.plain.settimeout(IDLE_SECONDS)
        while rest:
            started = self._clock()
            sent = self.plain.send(rest)
            pace.count(sent, self._clock() - started)
            rest = rest[sent:]


def _least(seconds: float, limit: float | None) -> float:
    return seconds if limit is None else min(seconds, limit)
