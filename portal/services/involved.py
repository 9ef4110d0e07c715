"""Stepping out of a case because one is involved: the keys follow, and stay away for good.

Whoever reads it next in line has it then. Two people must be left who can read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind, ReaderChange
from portal.domain.readers import ENOUGH
from portal.models import Case, CaseReader, StaffMember
from portal.services import (
    case_keys,
    case_records,
    exclusions,
    handing,
    naming,
    own_notes,
    protocols,
    roster,
    tasks,
    traces,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError
from portal.services.staff import StaffActor

OWN_WORDS = "Is zelf betrokken."


@dataclass(frozen=True, slots=True)
class Out:
    """What stepping out would do."""

    next_id: str
    next_name: str
    needs_reader: bool
    candidates: list[tuple[str, str]]


def look(session: Session, *, actor: StaffActor, case_id: str) -> Out:
    """Say who would have the case, and whether somebody must come to read along first."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    left = _left(session, case, actor.id)
    following = _following(case, left, actor.id)
    known = {row.staff_id for row in left} | {actor.id}
    known |= case_keys.excluded_staff(session, opened)
    people = roster.roster_of(session, case.school_id).members
    candidates = [(one.id, one.name) for one in people if one.usable and one.id not in known]
    name = session.get_one(StaffMember, following).name if following else ""
    return Out(following, name, len(left) < ENOUGH, candidates)


def step_out(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    reason: str,
    now: datetime,
    reader_id: str = "",
) -> None:
    """Leave a case for good; its reporters see that somebody else has it.

    Args:
        reader_id: who reads along from now on, where fewer than two would be left.

    Raises:
        InvalidInputError: when fewer than two people would be left.
        ForbiddenError: for a new reader who is excluded or has no confirmed key.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    why = case_records.checked("reason", reason, may_be_empty=True) or OWN_WORDS
    if reader_id:
        _let_in(session, case, opened, actor, reader_id, now)
    left = _left(session, case, actor.id)
    if len(left) < ENOUGH:
        raise InvalidInputError("reader", "too_few")
    names = naming.names_of(session, actor=actor, report_ids=opened.reports)
    # Written before the new epoch, which looks whom it must leave out, and once more into it.
    shut_out = case_keys.excluded_staff(session, opened) | {actor.id}
    exclusions.write(session, opened.current, shut_out, now=now)
    me = session.get_one(StaffMember, actor.id)
    renewed = case_keys.remove_reader(
        session,
        case=case,
        case_keys=opened,
        staff_id=actor.id,
        actor=actor.custody,
        why=ReaderChange.INVOLVED,
        now=now,
    )
    exclusions.write(session, renewed.current, shut_out, now=now)
    own_notes.forget(session, case_id=case.id, staff_id=actor.id)
    follower = session.get_one(StaffMember, _following(case, left, actor.id))
    tasks.pass_on(session, case_id=case.id, from_id=actor.id, to_id=follower.id)
    traced: list[str] = []
    if case.handler_id == actor.id:
        _give(session, case, follower, now)
        naming.pass_on(
            session,
            names,
            actor=actor,
            case=case,
            case_keys=renewed,
            member=follower,
            role_key=case.role_key,
            now=now,
        )
        traced = traces.note_handing(session, case, renewed, me, follower, leaves=True, now=now)
    said = {"from": me.name, "to": follower.name, "text": why, "involved": True}
    event = CustodyKind.CASE_HANDED_OVER
    case_records.write(session, case, renewed, handing.HANDOVER, said, actor, now, event, traced)


def _left(session: Session, case: Case, staff_id: str) -> list[CaseReader]:
    """List who reads the case without this person, and still can: the nearest to it first."""
    query = (
        select(CaseReader)
        .join(StaffMember, StaffMember.id == CaseReader.staff_id)
        .where(
            CaseReader.school_id == case.school_id,
            CaseReader.case_id == case.id,
            CaseReader.until.is_(None),
            CaseReader.staff_id != staff_id,
            StaffMember.disabled_at.is_(None),
            StaffMember.confirmed_at.is_not(None),
        )
    )
    order = case_keys.PARTS
    return sorted(session.scalars(query), key=lambda row: (order.get(row.part, 9), row.staff_id))


def _following(case: Case, left: Sequence[CaseReader], staff_id: str) -> str:
    """Who has the case then: a substitute before the overseer, who sees that it is done."""
    if case.handler_id != staff_id:
        return case.handler_id
    by_part = {row.part: row.staff_id for row in reversed(left)}
    wanted = ("substitute", "overseer", "also")
    return next((by_part[part] for part in wanted if part in by_part), "")


def _let_in(
    session: Session,
    case: Case,
    opened: CaseKeys,
    actor: StaffActor,
    staff_id: str,
    now: datetime,
) -> None:
    member = session.get(StaffMember, staff_id)
    if member is None or member.school_id != case.school_id or member.id == actor.id:
        raise InvalidInputError("reader", "unknown")
    case_keys.add_reader(
        session,
        case=case,
        case_keys=opened,
        member=member,
        part="also",
        actor=actor.custody,
        why=ReaderChange.INVOLVED,
        now=now,
    )
    session.flush()


def _give(session: Session, case: Case, member: StaffMember, now: datetime) -> None:
    """Let the case stand on the desk of whoever follows, in a role of its protocol they hold."""
    case_keys.take_part(session, case, member.id, "handler")
    person = roster.roster_of(session, case.school_id).member(member.id)
    protocol = protocols.of_case(session, case)
    held = [one.role for one in person.roles] if person is not None else []
    known = [role for role in held if protocol.role(role) is not None]
    if case.role_key not in known and known:
        case.role_key = known[0]
    case.waiting_for_staff = True
    handing.put_on_desk(session, case, member, now)
