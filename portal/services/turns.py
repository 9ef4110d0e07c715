"""Whose turn it is: who is on duty in a role that takes turns, and who stands in for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.models import Absence, DutyTurn, StaffMember, StaffRole, new_id
from portal.services import custody, protocols
from portal.services.custody import Actor
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.schools import SchoolView

DUTY = "duty_roster"
LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn as the roster shows it."""

    id: str
    name: str
    role_label: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class DutyRoster:
    """The turns from today on, who can take one in which role, and who has it today."""

    turns: list[Turn]
    choices: list[tuple[str, str]]
    """``role:staff`` and the words for it."""
    uncovered: list[str]
    """Roles that take turns and have nobody today."""


def covered_by(session: Session, *, school_id: str, staff_id: str, today: date) -> dict[str, str]:
    """Give for whom somebody stands in today: names by id."""
    query = (
        select(StaffMember.id, StaffMember.name)
        .join(Absence, Absence.staff_id == StaffMember.id)
        .where(
            Absence.school_id == school_id,
            Absence.substitute_id == staff_id,
            Absence.first_on <= today,
            Absence.last_on >= today,
        )
    )
    return {row.id: row.name for row in session.execute(query)}


def stand_ins(session: Session, school_id: str, today: date) -> dict[str, str]:
    """Give who stands in today: ids by the id of who is away."""
    query = select(Absence.staff_id, Absence.substitute_id).where(
        Absence.school_id == school_id, Absence.first_on <= today, Absence.last_on >= today
    )
    return {row.staff_id: row.substitute_id for row in session.execute(query)}


def on_duty(session: Session, school_id: str, today: date) -> tuple[tuple[str, str], ...]:
    """Give role and person of every turn of today."""
    query = select(DutyTurn.role_key, DutyTurn.staff_id).where(
        DutyTurn.school_id == school_id, DutyTurn.first_on <= today, DutyTurn.last_on >= today
    )
    return tuple(sorted((row.role_key, row.staff_id) for row in session.execute(query)))


def roster(session: Session, *, school: SchoolView, now: datetime) -> DutyRoster:
    """Show the duty roster from today on."""
    protocol, _ = protocols.current(school.protocol_key)
    roles = [role.key for role in protocol.roles if role.scope == DUTY]
    today = local_date(now)
    query = (
        select(DutyTurn, StaffMember.name)
        .join(StaffMember, StaffMember.id == DutyTurn.staff_id)
        .where(DutyTurn.school_id == school.id, DutyTurn.last_on >= today)
        .order_by(DutyTurn.first_on, DutyTurn.role_key, StaffMember.name)
    )
    turns = [
        Turn(row.id, name, protocol.label(row.role_key), row.first_on, row.last_on)
        for row, name in session.execute(query)
    ]
    holders = (
        select(StaffRole.role_key, StaffMember.id, StaffMember.name)
        .join(StaffMember, StaffMember.id == StaffRole.staff_id)
        .where(
            StaffRole.school_id == school.id,
            StaffRole.role_key.in_(roles),
            StaffMember.disabled_at.is_(None),
        )
        .order_by(StaffMember.name)
        .distinct()
    )
    choices = [
        (f"{role}:{staff_id}", f"{name}, {protocol.label(role)}")
        for role, staff_id, name in session.execute(holders)
    ]
    there = {role for role, _who in on_duty(session, school.id, today)}
    return DutyRoster(turns, choices, [protocol.label(one) for one in roles if one not in there])


def add(
    session: Session,
    *,
    actor: Actor,
    school: SchoolView,
    role_key: str,
    staff_id: str,
    first_on: date,
    last_on: date,
    now: datetime,
) -> None:
    """Give somebody a turn.

    Raises:
        InvalidInputError: field ``last_on`` for days that cannot be, ``staff`` for somebody who
            does not hold this role, or a role that takes no turns.
    """
    if last_on < max(first_on, local_date(now)) or last_on - first_on > LONGEST:
        raise InvalidInputError("last_on", "order")
    known = roster(session, school=school, now=now).choices
    if f"{role_key}:{staff_id}" not in dict(known):
        raise InvalidInputError("staff", "unknown")
    row = DutyTurn(
        id=new_id(),
        school_id=school.id,
        staff_id=staff_id,
        role_key=role_key,
        first_on=first_on,
        last_on=last_on,
    )
    session.add(row)
    note(session, actor, school.id, [row.id, staff_id], "duty", now)


def remove(session: Session, *, actor: Actor, school_id: str, turn_id: str, now: datetime) -> None:
    """Take a turn away."""
    row = session.get(DutyTurn, turn_id)
    if row is None or row.school_id != school_id:
        raise NotFoundError(turn_id)
    session.execute(delete(DutyTurn).where(DutyTurn.id == turn_id))
    note(session, actor, school_id, [turn_id, row.staff_id], "duty", now)


def note(
    session: Session, actor: Actor, school_id: str, about: list[str], what: str, now: datetime
) -> None:
    """Write into the log that duties or absences changed."""
    custody.record_event(
        session,
        CustodyKind.ROSTER_CHANGED,
        school_id=school_id,
        actor=actor,
        now=now,
        about=about,
        particulars={"changed": [what]},
    )
