"""Objects as files below one directory, sharded by the first two characters of their names.

Write order: part file, fsync, rename, fsync of the directory, so that after a power cut an object
is either whole or not there. Times of modification are cut to the day, also those of the
directories; a file system keeps times of creation and change that no program can set.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from evidence_store.backends.base import check_name, is_name
from evidence_store.backends.local_open import LocalOpenPart, cut_times, hold
from evidence_store.errors import NotFoundError

_PART = ".part"
_DIRECTORY_MODE = 0o700
_FILE_MODE = 0o600
_CLOEXEC = os.O_CLOEXEC
_WRITE_BEHIND = 8 << 20


class LocalBackend:
    """A directory of objects. Several processes may use the same one at once."""

    def __init__(self, root: Path | str) -> None:
        """Use a directory; it is made at the first write.

        Args:
            root: the directory.
        """
        self._root = Path(root)
        self._durable: set[Path] = set()

    def begin(self, name: str) -> "LocalPart":
        """Begin a new object; see `Backend.begin`.

        Args:
            name: its name.

        Returns:
            The writer of its part.

        Raises:
            NotFoundError: when this can be no name of an object.
            FileExistsError: when an object or a part of this name exists.
            OSError: when nothing can be written.
        """
        path = self._path(name)
        _make_root(self._root)
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(_DIRECTORY_MODE)
        part = LocalPart(path, self._settle)
        with contextlib.ExitStack() as undo:
            undo.callback(part.abort)
            # Only now that the part is ours: another writer has renamed his or will not any more.
            _refuse_existing(path)
            undo.pop_all()
        return part

    def resume(self, name: str) -> LocalOpenPart:
        """Open a part to go on with it; see `Backend.resume`.

        Args:
            name: its name.

        Returns:
            The open part.

        Raises:
            NotFoundError: when there is neither part nor object.
            OSError: when it cannot be opened.
        """
        path = self._path(name)
        part = path.with_name(path.name + _PART)
        for place in (part, path):  # in this order: a part may become an object meanwhile
            with contextlib.suppress(FileNotFoundError):
                return LocalOpenPart(place, path, self._settle)
        raise _absent()

    def open(self, name: str) -> "LocalObject":
        """Open an object; see `Backend.open`.

        Args:
            name: its name.

        Returns:
            The open object.

        Raises:
            NotFoundError: when there is no such object.
            OSError: when it cannot be opened.
        """
        try:
            return LocalObject(self._path(name))
        except FileNotFoundError as error:
            raise _absent() from error

    def delete(self, name: str) -> None:
        """Remove an object durably; see `Backend.delete`.

        Args:
            name: its name.

        Raises:
            NotFoundError: when there is no such object.
            OSError: when it cannot be removed.
        """
        path = self._path(name)
        try:
            path.unlink()
        except FileNotFoundError as error:
            raise _absent() from error
        _sync_directory(path.parent)

    def names(self) -> Iterator[str]:
        """Return the names of all objects."""
        return (name for name in self._files() if is_name(name))

    def parts(self) -> Iterator[str]:
        """Return the names of unfinished objects."""
        bare = (name.removesuffix(_PART) for name in self._files() if name.endswith(_PART))
        return (name for name in bare if is_name(name))

    def discard_part(self, name: str) -> None:
        """Remove a part that a crash left behind.

        Args:
            name: the name that `parts` gave.

        Raises:
            NotFoundError: when there is no such part.
            OvertakenError: when its writer is still there.
            OSError: when it cannot be removed.
        """
        path = self._path(name)
        part = path.with_name(path.name + _PART)
        try:
            with contextlib.closing(LocalOpenPart(part, path, self._settle)) as left:
                left.hold()
                part.unlink()
        except FileNotFoundError as error:
            raise _absent() from error

    def _path(self, name: str) -> Path:
        return self._root / check_name(name)[:2] / name

    def _files(self) -> Iterator[str]:
        if not self._root.is_dir():
            return
        for shard in sorted(self._root.iterdir()):
            if shard.is_dir():
                yield from sorted(
                    path.name
                    for path in shard.iterdir()
                    if path.name[:2] == shard.name and path.is_file()
                )

    def _settle(self, directory: Path) -> None:
        """Make a shard's entries durable, and once for each shard also the shard itself."""
        _sync_directory(directory)
        if directory not in self._durable:
            _sync_directory(self._root)
            self._durable.add(directory)


class LocalPart:
    """A part file; see `PartWriter`."""

    def __init__(self, path: Path, settle: Callable[[Path], None]) -> None:
        """Make the part file.

        Args:
            path: where the object will stand.
            settle: makes the entries of its directory durable.

        Raises:
            FileExistsError: when somebody else is writing this object.
            OSError: when it cannot be made.
        """
        self._path = path
        self._part = path.with_name(path.name + _PART)
        self._settle = settle
        self._offset = 0
        self._flushed = 0
        self._fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOEXEC, _FILE_MODE)
        hold(self._fd)  # as long as we live, nobody takes it for a part left behind

    @property
    def offset(self) -> int:
        """Number of bytes appended so far."""
        return self._offset

    def append(self, frame: bytes | memoryview, /) -> None:
        """Append bytes; see `PartWriter.append`.

        Args:
            frame: the bytes.

        Raises:
            OSError: when they cannot be written.
        """
        view = memoryview(frame)
        while view:
            written = os.write(self._fd, view)
            view = view[written:]
            self._offset += written
        if self._offset - self._flushed >= _WRITE_BEHIND:
            _write_behind(self._fd, self._flushed, self._offset)
            self._flushed = self._offset

    def commit(self) -> None:
        """Make the object durable and visible; see `PartWriter.commit`.

        Raises:
            OSError: when that failed; nothing is left then.
        """
        try:
            cut_times(self._fd)
            os.fsync(self._fd)
            self._part.rename(self._path)
            self._settle(self._path.parent)
            self._close()
        except BaseException:
            # Visible but perhaps not durable is worse than gone: the caller will try again.
            self.abort()
            with contextlib.suppress(OSError):
                self._path.unlink()
            raise

    def abort(self) -> None:
        """Remove the part file; see `PartWriter.abort`."""
        with contextlib.suppress(OSError):
            self._close()
        with contextlib.suppress(OSError):
            self._part.unlink()

    def close(self) -> None:
        """Leave the part file for others to go on with; see `PartWriter.close`."""
        self._close()

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


class LocalObject:
    """An object file, open for reading; see `ReadAt`."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Args:
            path: where it stands.

        Raises:
            OSError: when it cannot be opened.
        """
        self._fd = os.open(path, os.O_RDONLY | _CLOEXEC)
        self._size = os.fstat(self._fd).st_size

    @property
    def size(self) -> int:
        """Total number of bytes."""
        return self._size

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
        while data and len(data) < size and offset + len(data) < self._size:
            more = os.pread(self._fd, size - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def _absent() -> NotFoundError:
    return NotFoundError("the store holds no object with this id")


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _make_root(root: Path) -> None:
    """Make the store's directory, and those above it, durably."""
    if root.is_dir():
        return
    _make_root(root.parent)
    with contextlib.suppress(FileExistsError):
        root.mkdir(_DIRECTORY_MODE)
    _sync_directory(root.parent, cut=False)


def _sync_directory(directory: Path, *, cut: bool = True) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | _CLOEXEC)
    try:
        if cut:
            cut_times(fd)
        os.fsync(fd)
    finally:
        os.close(fd)


def _write_behind(fd: int, start: int, end: int) -> None:
    """Let the kernel begin to write, so that the final fsync of a large file finds little to do."""
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):  # It is advice: a file system may not take it.
            os.posix_fadvise(fd, start, end - start, os.POSIX_FADV_DONTNEED)
