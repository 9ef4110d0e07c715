"""The payload of an age v1 file (C2SP age, "Payload"): sealed and opened frame by frame."""

import os
from collections.abc import Iterator, Sequence
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from evidence_store.age.header import FILE_KEY_SIZE, Header, encode_header, hkdf, read_header
from evidence_store.age.keys import AnyIdentity, AnyRecipient, check_mix
from evidence_store.errors import HeaderError, InvalidKeyError, NoMatchError, PayloadError

CHUNK_SIZE = 64 * 1024
"""Bytes of plaintext in every chunk but the last."""
TAG_SIZE = 16
"""Bytes that sealing adds to a chunk."""
FRAME_SIZE = CHUNK_SIZE + TAG_SIZE
"""Bytes that a full chunk takes in the file."""
NONCE_SIZE = 16
"""Bytes of the payload nonce between header and first frame."""


class Readable(Protocol):
    """The part of a binary file that streaming needs."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end."""
        ...


class Encryptor:
    """Writes one age file frame by frame; the caller stores what it returns, in order.

    The file is `header`, then what each `update` returned, then what `finish` returned. A full
    chunk is held back until more data shows that it is not the last one.

    Attributes:
        header: everything before the first frame: the textual header and the payload nonce;
            empty when resumed.
        file_key: the 16 secret bytes that open this file.
        nonce: the 16 bytes of the payload nonce.
        chunk_index: frames sealed so far, so `chunk_index * CHUNK_SIZE` plaintext bytes of the
            file are final.
    """

    header: bytes
    file_key: bytes
    nonce: bytes
    chunk_index: int

    def __init__(self, recipients: Sequence[AnyRecipient]) -> None:
        """Begin a new file.

        Args:
            recipients: who may read it; at least one, and a passphrase only alone.

        Raises:
            InvalidKeyError: when there is no recipient, or one is not usable.
            HeaderError: when a passphrase is mixed with other recipients.
        """
        file_key = os.urandom(FILE_KEY_SIZE)
        header = wrapped_header(file_key, recipients)
        self._begin(file_key, os.urandom(NONCE_SIZE), 0)
        self.header = header + self.nonce

    @staticmethod
    def resume(file_key: bytes, nonce: bytes, chunk_index: int) -> "Encryptor":
        """Go on with a file of which whole chunks are already stored.

        A frame number must never be sealed twice with other content: the caller vouches that no
        frame at or beyond `chunk_index` was ever stored.

        Args:
            file_key: the 16 bytes of the first encryptor's `file_key`.
            nonce: the 16 bytes of its `nonce`.
            chunk_index: the number of frames stored so far.

        Returns:
            An encryptor whose `header` is empty.

        Raises:
            InvalidKeyError: when key or nonce have a wrong length.
        """
        if len(file_key) != FILE_KEY_SIZE or len(nonce) != NONCE_SIZE or chunk_index < 0:
            message = "a file key and a nonce of 16 bytes are needed to go on with a file"
            raise InvalidKeyError(message)
        return _Resumed(file_key, nonce, chunk_index)

    def _begin(self, file_key: bytes, nonce: bytes, chunk_index: int) -> None:
        self.header = b""
        self.file_key = file_key
        self.nonce = nonce
        self.chunk_index = chunk_index
        self._aead = payload_cipher(file_key, nonce)
        self._held = bytearray(CHUNK_SIZE)
        self._held_size = 0
        self._finished = False

    def update(self, data: bytes | memoryview) -> bytes:
        """Take plaintext.

        Args:
            data: any number of bytes.

        Returns:
            The frames that became complete, possibly none.

        Raises:
            ValueError: when the file is finished.
        """
        frames = (self._held_size + len(data)) // CHUNK_SIZE
        out = bytearray(frames * FRAME_SIZE)
        return bytes(memoryview(out)[: self.update_into(data, memoryview(out))])

    def update_into(self, data: bytes | memoryview, out: memoryview) -> int:
        """Take plaintext and write the complete frames into a buffer of the caller.

        Args:
            data: any number of bytes.
            out: room for one frame per `CHUNK_SIZE` bytes of `data`, begun ones included.

        Returns:
            The number of bytes written to `out`.

        Raises:
            ValueError: when the file is finished.
        """
        self._check_open()
        position = written = 0
        size = len(data)
        view = memoryview(data)
        if self._held_size + size > CHUNK_SIZE:
            position = CHUNK_SIZE - self._held_size
            self._held[self._held_size :] = view[:position]
            written = self._seal(memoryview(self._held), out, last=False)
            self._held_size = 0
            while size - position > CHUNK_SIZE:
                chunk = view[position : position + CHUNK_SIZE]
                written += self._seal(chunk, out[written:], last=False)
                position += CHUNK_SIZE
        rest = size - position
        self._held[self._held_size : self._held_size + rest] = view[position:]
        self._held_size += rest
        return written

    def finish(self) -> bytes:
        """Seal the last chunk. The file must not be appended to afterwards.

        Returns:
            The final frame.

        Raises:
            ValueError: when it was finished before.
        """
        self._check_open()
        out = bytearray(self._held_size + TAG_SIZE)
        self._seal(memoryview(self._held)[: self._held_size], memoryview(out), last=True)
        self._finished = True
        return bytes(out)

    def _check_open(self) -> None:
        if self._finished:
            message = "the encrypted file is already finished"
            raise ValueError(message)

    def _seal(self, chunk: memoryview, out: memoryview, *, last: bool) -> int:
        size = len(chunk) + TAG_SIZE
        nonce = chunk_nonce(self.chunk_index, last=last)
        self._aead.encrypt_into(nonce, chunk, None, out[:size])
        self.chunk_index += 1
        return size


class _Resumed(Encryptor):
    """An encryptor in the middle of a file whose header was written long ago."""

    def __init__(self, file_key: bytes, nonce: bytes, chunk_index: int) -> None:
        self._begin(file_key, nonce, chunk_index)


def wrapped_header(file_key: bytes, recipients: Sequence[AnyRecipient]) -> bytes:
    """Write the header that gives a file key to its recipients.

    Args:
        file_key: the 16 secret bytes that open the file.
        recipients: who may read it; at least one, and a passphrase only alone.

    Returns:
        The textual header, without the payload nonce that follows it.

    Raises:
        InvalidKeyError: when there is no recipient, or one is not usable.
        HeaderError: when a passphrase is mixed with other recipients.
    """
    if not recipients:
        message = "at least one recipient is needed"
        raise InvalidKeyError(message)
    stanzas = [recipient.wrap(file_key) for recipient in recipients]
    check_mix(stanzas)
    return encode_header(stanzas, file_key)


def payload_cipher(file_key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    """Return the cipher of a file's payload.

    Args:
        file_key: 16 bytes.
        nonce: the 16 bytes of the payload nonce.

    Returns:
        ChaCha20-Poly1305 under the payload key.
    """
    return ChaCha20Poly1305(hkdf(file_key, nonce, b"payload"))


def chunk_nonce(index: int, *, last: bool) -> bytes:
    """Return the nonce of one chunk.

    Args:
        index: the chunk's number, from 0.
        last: whether it is the final chunk.

    Returns:
        12 bytes: the number as 11 big-endian bytes, then 1 for the final chunk, else 0.
    """
    return (index << 8 | last).to_bytes(12, "big")


def open_chunk(aead: ChaCha20Poly1305, index: int, frame: bytes, *, last: bool) -> bytes:
    """Open one frame.

    Args:
        aead: the payload cipher.
        index: the chunk's number, from 0.
        frame: the sealed chunk.
        last: whether it must be the final chunk.

    Returns:
        The plaintext of the chunk.

    Raises:
        PayloadError: when the frame is damaged or not the one that belongs here.
    """
    try:
        return aead.decrypt(chunk_nonce(index, last=last), frame, None)
    except InvalidTag as error:
        message = f"the encrypted content is damaged at chunk {index}"
        raise PayloadError(message) from error


def unlock(header: Header, identities: Sequence[AnyIdentity]) -> bytes:
    """Get the file key out of a header and check the header with it.

    Args:
        header: a parsed header.
        identities: the identities to try, in order.

    Returns:
        The 16 bytes of the file key.

    Raises:
        HeaderError: when a stanza for one of the identities is malformed.
        NoMatchError: when no identity opens the file.
        HeaderMacError: when the header was altered.
    """
    check_mix(header.stanzas)
    for identity in identities:
        file_key = identity.unwrap(header.stanzas)
        if file_key is not None:
            header.check_mac(file_key)
            return file_key
    message = "none of the given identities opens this file"
    raise NoMatchError(message)


def decrypt_stream(source: Readable, identities: Sequence[AnyIdentity]) -> Iterator[bytes]:
    """Decrypt a binary age file in constant memory.

    The header is read and checked before this function returns. A chunk is handed out only after
    it was authenticated, but a later one may still turn out to be damaged or missing: the whole
    file holds only when the iterator ends without an error.

    Args:
        source: a binary file at its beginning.
        identities: the identities to try, in order.

    Returns:
        The chunks of plaintext, in order.

    Raises:
        HeaderError: when the header is malformed.
        NoMatchError: when no identity opens the file.
        HeaderMacError: when the header was altered.
        PayloadError: while iterating, when the content is damaged, truncated or extended.
    """
    header, rest = read_header(source.read)
    file_key = unlock(header, identities)
    start = rest + _read_exactly(source, NONCE_SIZE - len(rest))
    if len(start) < NONCE_SIZE:
        message = "the encrypted file ends before its content begins"
        raise HeaderError(message)
    aead = payload_cipher(file_key, start[:NONCE_SIZE])
    return _chunks(source, aead, start[NONCE_SIZE:])


def _chunks(source: Readable, aead: ChaCha20Poly1305, rest: bytes) -> Iterator[bytes]:
    index = 0
    while True:
        frame = rest + _read_exactly(source, FRAME_SIZE - len(rest))
        rest = _read_exactly(source, 1) if len(frame) == FRAME_SIZE else b""
        chunk, last = _open_next(aead, index, frame)
        if last and not chunk and index:
            message = "the encrypted content ends in an empty chunk"
            raise PayloadError(message)
        yield chunk
        if last and rest:
            message = "there is something after the end of the encrypted content"
            raise PayloadError(message)
        if last:
            return
        index += 1


def _open_next(aead: ChaCha20Poly1305, index: int, frame: bytes) -> tuple[bytes, bool]:
    """Open a frame of which only its length says whether it may be the final one."""
    if len(frame) < FRAME_SIZE:
        return open_chunk(aead, index, frame, last=True), True
    try:
        return open_chunk(aead, index, frame, last=False), False
    except PayloadError:
        return open_chunk(aead, index, frame, last=True), True


def _read_exactly(source: Readable, size: int) -> bytes:
    """Read until there are `size` bytes or the file ends."""
    pieces: list[bytes] = []
    while size > 0:
        piece = source.read(size)
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
