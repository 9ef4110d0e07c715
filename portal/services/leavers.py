"""Taking somebody out of every case they could read, and renewing the keys of those cases."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.models import Case, CaseReader, StaffMember, Wrap
from portal.services import epochs, keys
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
        epochs.renew(
            session,
            case=session.get_one(Case, case_id),
            removed=member.id,
            actor=actor,
            reason="account",
            now=now,
        )
    return case_ids


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
