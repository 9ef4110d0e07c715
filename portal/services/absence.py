"""Being away: a colleague stands in, with keys that are wrapped in the session of who goes.

Nothing changes hands: the handler stays the handler. On the days of an absence the cases stand on
the desk of who stands in as well, and new ones that come in give that person a key at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, aliased

from portal.domain.custody_kinds import ReaderChange
from portal.domain.deadlines import local_date
from portal.models import Absence, Case, StaffMember, new_id
from portal.services import case_keys, case_records, case_work, notify, traces, turns
from portal.services.case_keys import CaseKeys
from portal.services.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RecordMismatchError,
)
from portal.services.staff import StaffActor

LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class AbsenceView:
    """One absence as its own page shows it."""

    id: str
    first_on: date
    last_on: date
    substitute: str


@dataclass(frozen=True, slots=True)
class Arranged:
    """What came of it: labels of cases that this colleague cannot be given."""

    given: int
    without: list[str]


def of_actor(session: Session, *, actor: StaffActor, now: datetime) -> list[AbsenceView]:
    """List somebody's absences from today on."""
    substitute = aliased(StaffMember)
    query = (
        select(Absence, substitute.name)
        .join(substitute, substitute.id == Absence.substitute_id)
        .where(Absence.staff_id == actor.id, Absence.last_on >= local_date(now))
        .order_by(Absence.first_on)
    )
    return [
        AbsenceView(row.id, row.first_on, row.last_on, name) for row, name in session.execute(query)
    ]


def arrange(
    session: Session,
    *,
    actor: StaffActor,
    first_on: date,
    last_on: date,
    substitute_id: str,
    now: datetime,
) -> Arranged:
    """Note that somebody is away, and give who stands in the keys of the open cases.

    Raises:
        InvalidInputError: field ``last_on`` for days that cannot be, ``first_on`` where there is
            an absence then, ``substitute`` for somebody who cannot be given a key.
    """
    _check_days(session, actor, first_on, last_on, now)
    member = session.get(StaffMember, substitute_id.replace("\0", ""))
    if member is None or member.school_id != actor.school_id or member.id == actor.id:
        raise InvalidInputError("substitute", "unknown")
    if member.confirmed_at is None or member.disabled_at is not None:
        raise InvalidInputError("substitute", "unknown")
    given, without = 0, []
    for case in _open_cases(session, actor):
        try:
            given += _give(session, actor, case, member, now)
        except (ForbiddenError, NotFoundError, RecordMismatchError):
            without.append(case.label)
    row = Absence(
        id=new_id(),
        school_id=actor.school_id,
        staff_id=actor.id,
        substitute_id=member.id,
        first_on=first_on,
        last_on=last_on,
    )
    session.add(row)
    turns.note(session, actor.custody, actor.school_id, [row.id, member.id], "absence", now)
    notify.queue(
        session,
        school_id=actor.school_id,
        staff_id=member.id,
        template="standing_in",
        dedupe_key=f"absence:{row.id}",
        now=now,
    )
    session.flush()
    return Arranged(given, without)


def _check_days(
    session: Session, actor: StaffActor, first_on: date, last_on: date, now: datetime
) -> None:
    today = local_date(now)
    if last_on < max(first_on, today) or last_on - first_on > LONGEST:
        raise InvalidInputError("last_on", "order")
    beside = select(Absence.id).where(
        Absence.staff_id == actor.id, Absence.first_on <= last_on, Absence.last_on >= first_on
    )
    if session.scalar(beside) is not None:
        raise InvalidInputError("first_on", "overlap")


def _open_cases(session: Session, actor: StaffActor) -> list[Case]:
    query = select(Case).where(
        Case.school_id == actor.school_id,
        Case.handler_id == actor.id,
        Case.status != case_work.CLOSED,
    )
    return list(session.scalars(query.order_by(Case.id)))


def _give(
    session: Session, actor: StaffActor, case: Case, member: StaffMember, now: datetime
) -> bool:
    """Let somebody read a case from now on; False when they do already."""
    readers = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    if member.id in readers:
        return False
    _case, opened = case_records.open_for(session, actor=actor, case_id=case.id)
    if member.id in case_keys.excluded_staff(session, opened):
        raise ForbiddenError(member.id)
    traced = _trace(session, actor, case, opened, member, now)
    case_keys.add_reader(
        session,
        case=case,
        case_keys=opened,
        member=member,
        part="substitute",
        actor=actor.custody,
        why=ReaderChange.STANDS_IN,
        now=now,
        about=traced,
    )
    return True


def _trace(
    session: Session,
    actor: StaffActor,
    case: Case,
    opened: CaseKeys,
    member: StaffMember,
    now: datetime,
) -> list[str]:
    return traces.note(
        session,
        case=case,
        opened=opened,
        actor=actor.custody,
        what=traces.READER_ADDED,
        to=member,
        now=now,
    )


def cancel(session: Session, *, actor: StaffActor, absence_id: str, now: datetime) -> None:
    """Be back earlier, or not go; keys that were given stay given."""
    row = session.get(Absence, absence_id)
    if row is None or row.staff_id != actor.id:
        raise NotFoundError(absence_id)
    session.execute(delete(Absence).where(Absence.id == absence_id))
    turns.note(session, actor.custody, actor.school_id, [absence_id], "absence", now)
