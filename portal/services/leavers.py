"""Taking somebody out of every case they could read, and renewing the keys of those cases."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import ReaderChange
from portal.models import Case, CaseReader, StaffMember, Wrap
from portal.services import case_keys, epochs, keys
from portal.services.custody import Actor
from portal.services.records import whole_hour


def remove_everywhere(
    session: Session, *, member: StaffMember, actor: Actor, now: datetime
) -> list[str]:
    """Delete every wrap to a member of staff and open a new epoch in each of their cases.

    No reader's key is needed, and whoever copied the old key reads nothing that is written later.

    Returns:
        The ids of the cases.
    """
    session.execute(
        delete(Wrap).where(
            Wrap.school_id == member.school_id,
            Wrap.holder_kind == keys.STAFF,
            Wrap.holder_id == member.id,
        )
    )
    case_ids = _close_places(session, member, now)
    for case_id in case_ids:
        case = session.get_one(Case, case_id)
        _find_handler(session, case, member, now)
        epochs.renew(
            session,
            case=case,
            removed=member.id,
            actor=actor,
            why=ReaderChange.LEFT,
            now=now,
        )
    return case_ids


def _find_handler(session: Session, case: Case, leaver: StaffMember, now: datetime) -> None:
    """Let a case that its handler leaves stand on the desk of whoever reads it next in line."""
    if case.handler_id != leaver.id:
        return
    query = select(CaseReader).where(
        CaseReader.school_id == case.school_id,
        CaseReader.case_id == case.id,
        CaseReader.until.is_(None),
        CaseReader.staff_id != leaver.id,
    )
    order = case_keys.PARTS
    readers = sorted(session.scalars(query), key=lambda row: (order[row.part], row.staff_id))
    if readers:
        readers[0].part = "handler"
        case.handler_id = readers[0].staff_id
        case.handed_at = whole_hour(now)
        case.waiting_for_staff = True


def _close_places(session: Session, member: StaffMember, now: datetime) -> list[str]:
    query = select(CaseReader).where(
        CaseReader.school_id == member.school_id,
        CaseReader.staff_id == member.id,
        CaseReader.until.is_(None),
    )
    places = list(session.scalars(query))
    for place in places:
        place.until = whole_hour(now)
    return list(dict.fromkeys(place.case_id for place in places))
