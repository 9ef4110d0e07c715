"""Asking for the approval of a role, giving it in one's own session, recording it for another."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.domain.dutch import day_long
from portal.domain.protocol import Gate
from portal.models import Approval, Case, new_id
from portal.services import (
    approvals,
    case_records,
    case_work,
    notify,
    protocols,
    roster,
    sharing,
)
from portal.services.approvals import Holder
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.staff import StaffActor

OUTCOMES = ("agreed", "refused")
WITHDRAWN, ENDED = "withdrawn", "approval_end"


def ask(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    gate_key: str,
    approver_id: str,
    text: str,
    due_on: date | None,
    let_in: str,
    now: datetime,
) -> None:
    """Ask somebody who holds the role of a gate; it stands on that person's desk from now on.

    Args:
        let_in: why this person gets the key, when they do not read the case yet.

    Raises:
        InvalidInputError: without words, a day or a holder of the role; ``let_in`` is missing for
            somebody who does not read the case; or it was asked already.
        ForbiddenError: for somebody excluded, or without a confirmed key.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    gate = _gate(session, case, gate_key)
    holder = next(
        (one for one in approvals.holders_of(session, case, opened, gate) if one.id == approver_id),
        None,
    )
    if holder is None:
        raise InvalidInputError("approver", "nobody")
    words = case_records.checked("text", text)
    if due_on is None or due_on < local_date(now):
        raise InvalidInputError("due_on", "day")
    if any(row.approver_id == holder.id for row in approvals.open_rows(session, case, gate.key)):
        raise InvalidInputError("approver", "asked")
    if not holder.reads:
        _let_in(session, actor, case_id, holder, gate, let_in, now)
        case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    _write(session, case, opened, actor, holder, gate, words, due_on, now)


def _let_in(
    session: Session,
    actor: StaffActor,
    case_id: str,
    holder: Holder,
    gate: Gate,
    reason: str,
    now: datetime,
) -> None:
    case_records.checked("let_in", reason)
    sharing.let_in(
        session,
        actor=actor,
        case_id=case_id,
        staff_id=holder.id,
        role=gate.role,
        reason=reason,
        now=now,
    )


def _write(
    session: Session,
    case: Case,
    opened: CaseKeys,
    actor: StaffActor,
    holder: Holder,
    gate: Gate,
    words: str,
    due_on: date,
    now: datetime,
) -> None:
    row = Approval(
        id=new_id(),
        school_id=case.school_id,
        case_id=case.id,
        approver_id=holder.id,
        gate_key=gate.key,
        due_on=due_on,
        state=approvals.OPEN,
    )
    said = {"approval": row.id, "action": gate.key, "approver": holder.name, "text": words}
    row.record_id = case_records.write(session, case, opened, approvals.ASK, said, actor, now).id
    session.add(row)
    notify.queue(
        session,
        school_id=case.school_id,
        staff_id=holder.id,
        template="changed",
        dedupe_key=f"approval:{row.id}",
        now=now,
    )
    case_records.settle(session, case)


def answer(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    gate_key: str,
    outcome: str,
    reason: str,
    now: datetime,
) -> None:
    """Approve or refuse, as somebody who holds the role, in one's own session.

    Raises:
        NotFoundError: for somebody who does not read the case.
        InvalidInputError: without a reason, for another outcome, for somebody who does not hold
            the role, or when the gate belongs to another step by now.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    gate = _gate(session, case, gate_key)
    if gate.role not in approvals.roles_of(session, case, actor.id):
        raise InvalidInputError("outcome", "not_yours")
    if outcome not in OUTCOMES:
        raise InvalidInputError("outcome", "unknown")
    words = case_records.checked("reason", reason)
    case_work.record_step(
        session,
        actor=actor,
        case_id=case_id,
        action_key=gate.key,
        outcome=outcome,
        text=words,
        now=now,
        settles_answer=False,  # whoever approves has not answered the reporter
    )
    said = {"action": gate.key, "outcome": outcome}
    case_records.write(session, case, opened, approvals.ANSWER, said, actor, now)
    _end(session, case, gate, actor.id, outcome)
    if case.handler_id != actor.id:
        notify.queue(
            session,
            school_id=case.school_id,
            staff_id=case.handler_id,
            template="changed",
            dedupe_key=f"approved:{case.id}:{gate.key}:{now.isoformat()}",
            now=now,
        )
    case_records.settle(session, case)


def record_for(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    gate_key: str,
    approver_id: str,
    on: date | None,
    outcome: str,
    text: str,
    now: datetime,
) -> None:
    """Record what somebody who holds the role said in a talk: who, when, and what.

    Raises:
        InvalidInputError: without a holder of the role, a day that is over, or words.
    """
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    gate = _gate(session, case, gate_key)
    members = roster.roster_of(session, case.school_id).members
    name = next((one.name for one in members if one.id == approver_id), "")
    if not name or gate.role not in approvals.roles_of(session, case, approver_id):
        raise InvalidInputError("said_by", "nobody")
    if on is None or on > local_date(now):
        raise InvalidInputError("said_on", "past")
    if outcome not in OUTCOMES:
        raise InvalidInputError("outcome", "unknown")
    words = case_records.checked("said", text)
    case_work.record_step(
        session,
        actor=actor,
        case_id=case_id,
        action_key=gate.key,
        outcome=outcome,
        text=f"{name} zei dit in een gesprek op {day_long(on)}: {words}",
        now=now,
    )
    _end(session, case, gate, approver_id, outcome)
    case_records.settle(session, case)


def _end(session: Session, case: Case, gate: Gate, approver_id: str, outcome: str) -> None:
    """Take the question off the desk of whoever answered it."""
    for row in approvals.open_rows(session, case, gate.key):
        if row.approver_id == approver_id:
            row.state = outcome


def withdraw(
    session: Session, *, actor: StaffActor, case_id: str, approval_id: str, now: datetime
) -> None:
    """Take a question back that nobody answered.

    Raises:
        ConflictError: when it was answered meanwhile.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    row = session.get(Approval, approval_id.replace("\0", ""))
    if row is None or row.case_id != case.id:
        raise NotFoundError(approval_id)
    if row.state != approvals.OPEN:
        raise ConflictError(approval_id)
    row.state = WITHDRAWN
    said = {"approval": row.id, "action": row.gate_key, "ended": True}
    case_records.write(session, case, opened, ENDED, said, actor, now)


def _gate(session: Session, case: Case, gate_key: str) -> Gate:
    protocol = protocols.of_case(session, case)
    found = next(
        (one for one in approvals.gates_of(protocol, case.step_key) if one.key == gate_key), None
    )
    if found is None:
        raise InvalidInputError("gate", "gone")
    return found
