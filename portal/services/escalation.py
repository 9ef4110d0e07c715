"""When nobody reads: who else holds a key hears of it, by a mail without content.

No key is opened here: what is unread, and who reads along, stands in clear.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.deadlines import ZONE, local_date
from portal.models import Case, CaseReader, School
from portal.services import case_work, notify, turns
from portal.services.calendars import calendar_of

NEXT_IN_LINE = ("substitute", "overseer")


def tell_of_unread(session: Session, *, hour: int, now: datetime) -> int:
    """Tell those next in line of cases that stayed unread. Returns how many cases those were.

    Args:
        hour: on the next school day after a case came in, or was handed over, at this hour.
    """
    query = (
        select(Case, School)
        .join(School, School.id == Case.school_id)
        .where(
            Case.status != case_work.CLOSED,
            or_(Case.read_at.is_(None), Case.handed_at.is_not(None)),
        )
        .order_by(Case.id)
    )
    told = 0
    for case, school in session.execute(query):
        since = case.handed_at or case.opened_at
        if now >= _moment(school, since, hour):
            told += bool(_tell(session, case, since, now))
    return told


def _moment(school: School, since: datetime, hour: int) -> datetime:
    calendar = calendar_of(school)
    day = calendar.this_or_next(local_date(since) + timedelta(days=1))
    return datetime.combine(day, time(min(max(hour, 0), 23)), ZONE)


def _tell(session: Session, case: Case, since: datetime, now: datetime) -> list[str]:
    """Queue a mail to all of the next rank that reads along; the same one never twice."""
    rows = session.execute(
        select(CaseReader.staff_id, CaseReader.part).where(
            CaseReader.school_id == case.school_id,
            CaseReader.case_id == case.id,
            CaseReader.until.is_(None),
            CaseReader.staff_id != case.handler_id,
        )
    ).all()
    deputy = turns.stand_ins(session, case.school_id, local_date(now)).get(case.handler_id)
    chosen = {row.staff_id for row in rows if row.part in NEXT_IN_LINE or row.staff_id == deputy}
    found = sorted(chosen or {row.staff_id for row in rows})
    for staff_id in found:
        notify.queue(
            session,
            school_id=case.school_id,
            staff_id=staff_id,
            template="unread",
            dedupe_key=f"unread:{case.id}:{since:%Y%m%d%H}:{staff_id}",
            now=now,
        )
    return found
