"""Taking somebody out of every case they could read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.models import CaseReader, StaffMember, Wrap
from portal.services import keys
from portal.services.custody import Actor, record_event


def remove_everywhere(
    session: Session, *, member: StaffMember, actor: Actor, now: datetime
) -> list[str]:
    """Delete every wrap to a member of staff and close their place in each case.

    What is written later must get a new epoch, so that a copied old key opens nothing of it;
    that needs a reader's key and happens in the next reader's session (`case_keys.rotate`).

    Returns:
        The ids of the cases.
    """
    case_ids = list(
        session.scalars(
            select(CaseReader.case_id).where(
                CaseReader.school_id == member.school_id,
                CaseReader.staff_id == member.id,
                CaseReader.until.is_(None),
            )
        )
    )
    session.execute(
        update(CaseReader)
        .where(
            CaseReader.school_id == member.school_id,
            CaseReader.staff_id == member.id,
            CaseReader.until.is_(None),
        )
        .values(until=now)
    )
    session.execute(
        delete(Wrap).where(
            Wrap.school_id == member.school_id,
            Wrap.holder_kind == keys.STAFF,
            Wrap.holder_id == member.id,
        )
    )
    for case_id in dict.fromkeys(case_ids):
        compartments = keys.compartments_of_case(session, member.school_id, case_id)
        record_event(
            session,
            CustodyKind.CASE_READER_REMOVED,
            school_id=member.school_id,
            actor=actor,
            now=now,
            compartment=keys.newest(compartments, keys.CASE),
            case_id=case_id,
            about=[member.id],
            particulars={"staff": member.id},
        )
    return list(dict.fromkeys(case_ids))
