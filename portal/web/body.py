"""What is checked about a request body before and while it is read."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from portal.serve.pacing import BodiesFull, SlowBody

if TYPE_CHECKING:
    from portal.web.multipart import Stream

__all__ = [
    "BodiesFull",
    "BodyBroken",
    "BodyGate",
    "SlowBody",
    "drain",
    "same_origin",
    "timed_stream",
]

DRAIN_LIMIT = 64 << 20
_DRAIN_STEP = 256 << 10


class BodyBroken(OSError):
    """The server could not make out the body (a malformed chunk, a lost connection)."""


class BodyGate:
    """Keeps uploads from taking every thread of one worker process."""

    def __init__(self, max_bodies: int) -> None:
        self._places = threading.BoundedSemaphore(max_bodies)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold a place while a body is read; never waits for one.

        Raises:
            BodiesFull: no place is free.
        """
        if not self._places.acquire(blocking=False):
            raise BodiesFull
        try:
            yield
        finally:
            self._places.release()


class _TimedStream:
    """The body of a request, with every failure of the server's reader told as an OSError."""

    def __init__(self, source: Stream) -> None:
        self._source = source

    def read(self, size: int, /) -> bytes:
        try:
            return self._source.read(size)
        except (OSError, BodiesFull):
            raise
        except Exception as error:  # gunicorn's parse errors share no base class with ours
            raise BodyBroken(type(error).__name__) from error


def timed_stream(environ: dict[str, Any]) -> Stream:
    """The body to read from; under `portal serve` it keeps the pace of `portal.serve.pacing`.

    Reading raises `SlowBody` after 30 s without a byte or 60 s below 1 kB/s, `BodyBroken` for a
    body that the server cannot make out, `BodiesFull` where no thread may wait for it, and any
    other OSError of the connection.
    """
    return _TimedStream(environ["wsgi.input"])


def drain(stream: Stream, limit: int = DRAIN_LIMIT) -> bool:
    """Read and forget what is left of a refused body, so that the answer reaches the client.

    A client that is still sending when we close sees a lost connection, not our message.
    Returns whether the body ended within ``limit`` bytes.
    """
    left = limit
    while left > 0:
        try:
            chunk = stream.read(min(_DRAIN_STEP, left))
        except (OSError, BodiesFull):
            return False
        if not chunk:
            return True
        left -= len(chunk)
    return False


def same_origin(environ: dict[str, Any], allowed: Collection[str]) -> bool:
    """Whether a request that changes something comes from one of our own pages.

    ``allowed`` holds origins such as ``https://melden.school.nl``. An old browser may send neither
    ``Sec-Fetch-Site`` nor a useful ``Origin``; then the form's token decides alone.
    """
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = environ.get("HTTP_ORIGIN")
    if origin in {None, "null"}:
        # Forms on a page with "Referrer-Policy: no-referrer" carry "null", also our own.
        return True
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc}".lower() in allowed
