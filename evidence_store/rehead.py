"""Give an object to other recipients: a new header, the same payload.

An age file is a header that wraps the file key, and a payload under that key. Writing the header
anew for others makes a file that the old identities no longer open, without decrypting a byte of
the original. The payload is copied as it stands, so its plaintext and SHA-256 stay the same.

What this cannot do: take back the file key from who opened the old object and kept it, or change
old copies of the object, such as those in backups; those open with the old keys until they are
gone.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evidence_store.age import AnyIdentity, AnyRecipient, SeekableReader
from evidence_store.age.header import read_header
from evidence_store.age.stream import unlock, wrapped_header
from evidence_store.backends import Backend, PartWriter, ReadAt
from evidence_store.errors import DamagedError, EvidenceStoreError
from evidence_store.record import DigestRecord, read_record, write_record

_COPY_SIZE = 1 << 20


@dataclass(frozen=True)
class ReheadedItem:
    """An object that was given a header for other recipients.

    Attributes:
        id: the id of the new object; the old one still stands.
        size: bytes of the original, as before.
        ciphertext_sha256: SHA-256 of the new age file, in hexadecimal.
        ciphertext_size: bytes of the new age file.
    """

    id: str
    size: int
    ciphertext_sha256: str
    ciphertext_size: int


def rehead(
    backend: Backend,
    item_id: str,
    *,
    identities: Sequence[AnyIdentity],
    recipients: Sequence[AnyRecipient],
    new_id: str,
) -> ReheadedItem:
    """Write an object anew for other recipients; the old one is left for the caller to destroy.

    Args:
        backend: where the object stands and the new one goes.
        item_id: the object.
        identities: the identities to try on it, in order.
        recipients: who may read the new object; at least one.
        new_id: the id of the new object.

    Returns:
        The new object; it is durable.

    Raises:
        InvalidKeyError: when there is no recipient, or one is not usable.
        NotFoundError: when there is no such object, or no record of it.
        NoMatchError: when none of the identities opens it.
        AgeError: when its header or its end is damaged.
        DamagedError: when it is not what was written; nothing is left of the new one.
        OSError: when something could not be read or made durable; nothing is left then either.
    """
    record = read_record(backend, item_id)
    with contextlib.closing(backend.open(item_id)) as source:
        # The reader authenticates the header and the final chunk.
        opened = SeekableReader(source, identities)
        header, _ = read_header(_Taken(source).read)
        fresh = wrapped_header(unlock(header, identities), recipients)
        part = backend.begin(new_id)
        try:
            written = _copy(source, part, header.length, fresh, record)
            part.commit()
        except BaseException:
            part.abort()
            raise
    try:
        write_record(backend, new_id, written)
    except BaseException:
        with contextlib.suppress(OSError, EvidenceStoreError):
            backend.delete(new_id)
        raise
    return ReheadedItem(new_id, opened.size, written.sha256, written.size)


class _Taken:
    """Reads an object from its beginning on."""

    def __init__(self, source: ReadAt) -> None:
        self._source = source
        self._position = 0

    def read(self, size: int) -> bytes:
        piece = self._source.read_at(self._position, size)
        self._position += len(piece)
        return piece


def _copy(
    source: ReadAt, part: PartWriter, start: int, header: bytes, record: DigestRecord
) -> DigestRecord:
    """Write the new header and the old payload; what is copied must be what was recorded."""
    before = hashlib.sha256(source.read_at(0, start))
    after = hashlib.sha256(header)
    part.append(header)
    for piece in _pieces(source, start):
        before.update(piece)
        after.update(piece)
        part.append(piece)
    if (source.size, before.hexdigest()) != (record.size, record.sha256):
        message = "the object is not what was written"
        raise DamagedError(message)
    return DigestRecord(sha256=after.hexdigest(), size=part.offset)


def _pieces(source: ReadAt, start: int) -> Iterator[bytes]:
    for offset in range(start, source.size, _COPY_SIZE):
        yield source.read_at(offset, _COPY_SIZE)
