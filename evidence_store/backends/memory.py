"""Objects in memory, for tests and for what must not outlive a process."""

import contextlib
import threading
from collections.abc import Iterator

from evidence_store.backends.base import check_name
from evidence_store.errors import NotFoundError, OvertakenError


class MemoryBackend:
    """A dictionary of objects."""

    def __init__(self) -> None:
        """Begin empty."""
        self.objects: dict[str, bytes] = {}
        self.unfinished: dict[str, bytearray] = {}
        self.held: set[str] = set()
        self.turn = threading.RLock()

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

    def resume(self, name: str) -> "MemoryOpenPart":
        """Open a part to go on with it; see `Backend.resume`.

        Args:
            name: its name.

        Returns:
            The open part.

        Raises:
            NotFoundError: when there is neither part nor object.
        """
        if check_name(name) not in self.unfinished and name not in self.objects:
            raise _absent()
        return MemoryOpenPart(self, name)

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
            OvertakenError: when its writer is still there.
        """
        if check_name(name) not in self.unfinished:
            raise _absent()
        part = MemoryOpenPart(self, name)
        part.hold()
        part.discard()
        part.close()


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
        backend.held.add(name)

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
        self._backend.held.discard(self._name)

    def close(self) -> None:
        """Leave the part; see `PartWriter.close`."""
        self._backend.held.discard(self._name)

    def abort(self) -> None:
        """Forget what was written; does nothing once the object is committed."""
        if self._open:
            self._open = False
            self.close()
            with contextlib.suppress(KeyError):
                del self._backend.unfinished[self._name]


class MemoryOpenPart:
    """A part to go on with; see `OpenPart`."""

    def __init__(self, backend: MemoryBackend, name: str) -> None:
        """Open a part, or the object it has become.

        Args:
            backend: where it stands.
            name: its name.
        """
        self._backend = backend
        self._name = name
        self._held = False

    @property
    def size(self) -> int:
        """Number of bytes written so far."""
        return len(self._data())

    def read_at(self, offset: int, size: int, /) -> bytes:
        """Read bytes; see `ReadAt.read_at`.

        Args:
            offset: first byte, from 0.
            size: number of bytes.

        Returns:
            The bytes; fewer than asked only at the end.
        """
        return bytes(self._data()[offset : offset + size])

    def append_at(self, offset: int, data: bytes, /) -> None:
        """Append if the part is as long as believed; see `OpenPart.append_at`.

        Args:
            offset: the length that the caller believes in.
            data: the bytes.

        Raises:
            OvertakenError: when it has another length, or somebody else holds it.
        """
        with self._backend.turn:
            taken = self._name in self._backend.held and not self._held
            if taken or self.size != offset:
                raise _overtaken()
            self._backend.unfinished[self._name] += data

    def hold(self) -> None:
        """Take the part until `close`; see `OpenPart.hold`.

        Raises:
            OvertakenError: when somebody else holds it.
        """
        with self._backend.turn:
            if self._name in self._backend.held:
                raise _overtaken()
            self._backend.held.add(self._name)
            self._held = True

    def commit(self) -> None:
        """Make the object visible; does nothing when it is."""
        if self._name in self._backend.unfinished:
            self._backend.objects[self._name] = bytes(self._backend.unfinished.pop(self._name))

    def discard(self) -> None:
        """Remove the part, or the object that it became."""
        self._backend.unfinished.pop(self._name, None)
        self._backend.objects.pop(self._name, None)

    def close(self) -> None:
        """Let go of the part."""
        if self._held:
            self._held = False
            self._backend.held.discard(self._name)

    def _data(self) -> bytes | bytearray:
        part = self._backend.unfinished.get(self._name)
        return self._backend.objects.get(self._name, b"") if part is None else part


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


def _overtaken() -> OvertakenError:
    return OvertakenError("somebody else is writing this object")
