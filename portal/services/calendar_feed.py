"""A calendar of one's own, read by a calendar program: dates and labels of cases, nothing else.

Who has its address sees when something is due in which case by its random label. The address
opens nothing else, only its hash is kept, and it ends with the account.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import ics
from portal.domain.deadlines import local_date
from portal.models import Case, CaseReader, CaseTask, StaffMember
from portal.services import case_records, case_work, tasks, turns
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.schools import SchoolView
from portal.services.staff import StaffActor

NAME = "Portaal"
STEP, ANSWER = "stap", "antwoord"
TASKS = {tasks.AGREEMENT: "afspraak", tasks.RETURN: "afspraak"}
"""What a task is called; every other one is a "taak", and a measure is not told apart."""
TOKEN_BYTES = 32


def renew(session: Session, *, actor: StaffActor) -> str:
    """Make a new address, which ends the old one. Returns its secret part, shown once."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.get_one(StaffMember, actor.id).calendar_hash = _hash(token)
    session.flush()
    return token


def withdraw(session: Session, *, actor: StaffActor) -> None:
    """End the address."""
    session.get_one(StaffMember, actor.id).calendar_hash = None


def is_on(session: Session, *, actor: StaffActor) -> bool:
    """Whether there is an address."""
    return session.get_one(StaffMember, actor.id).calendar_hash is not None


def feed(session: Session, *, school: SchoolView, token: str, now: datetime) -> bytes:
    """Give the calendar of who made this address.

    Raises:
        NotFoundError: there is no such address, or the account ended.
    """
    member = session.scalar(
        select(StaffMember).where(
            StaffMember.school_id == school.id,
            StaffMember.calendar_hash == _hash(token),
            StaffMember.disabled_at.is_(None),
        )
    )
    if member is None:
        raise NotFoundError("calendar")
    covered = turns.covered_by(
        session, school_id=school.id, staff_id=member.id, today=local_date(now)
    )
    query = (
        select(Case)
        .join(CaseReader, CaseReader.case_id == Case.id)
        .where(
            CaseReader.school_id == school.id,
            CaseReader.staff_id == member.id,
            CaseReader.until.is_(None),
            Case.handler_id.in_([member.id, *covered]),
            Case.status != case_work.CLOSED,
        )
        .order_by(Case.due_on, Case.id)
    )
    found = [entry for case in session.scalars(query).unique() for entry in _entries(case)]
    mine = session.execute(tasks.open_of(school.id, member.id, covered))
    return ics.calendar(NAME, [*found, *(_task(row, case) for row, case in mine)])


def of_case(session: Session, *, actor: StaffActor, case_id: str) -> bytes:
    """Give the dates of one case to somebody who reads it.

    Raises:
        NotFoundError: for everybody else.
        InvalidInputError: when nothing is due in it.
    """
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    mine = session.execute(
        tasks.open_of(case.school_id, actor.id).where(CaseTask.case_id == case.id)
    )
    entries = [*_entries(case), *(_task(row, case) for row, _case in mine)]
    if not entries:
        raise InvalidInputError("due", "none")
    return ics.calendar(NAME, entries)


def _entries(case: Case) -> list[ics.Entry]:
    days: list[tuple[str, date | None]] = [(STEP, case.due_on), (ANSWER, case.answer_by)]
    return [
        ics.Entry(
            uid=f"{what}-{case.id}@portaal",
            day=day,
            title=f"Portaal: {what}, zaak {case.label}",
            changed=case.changed_at,
        )
        for what, day in days
        if day is not None
    ]


def _task(row: CaseTask, case: Case) -> ics.Entry:
    return ics.Entry(
        uid=f"taak-{row.id}@portaal",
        day=row.due_on,
        title=f"Portaal: {TASKS.get(row.kind, 'taak')}, zaak {case.label}",
        changed=case.changed_at,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(b"calendar/v1:" + token.encode()).hexdigest()
