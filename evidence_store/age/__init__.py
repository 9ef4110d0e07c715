"""age v1 files (C2SP age specification), written and read on `cryptography`.

Everything that this module writes opens with the stock `age` tool, and the other way round, for
the recipient types X25519 and scrypt.
"""

import io
from collections.abc import Sequence

from evidence_store.age.armor import armor, dearmor
from evidence_store.age.keys import (
    AnyIdentity,
    AnyRecipient,
    Identity,
    Recipient,
    ScryptIdentity,
    ScryptRecipient,
    parse_identities,
)
from evidence_store.age.seek import RandomSource, SeekableReader
from evidence_store.age.stream import CHUNK_SIZE, FRAME_SIZE, Encryptor, decrypt_stream

__all__ = [
    "CHUNK_SIZE",
    "FRAME_SIZE",
    "AnyIdentity",
    "AnyRecipient",
    "Encryptor",
    "Identity",
    "RandomSource",
    "Recipient",
    "ScryptIdentity",
    "ScryptRecipient",
    "SeekableReader",
    "armor",
    "dearmor",
    "decrypt",
    "decrypt_stream",
    "encrypt",
    "parse_identities",
]


def encrypt(plaintext: bytes, recipients: Sequence[AnyRecipient]) -> bytes:
    """Encrypt something small in memory.

    Args:
        plaintext: the bytes to protect.
        recipients: who may read them; at least one, and a passphrase only alone.

    Returns:
        A binary age file.

    Raises:
        InvalidKeyError: when there is no recipient, or one is not usable.
        HeaderError: when a passphrase is mixed with other recipients.
    """
    encryptor = Encryptor(recipients)
    return encryptor.header + encryptor.update(plaintext) + encryptor.finish()


def decrypt(data: bytes, identities: Sequence[AnyIdentity]) -> bytes:
    """Decrypt something small in memory; nothing comes back unless all of it is authentic.

    Args:
        data: a binary age file.
        identities: the identities to try, in order.

    Returns:
        The plaintext.

    Raises:
        HeaderError: when the header is malformed.
        NoMatchError: when no identity opens the file.
        HeaderMacError: when the header was altered.
        PayloadError: when the content is damaged, truncated or extended.
    """
    return b"".join(decrypt_stream(io.BytesIO(data), identities))
