"""Intake: an original is hashed, encrypted and written while it arrives."""

import base64
import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from evidence_store.age import CHUNK_SIZE, FRAME_SIZE, Encryptor, SeekableReader
from evidence_store.age.header import Stanza
from evidence_store.backends import Backend
from evidence_store.errors import EmptyFileError, EvidenceStoreError, TooLargeError
from evidence_store.record import DigestRecord, write_record
from evidence_store.sink import BUFFER_SIZE, Sink

_ID_BYTES = 16


@dataclass(frozen=True)
class StoredItem:
    """What the store says about an original that it has taken in.

    Attributes:
        id: the random name of the object, 26 characters of lower-case base32.
        sha256: SHA-256 of the original as received, in hexadecimal. Keep it encrypted.
        size: bytes of the original.
        ciphertext_sha256: SHA-256 of the stored age file, in hexadecimal.
        ciphertext_size: bytes of the stored age file.
    """

    id: str
    sha256: str
    size: int
    ciphertext_sha256: str
    ciphertext_size: int


def new_id() -> str:
    """Return a new object id: 128 random bits in lower-case base32, never ordered in time."""
    return base64.b32encode(os.urandom(_ID_BYTES)).decode("ascii").rstrip("=").lower()


class KnownFileKey:
    """An identity for one file whose key is at hand; the header MAC is checked all the same."""

    def __init__(self, file_key: bytes) -> None:
        """Take the key.

        Args:
            file_key: its 16 bytes.
        """
        self._file_key = file_key

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:  # noqa: ARG002 - any stanza will do
        """Give the key.

        Args:
            stanzas: whatever the header holds.

        Returns:
            The key.
        """
        return self._file_key


class Intake:
    """One original on its way in: hashed, encrypted and written while it arrives.

    As a context manager it aborts on any exception, and when `finish` was not called.

    Attributes:
        size: bytes of plaintext taken so far.
    """

    def __init__(
        self,
        backend: Backend,
        encryptor: Encryptor,
        *,
        item_id: str,
        limit: int | None,
    ) -> None:
        """Begin; nothing is written before the first bytes have come.

        Args:
            backend: where the object goes.
            encryptor: writes the age file.
            item_id: the object's id.
            limit: the largest allowed size in bytes; None for no limit.
        """
        self.size = 0
        self._backend = backend
        self._encryptor = encryptor
        self._id = item_id
        self._limit = limit
        self._digest = hashlib.sha256()
        self._buffer = bytearray(BUFFER_SIZE)
        self._used = 0
        self._sink: Sink | None = None
        self._open = True

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the original.

        Args:
            data: any number of bytes.

        Raises:
            TooLargeError: as soon as the limit is passed; the intake is over then.
            OSError: when bytes, these or earlier ones, cannot be written.
            ValueError: when the intake is already over.
        """
        self._check_open()
        self.size += len(data)
        if self._limit is not None and self.size > self._limit:
            self.abort()
            message = f"the file is larger than the limit of {self._limit} bytes"
            raise TooLargeError(message)
        view = memoryview(data)
        while view:
            room = (BUFFER_SIZE - self._used) // FRAME_SIZE
            if not room:
                self._hand_over()
                continue
            piece = view[: room * CHUNK_SIZE]
            self._digest.update(piece)
            out = memoryview(self._buffer)[self._used :]
            self._used += self._encryptor.update_into(piece, out)
            view = view[len(piece) :]

    def finish(self) -> StoredItem:
        """End the original. When this returns, object and record are durable.

        Returns:
            Id, hashes and sizes.

        Raises:
            EmptyFileError: when no byte came.
            OSError: when something could not be made durable; nothing is left then.
            ValueError: when the intake is already over.
        """
        self._check_open()
        try:
            item = self._complete()
        except BaseException:
            self.abort()
            raise
        # An intake may be kept for `reopen`; two thousand of them must not keep their buffers.
        self._buffer = bytearray()
        return item

    def abort(self) -> None:
        """Stop and remove what was written; does nothing once the intake is over."""
        if self._open:
            self._open = False
            if self._sink is not None:
                self._sink.abort()

    def reopen(self) -> SeekableReader:
        """Read the original back just after `finish`, with the key still at hand.

        Whoever takes a file in usually holds no identity that opens it; this lets the same
        request look at what it is, once, and the key goes with the intake.

        Returns:
            The plaintext; close it after use.

        Raises:
            NotFoundError: when the intake was not finished.
        """
        known = KnownFileKey(self._encryptor.file_key)
        return SeekableReader(self._backend.open(self._id), [known])

    def __enter__(self) -> Self:
        """Return the intake."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Abort unless `finish` succeeded."""
        self.abort()

    def _check_open(self) -> None:
        if not self._open:
            message = "this intake is over"
            raise ValueError(message)

    def _begin(self) -> Sink:
        """Begin the part as late as possible: an empty or refused file leaves no trace."""
        if self._sink is None:
            self._sink = Sink(self._backend.begin(self._id))
            self._sink.write(self._encryptor.header)
        return self._sink

    def _hand_over(self) -> None:
        self._buffer = self._begin().swap(self._buffer, self._used)
        self._used = 0

    def _complete(self) -> StoredItem:
        if not self.size:
            message = "the file is empty"
            raise EmptyFileError(message)
        sink = self._begin()
        sink.drain()
        sink.write(memoryview(self._buffer)[: self._used])
        sink.write(self._encryptor.finish())
        sink.commit()
        record = DigestRecord(sha256=sink.hexdigest(), size=sink.size)
        try:
            write_record(self._backend, self._id, record)
        except BaseException:
            with contextlib.suppress(OSError, EvidenceStoreError):
                self._backend.delete(self._id)
            raise
        self._open = False
        return StoredItem(
            id=self._id,
            sha256=self._digest.hexdigest(),
            size=self.size,
            ciphertext_sha256=record.sha256,
            ciphertext_size=record.size,
        )
