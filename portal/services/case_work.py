"""What staff do in a case: note, reply to a reporter, record a step, go on to another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.models import Case
from portal.services import (
    case_keys,
    case_records,
    keys,
    notices,
    people,
    protocols,
    reporter,
    stands,
    talk_guards,
    traces,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.staff import StaffActor
from portal.services.trail import TRAIL

OPTION_LIMIT = 120
FEWEST, MOST = 2, 4
CLOSED = "closed"
NOTE, STEP, MOVE = "note", "step", "move"
TOLD_OF_STEP = ("action", "outcome", "step")


def write_note(
    session: Session, *, actor: StaffActor, case_id: str, text: str, now: datetime
) -> None:
    """Write a note that all readers of the case see."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    body = {"text": case_records.checked("text", text)}
    case_records.write(session, case, opened, NOTE, body, actor, now)


def reply(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    report_id: str,
    text: str,
    now: datetime,
    options: Sequence[str] = (),
) -> None:
    """Write to the reporter of one report of the case.

    Args:
        options: ready answers, which make it a question that is answered with one tap.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    stories = opened.of_report(report_id, keys.STORY)
    if not stories:
        raise NotFoundError(report_id)
    body: dict[str, Any] = {"text": case_records.checked("text", text)}
    kind = reporter.FROM_STAFF
    if options:
        kind, body["options"] = reporter.QUESTION, _checked_options(options)
    has_answered(case)
    case_records.settle(session, case)
    reached = "talking" if case.status in {"received", "read"} else ""
    traced = set_status(session, case, opened, actor, reached, now)
    notices.tell(session, case=case, opened=opened, report_id=report_id, now=now)
    case_records.write(
        session,
        case,
        opened,
        kind,
        body,
        actor,
        now,
        CustodyKind.MESSAGE_SENT,
        traced,
        report_id=report_id,
        place=stories[-1],
    )


def record_step(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    action_key: str,
    outcome: str,
    text: str,
    now: datetime,
    status: str = "",
    person: str = "",
    side: str = "",
    ground: str = "",
    settles_answer: bool = True,
) -> None:
    """Record what became of one action or gate of the protocol, with a note.

    Args:
        person: of a gate, the key of whoever answered; `side` is theirs if nobody is recorded.
        ground: of a consultation passed over, why that was right (`hard_rules.GROUNDS`).
        status: where the case stands from now on, in the words the reporter is told; empty
            leaves it.
        settles_answer: whether nobody waits for staff any more; not so where who records it does
            not handle the case.

    Raises:
        InvalidInputError: when the protocol does not admit it; ``problem`` says why, in Dutch.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    words = case_records.checked("text", text, may_be_empty=True)
    if status == CLOSED:
        raise InvalidInputError("status", "unknown")
    steps = case_keys.facts_of(session, opened, STEP)
    body = case_records.signed(
        actor,
        now,
        {"action": action_key, "outcome": outcome, "step": case.step_key, "text": words},
    )
    known = people.persons_of(session, opened)
    said = {"person": person, "side": side or people.side_of(known, person), "ground": ground}
    body |= {key: value for key, value in said.items() if value}
    refusal = stands.refusal_of(session, case, opened, protocol, steps, body, known)
    refusal = refusal or talk_guards.step_refusal(session, case, opened, protocol, steps, body)
    if refusal is not None:
        raise InvalidInputError("outcome", refusal)
    traced = set_status(session, case, opened, actor, status, now)
    event = CustodyKind.CASE_STEP_RECORDED
    case_records.write(
        session, case, opened, STEP, body, actor, now, event, traced, told=TOLD_OF_STEP
    )
    stands.look_ahead(session, case, opened, protocol, [*steps, body], now, known)
    if settles_answer:
        has_answered(case)
    case_records.settle(session, case)


def move_to_step(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    step_key: str,
    reason: str,
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Go on to another step, with a reason; `more` tells in the same record what led there.

    A step that is chosen while the case is in it begins again, and so does one that `more` says is
    to: what was recorded stays, but does not count for the new round.

    Raises:
        InvalidInputError: for a step that the protocol does not have, or without a reason.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    if protocol.step(step_key) is None:
        raise InvalidInputError("step", "unknown")
    moved = {"from": case.step_key, "to": step_key, "text": case_records.checked("reason", reason)}
    body = {**(more or {}), **moved}
    if body.get("again") or (more is None and step_key == case.step_key):
        done = [one for one in case_keys.facts_of(session, opened, STEP) if one["step"] == step_key]
        body |= {"again": True, "before": len(done)}
    case.step_key = step_key
    event = CustodyKind.CASE_STEP_RECORDED
    case_records.write(session, case, opened, MOVE, body, actor, now, event, told=("from", "to"))
    steps, known = case_keys.facts_of(session, opened, STEP), people.persons_of(session, opened)
    stands.look_ahead(session, case, opened, protocol, steps, now, known)
    case_records.settle(session, case)


def set_status(
    session: Session, case: Case, opened: CaseKeys, actor: StaffActor, status: str, now: datetime
) -> list[str]:
    """Let the case stand elsewhere, as its reporters see. Returns the hashes for the log."""
    if status in {"", case.status}:
        return []
    if status not in TRAIL:
        raise InvalidInputError("status", "unknown")
    case.status = status
    case.checking_since = local_date(now) if status == "checking" else None
    case_records.settle(session, case)
    who = actor.custody
    return traces.note(
        session, case=case, opened=opened, actor=who, what=traces.STATUS, status=status, now=now
    )


def has_answered(case: Case) -> None:
    """Write down that nobody waits for staff any more."""
    case.waiting_for_staff, case.answer_by, case.check_call = False, None, False


def _checked_options(options: Sequence[str]) -> list[str]:
    given = [case_records.checked("options", option) for option in options]
    fits = FEWEST <= len(set(given)) == len(given) <= MOST
    if not fits or max(map(len, given)) > OPTION_LIMIT:
        raise InvalidInputError("options", "options")
    return given
