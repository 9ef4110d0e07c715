"""An original that comes in several goes: each chunk is sealed once, and what is written stays.

An age file seals chunk n under nonce n, so no chunk may ever be sealed twice with other content:
whoever saw both ciphertexts, also one that was cut off or overwritten since, would learn what
differs. Therefore nothing here is truncated. The length of the part is the truth about how far the
file is; bytes of a chunk that a dead writer left half written are compared with what the same chunk
seals to when it comes again, and only the rest is added. Other content is refused.

The size is known beforehand, so it is known which chunk is the last.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Self

from evidence_store.age import (
    CHUNK_SIZE,
    FRAME_SIZE,
    AnyRecipient,
    Encryptor,
    SeekableReader,
)
from evidence_store.age.stream import TAG_SIZE, chunk_nonce, open_chunk, payload_cipher
from evidence_store.backends import Backend
from evidence_store.errors import (
    ContentChangedError,
    DamagedError,
    EmptyFileError,
    NotFoundError,
    OvertakenError,
    TooLargeError,
)
from evidence_store.intake import KnownFileKey, StoredItem
from evidence_store.record import SUFFIX, DigestRecord, read_record, write_record

_FRAMES_READ = 16


@dataclass(frozen=True)
class ResumableState:
    """All that any process needs to go on with an original. Secret: it holds the file's key.

    Attributes:
        id: the object's id.
        file_key: the 16 bytes of the age file key.
        nonce: the 16 bytes of the payload nonce.
        start: bytes before the first frame: the header and the nonce.
        size: bytes of the whole original.
    """

    id: str
    file_key: bytes
    nonce: bytes
    start: int
    size: int

    @staticmethod
    def begin(
        backend: Backend, recipients: Sequence[AnyRecipient], *, item_id: str, size: int
    ) -> "ResumableState":
        """Write the beginning of the age file.

        Args:
            backend: where the object goes.
            recipients: who may read it; at least one.
            item_id: the object's id.
            size: bytes of the whole original.

        Returns:
            The state.

        Raises:
            InvalidKeyError: when there is no recipient, or one is not usable.
            EmptyFileError: when the size is nothing.
            OSError: when nothing can be written; nothing is left then.
        """
        if size < 1:
            message = "the file is empty"
            raise EmptyFileError(message)
        encryptor = Encryptor(recipients)
        part = backend.begin(item_id)
        try:
            part.append(encryptor.header)
        except BaseException:
            part.abort()
            raise
        part.close()
        start = len(encryptor.header)
        return ResumableState(item_id, encryptor.file_key, encryptor.nonce, start, size)

    @property
    def last(self) -> int:
        """The number of the last chunk."""
        return (self.size - 1) // CHUNK_SIZE

    @property
    def stored_size(self) -> int:
        """Bytes of the whole age file."""
        return self.start + self.size + (self.last + 1) * TAG_SIZE


class ResumableIntake:
    """One go at an original. Whole chunks are kept, the tail of what was sent is dropped.

    Several processes may try at once: of each chunk exactly one writes it, and the other hears that
    it was overtaken. The last chunk counts only with `finish`.

    Attributes:
        offset: bytes of the original that are kept; the next `write` begins there.
    """

    def __init__(self, backend: Backend, state: ResumableState) -> None:
        """Find out how far the original is.

        Args:
            backend: where the part lies.
            state: what was given when it began.

        Raises:
            NotFoundError: when it was discarded.
            DamagedError: when there is less than was written.
            OSError: when it cannot be read.
        """
        self._backend = backend
        self._state = state
        self._aead = payload_cipher(state.file_key, state.nonce)
        self._part = backend.resume(state.id)
        self._tail = bytearray()
        try:
            self._look()
        except BaseException:
            self._part.close()
            raise

    def _look(self) -> None:
        size = self._part.size
        if not self._state.start <= size <= self._state.stored_size:
            message = "the part of the file is not what was written"
            raise DamagedError(message)
        self._index = min((size - self._state.start) // FRAME_SIZE, self._state.last)
        begun = self._state.start + self._index * FRAME_SIZE
        self._written = self._part.read_at(begun, size - begun)
        self.offset = self._index * CHUNK_SIZE

    @property
    def wanted(self) -> int:
        """Bytes that complete the chunk that is being received; 0 when all is received."""
        chunk = min(CHUNK_SIZE, self._state.size - self._index * CHUNK_SIZE)
        return max(0, chunk - len(self._tail))

    @property
    def complete(self) -> bool:
        """Whether every byte was received, so that `finish` may be called."""
        return self._index > self._state.last

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the original.

        Args:
            data: any number of bytes.

        Raises:
            TooLargeError: when more comes than the stated size.
            OvertakenError: when another go has written these chunks, or holds the file.
            ContentChangedError: when they are not the bytes that were half written before.
            OSError: when they cannot be written; what was written stays.
        """
        view = memoryview(data)
        while view:
            room = self.wanted
            if not room:
                message = "more was sent than the stated size"
                raise TooLargeError(message)
            self._tail += view[:room]
            view = view[room:]
            if not self.wanted:
                self._seal()

    def _seal(self) -> None:
        last = self._index == self._state.last
        frame = self._aead.encrypt(chunk_nonce(self._index, last=last), bytes(self._tail), None)
        end = self._state.start + self._index * FRAME_SIZE + len(self._written)
        if not frame.startswith(self._written):
            self._refuse(end)
        self._part.append_at(end, frame[len(self._written) :])
        self._written = b""
        self._index += 1
        self._tail.clear()
        if not last:
            self.offset = self._index * CHUNK_SIZE

    def _refuse(self, end: int) -> NoReturn:
        self._part.hold()
        if self._part.size != end:
            message = "another go is writing this chunk at this moment"
            raise OvertakenError(message)
        message = "other content was sent before"
        raise ContentChangedError(message)

    def finish(self) -> StoredItem:
        """End the original, which nobody else can touch from now until `close`.

        All is read back once, authenticated, for both digests. When this returns, object and record
        are durable. It may be called again after a crash anywhere in it.

        Returns:
            Id, hashes and sizes.

        Raises:
            OvertakenError: when another go is ending it, or bytes are missing.
            PayloadError: when it is not what was written.
            OSError: when something could not be made durable.
        """
        self._part.hold()
        plain, stored = hashlib.sha256(), hashlib.sha256()
        for frames, chunks in self._read_back():
            stored.update(frames)
            plain.update(chunks)
        self._part.commit()
        record = DigestRecord(sha256=stored.hexdigest(), size=self._state.stored_size)
        self._note(record)
        self.offset = self._state.size
        return StoredItem(
            id=self._state.id,
            sha256=plain.hexdigest(),
            size=self._state.size,
            ciphertext_sha256=record.sha256,
            ciphertext_size=record.size,
        )

    def _note(self, record: DigestRecord) -> None:
        """Write the record, unless somebody who was interrupted after that did."""
        with contextlib.suppress(NotFoundError):
            self._backend.discard_part(self._state.id + SUFFIX)
        with contextlib.suppress(FileExistsError):
            write_record(self._backend, self._state.id, record)
        if read_record(self._backend, self._state.id) != record:
            message = "the record beside the object is not its own"
            raise DamagedError(message)

    def _read_back(self) -> Iterator[tuple[bytes, bytes]]:
        """Read header and frames; every chunk is authenticated."""
        state = self._state
        if self._part.size != state.stored_size:
            message = "the part of the file is not what was written"
            raise DamagedError(message)
        yield self._part.read_at(0, state.start), b""
        for first in range(0, state.last + 1, _FRAMES_READ):
            data = self._part.read_at(state.start + first * FRAME_SIZE, _FRAMES_READ * FRAME_SIZE)
            chunks = [
                open_chunk(self._aead, index, data[at : at + FRAME_SIZE], last=index == state.last)
                for index, at in enumerate(range(0, len(data), FRAME_SIZE), first)
            ]
            yield data, b"".join(chunks)

    def reopen(self) -> SeekableReader:
        """Read the original back just after `finish`, with the key still at hand.

        Returns:
            The plaintext; close it after use.

        Raises:
            NotFoundError: when the intake was not finished.
        """
        known = KnownFileKey(self._state.file_key)
        return SeekableReader(self._backend.open(self._state.id), [known])

    def close(self) -> None:
        """End this go; the next one begins at `offset`."""
        self._part.close()

    def __enter__(self) -> Self:
        """Return the intake."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End this go."""
        self.close()
