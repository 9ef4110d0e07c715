"""Notes for nobody but their writer: sealed to that person's own key.

No compartment, no recovery pair and no event of the log knows what they say. Who loses the key
loses them; who steps out of a case leaves none behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStoreError
from portal.models import OwnNote, new_id
from portal.services import case_records, records
from portal.services.errors import NotFoundError, RecordMismatchError
from portal.services.staff import StaffActor

KIND = "own_note"


@dataclass(frozen=True, slots=True)
class Own:
    """One note, for its writer."""

    id: str
    at: datetime
    text: str


def write(session: Session, *, actor: StaffActor, case_id: str, text: str, now: datetime) -> None:
    """Keep a note that only its writer can open."""
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    words = case_records.checked("own", text)
    row = OwnNote(
        id=new_id(),
        school_id=case.school_id,
        case_id=case.id,
        staff_id=actor.id,
        at=records.whole_hour(now),
        ciphertext=b"",
    )
    row.ciphertext = records.seal(
        str(actor.identity.recipient),
        {"text": words, "at": now.isoformat(timespec="seconds")},
        kind=KIND,
        school_id=row.school_id,
        owner_id=case.id,
        record_id=row.id,
        voucher=actor.identity,
    )
    session.add(row)


def notes_of(session: Session, *, actor: StaffActor, case_id: str) -> list[Own]:
    """Open one's own notes of a case; what does not open was sealed to an earlier key."""
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    query = select(OwnNote).where(
        OwnNote.school_id == case.school_id,
        OwnNote.case_id == case.id,
        OwnNote.staff_id == actor.id,
    )
    found = [_open(row, actor) for row in session.scalars(query)]
    return sorted((one for one in found if one is not None), key=lambda one: (one.at, one.id))


def _open(row: OwnNote, actor: StaffActor) -> Own | None:
    try:
        body = records.unseal(
            actor.identity,
            row.ciphertext,
            kind=KIND,
            school_id=row.school_id,
            owner_id=row.case_id,
            record_id=row.id,
        )
    except (EvidenceStoreError, RecordMismatchError):
        return None
    return Own(row.id, datetime.fromisoformat(body["at"]), body["text"])


def remove(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    note_id: str,
    now: datetime,  # noqa: ARG001 - verbs of a page are called alike
) -> None:
    """Take a note away.

    Raises:
        NotFoundError: when it is not one's own.
    """
    case_records.open_for(session, actor=actor, case_id=case_id)
    row = session.get(OwnNote, note_id)
    if row is None or (row.staff_id, row.case_id) != (actor.id, case_id):
        raise NotFoundError(note_id)
    session.delete(row)


def forget(session: Session, *, case_id: str, staff_id: str) -> None:
    """Take all notes of somebody who steps out of a case away."""
    mine = delete(OwnNote).where(OwnNote.case_id == case_id, OwnNote.staff_id == staff_id)
    session.execute(mine)
