"""Approval by a role at a gate: asked of a person, and given in that person's own session.

Whoever is asked must read the case; for somebody who does not, a reader gives the key by hand and
writes down why. What was approved in a talk is recorded on behalf of the other, and stays marked
as that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.protocol import Gate, Protocol
from portal.models import Approval, Case, CaseReader
from portal.services import case_keys, case_records, case_work, protocols, roster
from portal.services.case_keys import CaseKeys
from portal.services.staff import StaffActor

ASK, ANSWER = "approval_ask", "approval"
APPROVAL = "approval"
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that nobody answered yet."""

    id: str
    approver: str
    mine: bool
    who: str
    text: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Given:
    """An answer on record; `own`: given in the approver's own session."""

    who: str
    outcome: str
    text: str
    at: datetime
    own: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds the role that approves."""

    id: str
    name: str
    reads: bool


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate that needs the approval of a role, for somebody who reads the case."""

    gate: Gate
    role: str
    asked: tuple[Asked, ...]
    given: tuple[Given, ...]
    holders: tuple[Holder, ...]
    may_answer: bool
    """Whether this very person holds the role."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One question on somebody's desk, without a word of what it is about."""

    case_id: str
    label: str
    due_on: date


def gates_here(session: Session, *, actor: StaffActor, case_id: str) -> dict[str, str]:
    """Name the gates of the step that need an approval, and the role; no key is opened."""
    case = session.get(Case, case_id)
    if case is None or case.school_id != actor.school_id:
        return {}
    protocol = protocols.of_case(session, case)
    return {gate.key: protocol.label(gate.role) for gate in gates_of(protocol, case.step_key)}


def gates_of(protocol: Protocol, step_key: str) -> list[Gate]:
    """Give the gates of a step that need the approval of a role."""
    parts = protocol.parts(step_key)
    return [gate for part in parts for gate in part.gates if gate.kind == APPROVAL]


def show(session: Session, *, actor: StaffActor, case_id: str) -> list[GateView]:
    """Give every gate of the step that needs an approval, what was asked and what was said."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    own = own_answers(session, opened)
    asked = _asked(session, case, opened, actor)
    return [
        GateView(
            gate=gate,
            role=protocol.label(gate.role),
            asked=tuple(one for key, one in asked if key == gate.key),
            given=tuple(_given(body, own) for body in steps if body["action"] == gate.key),
            holders=tuple(holders_of(session, case, opened, gate)),
            may_answer=gate.role in roles_of(session, case, actor.id),
        )
        for gate in gates_of(protocol, case.step_key)
    ]


def own_answers(session: Session, opened: CaseKeys) -> set[tuple[str, str, str]]:
    """Which answers were given by the approver: gate, person and time of each."""
    return {_mark(body) for body in case_keys.facts_of(session, opened, ANSWER)}


def is_own(body: Mapping[str, Any], own: Iterable[tuple[str, str, str]]) -> bool:
    """Whether a recorded step is such an answer."""
    return _mark(body) in own


def _mark(body: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(body["action"]), str(body["staff"]), str(body["at"])


def _given(body: Mapping[str, Any], own: Iterable[tuple[str, str, str]]) -> Given:
    at = datetime.fromisoformat(body["at"])
    return Given(body["who"], body["outcome"], body["text"], at, is_own(body, own))


def _asked(
    session: Session, case: Case, opened: CaseKeys, actor: StaffActor
) -> list[tuple[str, Asked]]:
    words = {body["approval"]: body for body in case_keys.facts_of(session, opened, ASK)}
    return [
        (row.gate_key, _view(row, words[row.id], actor))
        for row in open_rows(session, case)
        if row.id in words
    ]


def _view(row: Approval, body: Mapping[str, Any], actor: StaffActor) -> Asked:
    mine = row.approver_id == actor.id
    return Asked(row.id, body["approver"], mine, body["who"], body["text"], row.due_on)


def open_rows(session: Session, case: Case, gate_key: str = "") -> Sequence[Approval]:
    """Give the questions that nobody answered yet, the soonest first."""
    query = select(Approval).where(
        Approval.school_id == case.school_id, Approval.case_id == case.id, Approval.state == OPEN
    )
    if gate_key:
        query = query.where(Approval.gate_key == gate_key)
    return session.scalars(query.order_by(Approval.due_on, Approval.id)).all()


def holders_of(session: Session, case: Case, opened: CaseKeys, gate: Gate) -> list[Holder]:
    """List who holds the role of a gate, without who is shut out of the case."""
    shut_out = case_keys.excluded_staff(session, opened)
    reading = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    return [
        Holder(member.id, member.name, member.id in reading)
        for member in roster.roster_of(session, case.school_id).members
        if member.usable and member.id not in shut_out
        if gate.role in {held.role for held in member.roles}
    ]


def roles_of(session: Session, case: Case, staff_id: str) -> set[str]:
    """Give the roles that somebody holds today."""
    person = roster.roster_of(session, case.school_id).member(staff_id)
    return {held.role for held in person.roles} if person is not None else set()


def waiting_for(session: Session, *, actor: StaffActor) -> list[Waiting]:
    """List what is asked of somebody, over all open cases that they read."""
    query = (
        select(Approval.case_id, Case.label, Approval.due_on)
        .join(Case, Case.id == Approval.case_id)
        .join(CaseReader, (CaseReader.case_id == Case.id) & (CaseReader.staff_id == actor.id))
        .where(
            Approval.school_id == actor.school_id,
            Approval.approver_id == actor.id,
            Approval.state == OPEN,
            CaseReader.until.is_(None),
            Case.status != case_work.CLOSED,
        )
        .order_by(Approval.due_on, Approval.id)
    )
    return [Waiting(*row) for row in session.execute(query)]
