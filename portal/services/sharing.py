"""Letting one more person read a case: a role of its protocol, once the gates before it are open.

The support team hears of a case after the consent that the school's text asks, not before: without
it nobody of the team is given a key here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal import data
from portal.domain import gates as gating
from portal.domain.custody_kinds import ReaderChange
from portal.domain.people import Person, asked
from portal.domain.protocol import Gate, Protocol
from portal.domain.routing import find_gate, route
from portal.models import Case, StaffMember
from portal.services import (
    case_keys,
    case_records,
    case_work,
    people,
    protocols,
    rerouting,
    roster,
    stands,
    traces,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.staff import StaffActor

LET_IN = "let_in"


@dataclass(frozen=True, slots=True)
class RoleToTell:
    """A role that the protocol says gets to know: what it waits for, and who holds it."""

    role: str
    label: str
    closed: tuple[Gate, ...]
    people: tuple[tuple[str, str], ...]


def to_tell(session: Session, *, actor: StaffActor, case_id: str) -> list[RoleToTell]:
    """List the roles that should know of a case by its facts, of whom nobody reads it yet."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    known = rerouting.known(session, actor=actor, case_id=case_id)
    readers = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    staff = roster.roster_of(session, case.school_id)
    reading = {held.role for one in staff.members if one.id in readers for held in one.roles}
    return [
        RoleToTell(
            role,
            protocol.label(role),
            tuple(_closed(session, opened, protocol, role)),
            tuple(rerouting.takers(session, actor=actor, case_id=case_id, role=role)),
        )
        for role in route(protocol, known).also
        if role not in reading
    ]


def let_in(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    staff_id: str,
    role: str,
    reason: str,
    now: datetime,
) -> None:
    """Give somebody who holds a role of the protocol the key of a case, with a reason.

    Raises:
        InvalidInputError: without a reason, for somebody who does not hold the role, or while a
            gate before it is closed; ``problem`` then is the gate with its sentence, in Dutch.
        ForbiddenError: for somebody excluded, or without a confirmed key.
        ConflictError: when this person reads it already.
    """
    words = case_records.checked("share_reason", reason)
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    member = _holder(session, case, protocol, staff_id, role)
    closed = _closed(session, opened, protocol, role)
    if closed:
        gate = closed[0]
        sentence = f"‘{gate.quote}’ ({gate.file}, regel {gate.line})"
        raise InvalidInputError("share", f"Eerst nodig: {gate.label}. {sentence}")
    traced = traces.note(
        session,
        case=case,
        opened=opened,
        actor=actor.custody,
        what=traces.READER_ADDED,
        to=member,
        now=now,
    )
    case_keys.add_reader(
        session,
        case=case,
        case_keys=opened,
        member=member,
        part="also",
        actor=actor.custody,
        why=ReaderChange.LET_IN,
        now=now,
        about=traced,
    )
    body = {"to": member.name, "role": role, "text": words}
    case_records.write(session, case, opened, LET_IN, body, actor, now)


def _holder(
    session: Session, case: Case, protocol: Protocol, staff_id: str, role: str
) -> StaffMember:
    member = session.get(StaffMember, staff_id.replace("\0", ""))
    if member is None or member.school_id != case.school_id:
        raise NotFoundError(staff_id)
    person = roster.roster_of(session, case.school_id).member(member.id)
    held = {one.role for one in person.roles} if person is not None else set()
    if role not in held or protocol.role(role) is None:
        raise InvalidInputError("share", "unknown")
    if member.id in {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}:
        raise ConflictError(member.id)
    return member


def _closed(session: Session, opened: CaseKeys, protocol: Protocol, role: str) -> list[Gate]:
    """The gates that a role still waits for: none once those of one rule are all open."""
    waits = [rule.gates for rule in protocol.intake_also if role in rule.roles and rule.gates]
    if not waits:
        return []
    known = people.persons_of(session, opened)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    said = [stands.event_of(body) for body in steps]
    lacking = [
        [
            gate
            for key in keys
            if (gate := find_gate(protocol, key)) and not _open(gate, said, known)
        ]
        for keys in waits
    ]
    return min(lacking, key=len)


def _open(gate: Gate, said: Sequence[gating.Event], known: Sequence[Person]) -> bool:
    own = [one for one in said if one.key == gate.key and gating.refusal(gate, one) is None]
    return gating.is_open(gate, own, asked(gate, known, data.consent_ages()))
