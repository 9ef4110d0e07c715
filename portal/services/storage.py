"""Where evidence lies: the backend named by the storage address."""

from __future__ import annotations

from pathlib import Path

from evidence_store import EvidenceStore
from evidence_store.backends import LocalBackend
from portal.config import SettingsError


def open_store(url: str) -> EvidenceStore:
    """Open the evidence store of an address such as ``file:/srv/portal/evidence``.

    Raises:
        SettingsError: for an address of a kind that this version does not offer.
    """
    kind, _, place = url.partition(":")
    if kind != "file" or not place:
        message = f"storage_url {url!r}: this version stores in file: only"
        raise SettingsError(message)
    return EvidenceStore(LocalBackend(Path(place)))
