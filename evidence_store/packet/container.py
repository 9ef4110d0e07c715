"""The files of a packet that may be hostile, by their path within the bag."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evidence_store.packet.contents import DECLARATION
from evidence_store.packet.faults import Fault, MemberError, make_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 1 << 18
"""Bytes read at a time."""

_DRIVE = re.compile(r"[A-Za-z]:")


class Container(Protocol):
    """A packet as a set of files.

    Attributes:
        faults: What is wrong with the container itself.
        sizes: Stated size in bytes of each file of the bag, by path.
    """

    faults: list[Fault]
    sizes: dict[str, int]

    def read(self, name: str) -> Iterator[bytes]:
        """Read one file in pieces, never more than its stated size.

        Args:
            name: A key of ``sizes``.

        Raises:
            MemberError: The file cannot be read as stated.
        """

    def close(self) -> None:
        """Let go of the packet."""


def is_safe(name: str) -> bool:
    """Tell whether a path stays below the folder it is extracted to, on every system.

    Args:
        name: Path with forward slashes.

    Returns:
        False for absolute paths, drives, backslashes, ``..``, empty parts and what cannot
        be printed.
    """
    parts = name.split("/")
    plain = name.isprintable() and "\\" not in name and not _DRIVE.match(name)
    return plain and not any(part in ("", ".", "..") for part in parts)


def bag_folder(names: Iterable[str]) -> str:
    """Find the one folder that a bag lies in (RFC 8493 section 4).

    Args:
        names: Paths of all files.

    Returns:
        The folder with a slash, or nothing if the bag lies at the top.
    """
    names = list(names)
    if DECLARATION in names:
        return ""
    tops = [name.removesuffix(DECLARATION) for name in names if name.endswith(f"/{DECLARATION}")]
    folders = [top for top in tops if top.count("/") == 1]
    if not folders:
        # Without a declaration: the folder that everything is in, if there is one.
        folders = list({f"{name.partition('/')[0]}/" for name in names if "/" in name})
        return folders[0] if len(folders) == 1 else ""
    return folders[0]


class FolderContainer:
    """A packet that has been extracted."""

    def __init__(self, path: Path) -> None:
        """List the files of a folder.

        Args:
            path: The bag, or the folder that holds only it.
        """
        self.faults: list[Fault] = []
        self.sizes: dict[str, int] = {}
        found = dict(self._walk(path))
        folder = bag_folder(found)
        self._root = path / folder
        for name, size in found.items():
            if name.startswith(folder):
                self.sizes[name.removeprefix(folder)] = size
            else:
                self.faults.append(make_fault(name, "extra_file"))

    def read(self, name: str) -> Iterator[bytes]:
        """Read one file in pieces.

        Args:
            name: Path within the bag.

        Yields:
            The file's bytes.

        Raises:
            MemberError: The file cannot be read.
        """
        try:
            with (self._root / name).open("rb") as file:
                while piece := file.read(CHUNK):
                    yield piece
        except OSError as error:
            raise MemberError(make_fault(name, "unreadable")) from error

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _walk(self, top: Path) -> Iterator[tuple[str, int]]:
        for folder, folders, files in os.walk(top):
            for name in sorted(folders + files):
                path = Path(folder, name)
                facts = path.lstat()
                shown = path.relative_to(top).as_posix()
                if stat.S_ISREG(facts.st_mode):
                    yield shown, facts.st_size
                elif not stat.S_ISDIR(facts.st_mode):
                    self.faults.append(make_fault(shown, "not_a_file"))
