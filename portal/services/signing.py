"""The school's packet signer: a key and certificate of its own in the instance folder."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from evidence_store.packet import Signer
from portal.services.schools import SchoolView

FOLDER = "signing"


def signer_of(instance_dir: Path, *, school: SchoolView, now: datetime) -> Signer:
    """Give the signer of a school, self-made the first time; a school may put its own there.

    Two files per school: ``<id>.key.pem`` (mode 0600) and ``<id>.cert.pem``.
    """
    folder = instance_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key, certificate = folder / f"{school.id}.key.pem", folder / f"{school.id}.cert.pem"
    if not (key.exists() and certificate.exists()):
        made = Signer.generate(school.name, now)
        _write(certificate, made.certificate_pem)
        _write(key, made.key_pem)
    return Signer.from_pem(key.read_bytes(), certificate.read_bytes())


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    part = path.with_suffix(".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
