"""Whether somebody who says to be a parent is one: staff check it outside the portal and note how.

Until then nothing about a pupil is told to that reporter.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.services import case_records
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.staff import StaffActor

PARENT_CHECK = "parent_check"
HOW = ("phone", "in_person", "not_parent")
"""Called on the number that school had already, met in person, or it turned out to be another."""


def record(
    session: Session, *, actor: StaffActor, case_id: str, report_id: str, how: str, now: datetime
) -> None:
    """Note how it was checked who the reporter of one report is; the last note counts.

    Raises:
        InvalidInputError: field ``how``, for a way that is none.
        NotFoundError: there is no such report in this case, or no key for this person.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if report_id not in opened.reports:
        raise NotFoundError(report_id)
    if how not in HOW:
        raise InvalidInputError("how", "unknown")
    case_records.write(
        session,
        case,
        opened,
        PARENT_CHECK,
        {"report": report_id, "how": how, "text": ""},
        actor,
        now,
        CustodyKind.PARENT_CHECKED,
        told=("how",),
        report_id=report_id,
    )
