"""Signed heads of the log: C2SP tlog-checkpoint in a C2SP signed-note with Ed25519.

Formats: https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note. A checkpoint is
plain text, short enough to print or mail, so that it can leave the machine it vouches for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evidence_store.custody.merkle import HASH_SIZE
from evidence_store.errors import DamagedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519 = b"\x01"  # algorithm byte of the signed-note format
_KEY_ID_SIZE = 4
_SIZE_LINE = re.compile(r"0|[1-9][0-9]{0,18}")
_NAME = re.compile(r"[^\s+]+")


@dataclass(frozen=True)
class Checkpoint:
    """What a log looked like at one moment.

    Attributes:
        origin: Which log this is, one line of text without spaces around it.
        size: Number of events in the log.
        root: Merkle root over these events, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Write the text that is signed.

        Returns:
            Three lines, each ended by a line feed: origin, size, root in base64.
        """
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def _key_id(name: str, public: Ed25519PublicKey) -> bytes:
    key = _ED25519 + public.public_bytes_raw()
    return hashlib.sha256(name.encode() + b"\n" + key).digest()[:_KEY_ID_SIZE]


def verifier_key(name: str, public: Ed25519PublicKey) -> str:
    """Write the public key in the form that signed-note tools read.

    Args:
        name: Key name, without spaces or plus signs.
        public: Ed25519 public key.

    Returns:
        ``name+keyid+key``: key id in hex, key in base64 after its algorithm byte.
    """
    key = base64.b64encode(_ED25519 + public.public_bytes_raw()).decode()
    return f"{name}+{_key_id(name, public).hex()}+{key}"


def parse_verifier_key(text: str) -> tuple[str, Ed25519PublicKey]:
    """Read a verifier key.

    Args:
        text: What ``verifier_key`` wrote.

    Returns:
        Key name and Ed25519 public key.

    Raises:
        DamagedError: The text is not a verifier key for Ed25519.
    """
    try:
        name, key_id, encoded = text.split("+", 2)
        key = base64.b64decode(encoded, validate=True)
        public = Ed25519PublicKey.from_public_bytes(key[1:])
        sound = (
            key[:1] == _ED25519 and _NAME.fullmatch(name) and key_id == _key_id(name, public).hex()
        )
    except ValueError as error:
        raise DamagedError("This is not a verifier key of a custody log.") from error
    if not sound:
        raise DamagedError("This verifier key of a custody log has been changed.")
    return name, public


def sign_checkpoint(checkpoint: Checkpoint, ed25519_private: Ed25519PrivateKey, name: str) -> str:
    """Sign a checkpoint.

    Args:
        checkpoint: The head of the log.
        ed25519_private: Key of the log.
        name: Key name, without spaces or plus signs; by custom the log's origin.

    Returns:
        Signed note: the checkpoint, an empty line and one signature line.

    Raises:
        ValueError: The origin or the name cannot stand in a signed note.
    """
    one_line = checkpoint.origin and checkpoint.origin.isprintable()
    if not one_line or not _NAME.fullmatch(name) or len(checkpoint.root) != HASH_SIZE:
        raise ValueError(
            "A checkpoint needs a one-line origin, a key name without spaces and a SHA-256 root."
        )
    body = checkpoint.body()
    signature = _key_id(name, ed25519_private.public_key()) + ed25519_private.sign(body.encode())
    return f"{body}\n\u2014 {name} {base64.b64encode(signature).decode()}\n"


def verify_checkpoint(text: str, public: Ed25519PublicKey, name: str) -> Checkpoint:
    """Check a signed checkpoint and read it.

    Args:
        text: The signed note; it may carry signatures of others (witnesses) too.
        public: Public key of the log.
        name: Name of that key.

    Returns:
        The checkpoint, whose signature by this key was correct.

    Raises:
        DamagedError: No correct signature by this key, or not a checkpoint.
    """
    body, separator, signatures = text.rpartition("\n\n")
    body += "\n"
    if not separator or not signatures.endswith("\n"):
        raise DamagedError("The checkpoint is not a signed note.")
    checkpoint = _parse_body(body)
    if not any(_signed_by(line, body, public, name) for line in signatures[:-1].split("\n")):
        raise DamagedError("The signature of the checkpoint is not correct.")
    return checkpoint


def _signed_by(line: str, body: str, public: Ed25519PublicKey, name: str) -> bool:
    prefix = f"\u2014 {name} "
    if not line.startswith(prefix):
        return False
    try:
        signature = base64.b64decode(line.removeprefix(prefix), validate=True)
        if signature[:_KEY_ID_SIZE] != _key_id(name, public):
            return False
        public.verify(signature[_KEY_ID_SIZE:], body.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def _parse_body(body: str) -> Checkpoint:
    lines = body.split("\n")
    try:
        origin, size, encoded = lines[:3]
        root = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise DamagedError("The checkpoint lacks its origin, size or root.") from error
    checkpoint = Checkpoint(origin, int(size) if _SIZE_LINE.fullmatch(size) else -1, root)
    # Extension lines are allowed by the format but never written here, so a body that does
    # not come back byte for byte is refused: one text, one meaning.
    if not origin or len(root) != HASH_SIZE or checkpoint.body() != body:
        raise DamagedError("The checkpoint is not written as origin, size and root.")
    return checkpoint
