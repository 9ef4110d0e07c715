"""Random access to an age v1 file: any byte without decrypting what comes before it."""

import io
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from evidence_store.age.header import read_header
from evidence_store.age.keys import AnyIdentity
from evidence_store.age.stream import (
    CHUNK_SIZE,
    FRAME_SIZE,
    NONCE_SIZE,
    TAG_SIZE,
    open_chunk,
    payload_cipher,
    unlock,
)
from evidence_store.errors import HeaderError, PayloadError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BATCH = 16


class RandomSource(Protocol):
    """Bytes that can be read anywhere, such as a backend's open object."""

    @property
    def size(self) -> int:
        """Total number of bytes."""
        ...

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`; fewer only at the end."""
        ...

    def close(self) -> None:
        """Give the source back."""
        ...


class SeekableReader(io.RawIOBase):
    """The plaintext of an age file as a read-only, seekable binary file.

    Opening authenticates the header and the *final* chunk, which pins the length: without that a
    file cut at a chunk border would pass for whole (C2SP age, "Payload"). Every chunk is
    authenticated before a byte of it is handed out. `read_at` may be called from several threads.

    Attributes:
        size: bytes of plaintext.
    """

    def __init__(self, source: RandomSource, identities: Sequence[AnyIdentity]) -> None:
        """Open an encrypted file; the reader closes the source when it is closed.

        Args:
            source: the binary age file.
            identities: the identities to try, in order.

        Raises:
            HeaderError: when the header is malformed.
            NoMatchError: when no identity opens the file.
            HeaderMacError: when the header was altered.
            PayloadError: when the end of the content is missing or damaged.
        """
        super().__init__()
        self._source = source
        self._position = 0
        header, rest = read_header(_forward(source))
        file_key = unlock(header, identities)
        nonce = (rest + source.read_at(header.length + len(rest), NONCE_SIZE))[:NONCE_SIZE]
        if len(nonce) < NONCE_SIZE:
            message = "the encrypted file ends before its content begins"
            raise HeaderError(message)
        self._aead = payload_cipher(file_key, nonce)
        self._start = header.length + NONCE_SIZE
        payload = source.size - self._start
        self._chunks = -(-payload // FRAME_SIZE)
        self.size = payload - self._chunks * TAG_SIZE
        tail = payload - (self._chunks - 1) * FRAME_SIZE
        if self._chunks < 1 or tail < TAG_SIZE or (tail == TAG_SIZE and self._chunks > 1):
            message = "the end of the encrypted content is missing"
            raise PayloadError(message)
        self._cached = (-1, b"")
        self._cached = (self._chunks - 1, self._load(self._chunks - 1, 1))

    def read_at(self, offset: int, size: int) -> bytes:
        """Read plaintext anywhere.

        Args:
            offset: first byte, from 0.
            size: number of bytes.

        Returns:
            The bytes; fewer than asked only at the end of the file.

        Raises:
            PayloadError: when a chunk in the range is damaged.
        """
        end = min(offset + size, self.size)
        if offset < 0 or offset >= end:
            return b""
        first, last = offset // CHUNK_SIZE, (end - 1) // CHUNK_SIZE
        index, chunk = self._cached
        if first == last == index:
            return chunk[offset - first * CHUNK_SIZE : end - first * CHUNK_SIZE]
        if first == last:
            chunk = self._load(first, 1)
            self._cached = (first, chunk)
            return chunk[offset - first * CHUNK_SIZE : end - first * CHUNK_SIZE]
        counts = [(at, min(_BATCH, last + 1 - at)) for at in range(first, last + 1, _BATCH)]
        joined = b"".join(self._load(at, count) for at, count in counts)
        return joined[offset - first * CHUNK_SIZE : end - first * CHUNK_SIZE]

    def _load(self, first: int, count: int) -> bytes:
        data = self._source.read_at(self._start + first * FRAME_SIZE, count * FRAME_SIZE)
        frames = [data[at * FRAME_SIZE : (at + 1) * FRAME_SIZE] for at in range(count)]
        final = self._chunks - 1
        return b"".join(
            open_chunk(self._aead, index, frame, last=index == final)
            for index, frame in enumerate(frames, first)
        )

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the position of `read`.

        Args:
            offset: bytes relative to `whence`.
            whence: `os.SEEK_SET`, `os.SEEK_CUR` or `os.SEEK_END`.

        Returns:
            The new position.

        Raises:
            ValueError: when the position would be before the start.
        """
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            message = "a position before the start of the file"
            raise ValueError(message)
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the position of `read` in bytes of plaintext."""
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read from the position into a buffer.

        Args:
            buffer: where to put the bytes.

        Returns:
            The number of bytes read, 0 at the end.
        """
        view = memoryview(buffer).cast("B")
        data = self.read_at(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def readall(self) -> bytes:
        """Read everything from the position on.

        Returns:
            The bytes.
        """
        data = self.read_at(self._position, max(0, self.size - self._position))
        self._position += len(data)
        return data

    def close(self) -> None:
        """Close the reader and its source."""
        if not self.closed:
            self._source.close()
        super().close()


def _forward(source: RandomSource) -> Callable[[int], bytes]:
    """Read a random-access source from its beginning on, piece by piece."""
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        piece = source.read_at(position, size)
        position += len(piece)
        return piece

    return read
