"""Evidence store: keeps originals encrypted, unchanged and provable.

An independent library: it knows no web framework and no database. Files are age v1, every
object opens with the stock `age` tool and the right identity.
"""

from evidence_store.age import (
    Encryptor,
    Identity,
    Recipient,
    ScryptIdentity,
    ScryptRecipient,
    SeekableReader,
    armor,
    dearmor,
    decrypt,
    decrypt_stream,
    encrypt,
    parse_identities,
)
from evidence_store.backends import Backend, LocalBackend, MemoryBackend
from evidence_store.canonical import canonical_json, parse_canonical
from evidence_store.errors import (
    AgeError,
    ArmorError,
    DamagedError,
    EmptyFileError,
    EvidenceStoreError,
    HeaderError,
    HeaderMacError,
    InspectError,
    InvalidKeyError,
    NoMatchError,
    NotFoundError,
    PacketError,
    PayloadError,
    TooLargeError,
)
from evidence_store.store import (
    Damage,
    EvidenceStore,
    FsckReport,
    Intake,
    StoredItem,
    new_id,
)

__all__ = [
    "AgeError",
    "ArmorError",
    "Backend",
    "Damage",
    "DamagedError",
    "EmptyFileError",
    "Encryptor",
    "EvidenceStore",
    "EvidenceStoreError",
    "FsckReport",
    "HeaderError",
    "HeaderMacError",
    "Identity",
    "InspectError",
    "Intake",
    "InvalidKeyError",
    "LocalBackend",
    "MemoryBackend",
    "NoMatchError",
    "NotFoundError",
    "PacketError",
    "PayloadError",
    "Recipient",
    "ScryptIdentity",
    "ScryptRecipient",
    "SeekableReader",
    "StoredItem",
    "TooLargeError",
    "armor",
    "canonical_json",
    "dearmor",
    "decrypt",
    "decrypt_stream",
    "encrypt",
    "new_id",
    "parse_canonical",
    "parse_identities",
]
