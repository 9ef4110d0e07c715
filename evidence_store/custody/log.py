"""Custody events, their leaves, and the append-only log that holds them.

An event has a public part, which is what the Merkle tree hashes, and a sealed part, of
which the public part carries only a commitment. So a log can be checked by everyone while
the sealed parts are shown per case, or erased when their time has come.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from evidence_store.canonical import canonical_json, parse_canonical
from evidence_store.custody.checkpoint import Checkpoint
from evidence_store.custody.merkle import Frontier, hash_leaf
from evidence_store.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SALT_SIZE = 32
"""Random bytes that hide the sealed part behind its commitment."""

_OWN_KEYS = frozenset({"v", "kind", "at", "commit"})


def commit(salt: bytes, sealed: Mapping[str, Any] | None) -> str:
    """Commit to the sealed part of an event without showing it.

    Args:
        salt: 32 random bytes, fresh for each event.
        sealed: The sealed part, or None; none is committed to as well, as JSON ``null``.

    Returns:
        SHA-256(salt || canonical JSON of the sealed part), 64 hex digits.

    Raises:
        ValueError: The salt is not 32 bytes long.
    """
    if len(salt) != SALT_SIZE:
        raise ValueError("A custody event needs 32 random bytes.")
    return hashlib.sha256(
        salt + canonical_json(None if sealed is None else dict(sealed))
    ).hexdigest()


def leaf_hash(public: Mapping[str, Any]) -> bytes:
    """Hash the public part of an event into its leaf of the Merkle tree.

    Args:
        public: The public part, including its ``commit``.

    Returns:
        SHA-256(0x00 || canonical JSON), 32 bytes.
    """
    return hash_leaf(canonical_json(dict(public)))


@dataclass(frozen=True)
class Event:
    """One thing that happened to a case or to a piece of evidence.

    Attributes:
        kind: What happened, as ``subject:action``.
        at: When, as UTC text of ISO 8601.
        public: What anyone may know who sees the log; not ``v``, ``kind``, ``at``, ``commit``.
        salt: 32 random bytes.
        sealed: What only the readers of the case may know, or None.
    """

    kind: str
    at: str
    public: Mapping[str, Any] = field(default_factory=dict)
    salt: bytes = field(default=b"", repr=False)
    sealed: Mapping[str, Any] | None = field(default=None, repr=False)

    def public_part(self) -> dict[str, Any]:
        """Put together the public part that goes into the log.

        Returns:
            ``v``, ``kind`` and ``at`` with the public values; the log adds ``commit``.

        Raises:
            ValueError: The public values use one of these four names.
        """
        if _OWN_KEYS & self.public.keys():
            raise ValueError("A public value of a custody event uses a name of the event itself.")
        return {"v": 1, "kind": self.kind, "at": self.at, **self.public}


class LogStore(Protocol):
    """Where a custody log is kept. The conformance suite is ``log_suite.py`` in the tests.

    An implementation keeps public parts and leaves in order, never changes or removes one,
    and keeps the head equal to the frontier over all leaves. After ``head`` nobody else may
    append until this caller has appended or ended its transaction, or the append that came
    second is refused with DamagedError.
    """

    def head(self) -> Frontier:
        """Return the frontier over all events, a copy that the caller may change."""

    def append(self, public_json: bytes, leaf: bytes, frontier: Frontier) -> None:
        """Add one event and make the new head durable together with it.

        Args:
            public_json: Canonical JSON of the public part.
            leaf: Its leaf hash, 32 bytes.
            frontier: The head after this event.

        Raises:
            DamagedError: The frontier does not follow from the present head.
        """

    def leaves(self) -> Iterable[bytes]:
        """Return the leaf hashes of all events in order, 32 bytes each."""


class CustodyLog:
    """The append-only log of custody events over a ``LogStore``."""

    def __init__(self, store: LogStore) -> None:
        """Use a store.

        Args:
            store: Where the log is kept.
        """
        self._store = store

    def append(
        self, public: Mapping[str, Any], *, salt: bytes, sealed: Mapping[str, Any] | None
    ) -> int:
        """Write one event.

        Args:
            public: The public part without its commitment.
            salt: 32 fresh random bytes; the caller keeps them sealed with ``sealed``.
            sealed: The sealed part, which the log itself never stores, or None.

        Returns:
            Position of the event in the log, counted from 0.

        Raises:
            ValueError: The public part already has a ``commit``, or the salt is too short.
        """
        if "commit" in public:
            raise ValueError("The commitment of a custody event is made by the log.")
        record = canonical_json({**public, "commit": commit(salt, sealed)})
        leaf = hash_leaf(record)
        frontier = self._store.head()
        index = frontier.size
        frontier.append(leaf)
        self._store.append(record, leaf, frontier)
        return index

    def record(self, event: Event) -> int:
        """Write one event given as a whole.

        Args:
            event: The event, with its salt.

        Returns:
            Position of the event in the log, counted from 0.
        """
        return self.append(event.public_part(), salt=event.salt, sealed=event.sealed)

    def checkpoint(self, origin: str) -> Checkpoint:
        """Describe the present head.

        Args:
            origin: Which log this is.

        Returns:
            The checkpoint, ready to be signed.
        """
        head = self._store.head()
        return Checkpoint(origin, head.size, head.root())


class FileLog:
    """A log in one file: the public part of each event as a line of canonical JSON.

    A line counts once its line feed is on the disk. What a crash left after the last line
    feed was never acknowledged and is cut off by the next append.
    """

    def __init__(self, path: Path) -> None:
        """Open the log, which is created by the first append.

        Args:
            path: File of the log; its directory exists.

        Raises:
            DamagedError: A whole line of the file is not an event.
        """
        self._path = path
        self._head = Frontier()
        self._end = 0
        self._catch_up()

    def head(self) -> Frontier:
        """Return the frontier over all events, also those another process wrote.

        Returns:
            A copy that the caller may change.

        Raises:
            DamagedError: A whole line of the file is not an event.
        """
        self._catch_up()
        return self._head.copy()

    def append(self, public_json: bytes, leaf: bytes, frontier: Frontier) -> None:
        """Add one event; it is on the disk when this returns.

        Args:
            public_json: Canonical JSON of the public part.
            leaf: Its leaf hash, 32 bytes.
            frontier: The head after this event.

        Raises:
            DamagedError: Somebody else appended in between, or leaf and frontier do not fit.
        """
        with self._locked() as descriptor:
            self._catch_up()
            follows = self._head.copy()
            follows.append(hash_leaf(public_json))
            if b"\n" in public_json or leaf != hash_leaf(public_json) or follows != frontier:
                raise DamagedError("This event does not follow the present end of the custody log.")
            os.ftruncate(descriptor, self._end)
            try:
                _write_all(descriptor, public_json + b"\n", self._end)
                os.fsync(descriptor)
            except OSError:
                # The caller will hear that this event is not in the log; so it must not be.
                os.ftruncate(descriptor, self._end)
                raise
            self._head, self._end = follows, self._end + len(public_json) + 1

    def leaves(self) -> Iterator[bytes]:
        """Hash the events one by one.

        Yields:
            Leaf hashes in order, 32 bytes each.
        """
        for record in self.records():
            yield hash_leaf(record)

    def records(self) -> Iterator[bytes]:
        """Read the events one by one.

        Yields:
            The public parts in order, as canonical JSON.

        Raises:
            DamagedError: A whole line of the file is not an event.
        """
        for record, _ in self._lines(0):
            yield record

    def _catch_up(self) -> None:
        for record, end in self._lines(self._end):
            self._head.append(hash_leaf(record))
            self._end = end

    def _lines(self, offset: int) -> Iterator[tuple[bytes, int]]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                offset += len(line)
                try:
                    parse_canonical(line[:-1])
                except ValueError as error:
                    raise DamagedError(
                        f"{self._path.name}: the line that ends at byte {offset} is damaged."
                    ) from error
                yield line[:-1], offset

    @contextmanager
    def _locked(self) -> Iterator[int]:
        new = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if new:
                _sync_directory(self._path.parent)
            yield descriptor
        finally:
            os.close(descriptor)


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
