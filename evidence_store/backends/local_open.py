"""A part file that several processes may go on with, in turns.

The length of the file is the truth. Every append takes the file's lock (flock), compares the length
and writes, so of two who believe to be next only one is. The kernel ends a lock with its holder.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from evidence_store.errors import OvertakenError

_DAY_NS = 86_400 * 10**9
_TRIES = 20
_TRY_SECONDS = 0.01


class LocalOpenPart:
    """A part file open for reading and appending; see `OpenPart`."""

    def __init__(self, place: Path, path: Path, settle: Callable[[Path], None]) -> None:
        """Open the file.

        Args:
            place: where it stands now: the part file, or the object it has become.
            path: where the object will stand.
            settle: makes the entries of its directory durable.

        Raises:
            OSError: when it cannot be opened.
        """
        self._fd = os.open(place, os.O_RDWR | os.O_CLOEXEC)
        self._place = place
        self._path = path
        self._settle = settle
        self._held = False

    @property
    def size(self) -> int:
        """Number of bytes written so far."""
        return os.fstat(self._fd).st_size

    def read_at(self, offset: int, size: int, /) -> bytes:
        """Read bytes; see `ReadAt.read_at`.

        Args:
            offset: first byte, from 0.
            size: number of bytes.

        Returns:
            The bytes; fewer than asked only at the end.

        Raises:
            OSError: when they cannot be read.
        """
        data = os.pread(self._fd, size, offset)
        while len(data) < size and (
            more := os.pread(self._fd, size - len(data), offset + len(data))
        ):
            data += more
        return data

    def append_at(self, offset: int, data: bytes, /) -> None:
        """Append if the file is as long as believed; see `OpenPart.append_at`.

        Args:
            offset: the length that the caller believes in.
            data: the bytes.

        Raises:
            OvertakenError: when it has another length, or somebody else holds it.
            OSError: when they cannot be written.
        """
        with self._turn():
            if self.size != offset:
                message = "somebody else has written further"
                raise OvertakenError(message)
            view = memoryview(data)
            while view:
                written = os.pwrite(self._fd, view, offset)
                view, offset = view[written:], offset + written

    def hold(self) -> None:
        """Take the lock until `close`; see `OpenPart.hold`.

        Raises:
            OvertakenError: when somebody else holds it.
        """
        hold(self._fd)
        self._held = True

    def commit(self) -> None:
        """Make the object durable and visible; see `OpenPart.commit`.

        Raises:
            OSError: when that failed.
        """
        if self._place == self._path:
            return
        cut_times(self._fd)
        os.fsync(self._fd)
        self._place.rename(self._path)
        self._place = self._path
        self._settle(self._path.parent)

    def discard(self) -> None:
        """Remove the file; see `OpenPart.discard`.

        Raises:
            OSError: when it cannot be removed.
        """
        # It may have become an object between our opening and our holding it.
        for place in (self._place, self._path):
            with contextlib.suppress(FileNotFoundError):
                place.unlink()

    def close(self) -> None:
        """Close the file, and let go of the lock."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        if self._held:
            yield
            return
        hold(self._fd)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)


def hold(fd: int) -> None:
    """Take the lock of a file; somebody who only appends lets go of it in no time.

    Args:
        fd: an open file.

    Raises:
        OvertakenError: when somebody else keeps it.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_TRY_SECONDS)
    message = "somebody else is writing this object"
    raise OvertakenError(message)


def cut_times(fd: int) -> None:
    """Cut the times of access and modification to the day (UTC).

    Args:
        fd: an open file or directory.
    """
    day = os.fstat(fd).st_mtime_ns // _DAY_NS * _DAY_NS
    with contextlib.suppress(PermissionError):  # A directory may belong to somebody else.
        os.utime(fd, ns=(day, day))
