"""The instance key: finds codes and signs the log; it opens nothing that was told."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FILE_NAME = "instance.key"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class InstanceKeys:
    """Keys derived from the 32 bytes in ``instance/instance.key``."""

    secret: bytes

    def __repr__(self) -> str:
        return "InstanceKeys(…)"

    def code_lookup(self, code: str) -> int:
        """Give the first 32 bits of the HMAC of a code: enough to find few rows, not to guess."""
        digest = hmac.new(self._derive(b"code-lookup/v1"), code.encode(), "sha256").digest()
        return int.from_bytes(digest[:4])

    def activation_hash(self, text: str) -> str:
        """Give the stored form of an activation code."""
        return hmac.new(self._derive(b"activation/v1"), text.encode(), "sha256").hexdigest()

    def ticket(self, purpose: str, text: str) -> str:
        """Vouch for a text that a browser brings back later; good for this purpose only."""
        key = self._derive(b"ticket/v1:" + purpose.encode())
        return hmac.new(key, text.encode(), "sha256").hexdigest()[:32]

    def checkpoint_key(self, school_id: str) -> Ed25519PrivateKey:
        """Give the key that signs a school's checkpoints."""
        seed = self._derive(b"checkpoint/v1:" + school_id.encode())
        return Ed25519PrivateKey.from_private_bytes(seed)

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(
            self.secret
        )


def load_or_create(instance_dir: Path) -> InstanceKeys:
    """Read the instance key; make it (mode 0600) the first time.

    Several processes may start at once: the file appears whole, and the first one counts.
    """
    instance_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = instance_dir / FILE_NAME
    if not path.exists():
        _create(path)
    return InstanceKeys(path.read_bytes())


def _create(path: Path) -> None:
    part = path.with_name(f"{FILE_NAME}.{secrets.token_hex(8)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()
