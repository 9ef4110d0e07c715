"""Who may never read a case: a list sealed in it, with a proof that whoever wrote it had its key.

Anybody can seal to a case's public half, so without the proof whoever can write to the database
could put an empty list in its place, and the next reader would let the accused in.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from evidence_store import Identity, canonical_json
from portal.services import records
from portal.services.errors import RecordMismatchError
from portal.services.keys import OpenCompartment

KIND = "exclusions"
_PURPOSE = b"exclusions/v1:"


def write(
    session: Session, opened: OpenCompartment, excluded: Iterable[str], *, now: datetime
) -> None:
    """Seal the list into one epoch of a case."""
    listed = sorted(set(excluded))
    body = {"excluded": listed, "proof": _proof(opened.identity, listed)}
    records.add_record(session, opened.row, body, kind=KIND, now=now)


def read(session: Session, epochs: Sequence[OpenCompartment]) -> frozenset[str]:
    """Join the lists of every epoch.

    Raises:
        RecordMismatchError: there is none (every case has one), or one was put there by somebody
            without the key of the case.
    """
    identities = {item.row.id: item.identity for item in epochs}
    found: set[str] = set()
    rows = records.records_of(session, list(identities), kinds=[KIND])
    for row in rows:
        identity = identities[row.compartment_id]
        body = records.open_record(row, identity)
        if not hmac.compare_digest(str(body.get("proof")), _proof(identity, body["excluded"])):
            raise RecordMismatchError(row.id)
        found.update(body["excluded"])
    if not rows:
        raise RecordMismatchError(KIND)
    return frozenset(found)


def _proof(identity: Identity, listed: Sequence[str]) -> str:
    text = _PURPOSE + canonical_json({"excluded": list(listed)})
    return hmac.new(str(identity).encode(), text, "sha256").hexdigest()
