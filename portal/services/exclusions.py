"""Who may never read a case: a list sealed in it.

Every case has one. Were a missing or forged list taken for an empty one, whoever can write to the
database could make the next reader let the accused in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from portal.services import records
from portal.services.errors import RecordMismatchError
from portal.services.keys import OpenCompartment

KIND = "exclusions"


def write(
    session: Session, opened: OpenCompartment, excluded: Iterable[str], *, now: datetime
) -> None:
    """Seal the list into one epoch of a case."""
    body = {"excluded": sorted(set(excluded))}
    records.add_record(session, opened, body, kind=KIND, now=now)


def read(session: Session, epochs: Sequence[OpenCompartment]) -> frozenset[str]:
    """Join the lists of every epoch.

    Raises:
        RecordMismatchError: there is none, or one was put there by somebody without the key.
    """
    identities = {item.row.id: item.identity for item in epochs}
    rows = records.records_of(session, list(identities), kinds=[KIND])
    if not rows:
        raise RecordMismatchError(KIND)
    bodies = [records.open_record(row, identities[row.compartment_id]) for row in rows]
    return frozenset(staff_id for body in bodies for staff_id in body["excluded"])
