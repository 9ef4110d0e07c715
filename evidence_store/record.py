"""The digest record beside each object: what its ciphertext must be, checkable without a key.

Format: canonical JSON (RFC 8785) ``{"sha256": hex, "size": bytes, "v": 1}`` under the object's
name with the suffix ``.digest``. It is written after the object and removed before it, so that a
crash leaves at worst an object without a record.
"""

import re
from dataclasses import dataclass

from evidence_store.backends import Backend
from evidence_store.canonical import CanonicalError, canonical_json, parse_canonical
from evidence_store.errors import DamagedError

SUFFIX = ".digest"
"""What a record's name adds to the object's."""
_VERSION = 1
_MAX_SIZE = 4096
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class DigestRecord:
    """What is recorded about one object.

    Attributes:
        sha256: SHA-256 of the ciphertext, in hexadecimal.
        size: bytes of ciphertext.
    """

    sha256: str
    size: int


def write_record(backend: Backend, item_id: str, record: DigestRecord) -> None:
    """Write the record of an object durably.

    Args:
        backend: where the object stands.
        item_id: its id.
        record: what to record.

    Raises:
        FileExistsError: when there is a record already.
        OSError: when it cannot be made durable; nothing is left then.
    """
    part = backend.begin(item_id + SUFFIX)
    try:
        body = {"sha256": record.sha256, "size": record.size, "v": _VERSION}
        part.append(canonical_json(body))
        part.commit()
    except BaseException:
        part.abort()
        raise


def read_record(backend: Backend, item_id: str) -> DigestRecord:
    """Read the record of an object.

    Args:
        backend: where the object stands.
        item_id: its id.

    Returns:
        What was recorded.

    Raises:
        NotFoundError: when there is no record.
        DamagedError: when it is not as it was written.
        OSError: when it cannot be read.
    """
    source = backend.open(item_id + SUFFIX)
    try:
        data = source.read_at(0, _MAX_SIZE)
    finally:
        source.close()
    try:
        body = parse_canonical(data)
    except CanonicalError as error:
        raise _damaged() from error
    sha256, size = body.get("sha256"), body.get("size")
    if set(body) != {"sha256", "size", "v"} or body["v"] != _VERSION:
        raise _damaged()
    if not isinstance(sha256, str) or not _HEX.fullmatch(sha256) or type(size) is not int:
        raise _damaged()
    return DigestRecord(sha256=sha256, size=size)


def _damaged() -> DamagedError:
    return DamagedError("the digest record of the object is damaged")
