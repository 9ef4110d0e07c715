"""What a place for objects must be able to do. Objects are written once and never changed."""

import re
from collections.abc import Iterable
from typing import Protocol

from evidence_store.errors import NotFoundError

_NAME = re.compile(r"[a-z2-7]{26}(\.digest)?")


class PartWriter(Protocol):
    """An object that is being written; nobody can open it before `commit` returned."""

    @property
    def offset(self) -> int:
        """Number of bytes appended so far."""
        ...

    def append(self, frame: bytes | memoryview, /) -> None:
        """Append bytes.

        Args:
            frame: the bytes; they may be reused by the caller afterwards.

        Raises:
            OSError: when they cannot be written; the part can then only be aborted.
        """
        ...

    def commit(self) -> None:
        """Make the object durable and visible under its name.

        Raises:
            OSError: when that failed; no object is visible then.
        """
        ...

    def abort(self) -> None:
        """Remove what was written; does nothing after `commit` or a first `abort`."""
        ...

    def close(self) -> None:
        """Leave the part as it is, for `Backend.resume`; only `abort` may follow."""
        ...


class ReadAt(Protocol):
    """A stored object, open for reading anywhere."""

    @property
    def size(self) -> int:
        """Total number of bytes."""
        ...

    def read_at(self, offset: int, size: int, /) -> bytes:
        """Read bytes.

        Args:
            offset: first byte, from 0.
            size: number of bytes.

        Returns:
            The bytes; fewer than asked only at the end of the object.

        Raises:
            OSError: when they cannot be read.
        """
        ...

    def close(self) -> None:
        """Give the object back."""
        ...


class OpenPart(Protocol):
    """A part that several processes may go on with, none of which trusts what it remembers.

    What was once written stays: bytes are only ever added, and only by who knows the true length.
    """

    @property
    def size(self) -> int:
        """Number of bytes written so far, by anybody; asked anew each time."""
        ...

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
        ...

    def append_at(self, offset: int, data: bytes, /) -> None:
        """Append bytes if, and only if, the part is exactly `offset` bytes long now.

        When this fails half-way, what was written stays and counts.

        Args:
            offset: the length that the caller believes in.
            data: the bytes.

        Raises:
            OvertakenError: when it has another length, or somebody else holds it.
            OSError: when they cannot be written.
        """
        ...

    def hold(self) -> None:
        """Keep everybody else from appending, committing and discarding, until `close`.

        The hold of a process that dies ends with it.

        Raises:
            OvertakenError: when somebody else holds it.
        """
        ...

    def commit(self) -> None:
        """Make the object durable and visible; does nothing when it is. It must be held.

        Raises:
            OSError: when that failed; the part is then still there.
        """
        ...

    def discard(self) -> None:
        """Remove the part, or the object that it became. It must be held.

        Raises:
            OSError: when it cannot be removed.
        """
        ...

    def close(self) -> None:
        """Give the part back; it stays as it is."""
        ...


class Backend(Protocol):
    """A place for objects, each under a name that `check_name` accepts."""

    def begin(self, name: str) -> PartWriter:
        """Begin a new object.

        Args:
            name: its name.

        Returns:
            The writer of its part.

        Raises:
            NotFoundError: when this can be no name of an object.
            FileExistsError: when an object or a part of this name exists.
            OSError: when nothing can be written.
        """
        ...

    def resume(self, name: str) -> OpenPart:
        """Open a part to go on with it, or the object that it has just become.

        Args:
            name: its name.

        Returns:
            The open part.

        Raises:
            NotFoundError: when there is neither.
            OSError: when it cannot be opened.
        """
        ...

    def open(self, name: str) -> ReadAt:
        """Open an object.

        Args:
            name: its name.

        Returns:
            The open object.

        Raises:
            NotFoundError: when there is no such object.
            OSError: when it cannot be opened.
        """
        ...

    def delete(self, name: str) -> None:
        """Remove an object durably.

        Args:
            name: its name.

        Raises:
            NotFoundError: when there is no such object.
            OSError: when it cannot be removed.
        """
        ...

    def names(self) -> Iterable[str]:
        """Return the names of all objects, in no order that means anything."""
        ...

    def parts(self) -> Iterable[str]:
        """Return the names of objects that were begun and neither committed nor aborted."""
        ...

    def discard_part(self, name: str) -> None:
        """Remove what an interrupted writer left behind.

        Args:
            name: a name that `parts` gave.

        Raises:
            NotFoundError: when there is no such part.
            OvertakenError: when its writer is still there.
            OSError: when it cannot be removed.
        """
        ...


def is_name(name: str) -> bool:
    """Tell whether this can be the name of an object.

    Args:
        name: any text.

    Returns:
        True for 26 characters of lower-case base32 (128 bits), or these and ``.digest``.
    """
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> str:
    """Refuse what can be no name of an object, so that no name ever leads out of a store.

    Args:
        name: any text.

    Returns:
        The name.

    Raises:
        NotFoundError: when it cannot be one.
    """
    if not is_name(name):
        message = "this is not the id of a stored object"
        raise NotFoundError(message)
    return name
