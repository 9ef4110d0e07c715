"""Objects in memory, for tests and for what must not outlive a process."""

import contextlib
from collections.abc import Iterator

from evidence_store.backends.base import check_name
from evidence_store.errors import NotFoundError


class MemoryBackend:
    """A dictionary of objects."""

    def __init__(self) -> None:
        """Begin empty."""
        self.objects: dict[str, bytes] = {}
        self.unfinished: dict[str, bytearray] = {}

    def begin(self, name: str) -> "MemoryPart":
        """Begin a new object; see `Backend.begin`.

        Args:
            name: its name.

        Returns:
            The writer of its part.

        Raises:
            NotFoundError: when this can be no name of an object.
            FileExistsError: when an object or a part of this name exists.
        """
        if check_name(name) in self.objects or name in self.unfinished:
            message = "an object of this name exists already"
            raise FileExistsError(message)
        return MemoryPart(self, name)

    def open(self, name: str) -> "MemoryObject":
        """Open an object; see `Backend.open`.

        Args:
            name: its name.

        Returns:
            The open object.

        Raises:
            NotFoundError: when there is no such object.
        """
        try:
            return MemoryObject(self.objects[check_name(name)])
        except KeyError as error:
            raise _absent() from error

    def delete(self, name: str) -> None:
        """Remove an object; see `Backend.delete`.

        Args:
            name: its name.

        Raises:
            NotFoundError: when there is no such object.
        """
        try:
            del self.objects[check_name(name)]
        except KeyError as error:
            raise _absent() from error

    def names(self) -> Iterator[str]:
        """Return the names of all objects."""
        return iter(sorted(self.objects))

    def parts(self) -> Iterator[str]:
        """Return the names of unfinished objects."""
        return iter(sorted(self.unfinished))

    def discard_part(self, name: str) -> None:
        """Remove an unfinished object; see `Backend.discard_part`.

        Args:
            name: the name that `parts` gave.

        Raises:
            NotFoundError: when there is no such part.
        """
        try:
            del self.unfinished[check_name(name)]
        except KeyError as error:
            raise _absent() from error


class MemoryPart:
    """An unfinished object; see `PartWriter`."""

    def __init__(self, backend: MemoryBackend, name: str) -> None:
        """Begin an object.

        Args:
            backend: where it will stand.
            name: its name.
        """
        self._backend = backend
        self._name = name
        self._data = backend.unfinished[name] = bytearray()
        self._open = True

    @property
    def offset(self) -> int:
        """Number of bytes appended so far."""
        return len(self._data)

    def append(self, frame: bytes | memoryview, /) -> None:
        """Append bytes.

        Args:
            frame: the bytes.
        """
        self._data += frame

    def commit(self) -> None:
        """Make the object visible."""
        self._open = False
        self._backend.objects[self._name] = bytes(self._data)
        del self._backend.unfinished[self._name]

    def abort(self) -> None:
        """Forget what was written; does nothing once the object is committed."""
        if self._open:
            self._open = False
            with contextlib.suppress(KeyError):
                del self._backend.unfinished[self._name]


class MemoryObject:
    """An object, open for reading; see `ReadAt`."""

    def __init__(self, data: bytes) -> None:
        """Open an object.

        Args:
            data: its bytes.
        """
        self._data = data

    @property
    def size(self) -> int:
        """Total number of bytes."""
        return len(self._data)

    def read_at(self, offset: int, size: int, /) -> bytes:
        """Read bytes; see `ReadAt.read_at`.

        Args:
            offset: first byte, from 0.
            size: number of bytes.

        Returns:
            The bytes; fewer than asked only at the end.
        """
        return self._data[offset : offset + size]

    def close(self) -> None:
        """Do nothing: memory needs no closing."""


def _absent() -> NotFoundError:
    return NotFoundError("the store holds no object with this id")
