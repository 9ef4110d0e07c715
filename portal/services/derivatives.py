"""What is made of an original and kept sealed beside it: previews, copies, marks of pictures."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import (
    EvidenceStoreError,
    Identity,
    Recipient,
    canonical_json,
    decrypt,
    encrypt,
)
from evidence_store.inspect import Derivative as Made
from portal.models import Derivative, EvidenceItem, new_id
from portal.services import records
from portal.services.errors import RecordMismatchError
from portal.services.keys import OpenCompartment

FORMAT = 2
CLEANED, REST, LIKENESS = "cleaned", "rest", "likeness"


def of(session: Session, row: EvidenceItem, kind: str) -> Derivative | None:
    """Find what was made of an original."""
    query = select(Derivative).where(Derivative.evidence_id == row.id, Derivative.kind == kind)
    return session.scalar(query)


def sealed_row(
    item: EvidenceItem, made: Made, *, kind: str, key: OpenCompartment, now: datetime
) -> dict[str, Any]:
    """Seal what was made of an original as a row for readers of the case."""
    row = {
        "id": new_id(),
        "school_id": item.school_id,
        "evidence_id": item.id,
        "kind": kind,
        "media_type": made.media_type,
        "tool": f"{made.tool} {made.version}",
        "made_at": records.whole_hour(now),
    }
    label = _label(Derivative(**row), made.data, key.identity)
    sealed = encrypt(label + made.data, [Recipient.parse(key.row.recipient)])
    return {**row, "ciphertext": sealed}


def opened(row: Derivative, identity: Identity) -> bytes:
    """Open what was made of an original; a swapped or forged one is refused."""
    try:
        label, _, data = decrypt(row.ciphertext, [identity]).partition(b"\n")
    except EvidenceStoreError as error:
        raise RecordMismatchError(row.id) from error
    if not hmac.compare_digest(label + b"\n", _label(row, data, identity)):
        raise RecordMismatchError(row.id)
    return data


def _label(row: Derivative, data: bytes, identity: Identity) -> bytes:
    """Say in the sealed part what it is a derivative of, so that none can be swapped or forged."""
    named = {name: getattr(row, name) for name in ("id", "evidence_id", "kind", "media_type")}
    label = {"v": FORMAT, "sha256": hashlib.sha256(data).hexdigest(), **named}
    return canonical_json({**label, "mac": records.authenticator(identity, label)}) + b"\n"
