"""What staff do in a case: note, reply, record a step, hand over, share with one more reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.domain.readers import ENOUGH
from portal.models import Case, Record, StaffMember
from portal.services import (
    case_keys,
    custody,
    keys,
    naming,
    notices,
    notify,
    people,
    protocols,
    records,
    reporter,
    roster,
    stands,
    talk_guards,
    traces,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.staff import StaffActor
from portal.services.trail import TRAIL

TEXT_LIMIT, OPTION_LIMIT = 50_000, 120
FEWEST, MOST = 2, 4
CLOSED = "closed"
NOTE, STEP, HANDOVER, MOVE, CLOSING = "note", "step", "handover", "move", "closing"
PARENT_CHECK = "parent_check"
WRITTEN = (NOTE, STEP, HANDOVER, MOVE, CLOSING, "reopening", "measure", "agreement", PARENT_CHECK)


def open_for(session: Session, *, actor: StaffActor, case_id: str) -> tuple[Case, CaseKeys]:
    """Open a case for somebody who holds a wrap of it.

    Raises:
        NotFoundError: for everybody else; the answer does not tell whether it exists.
    """
    case = session.get(Case, case_id)
    if case is None or case.school_id != actor.school_id:
        raise NotFoundError(case_id)
    opened = case_keys.open_case_keys(
        session,
        school_id=actor.school_id,
        staff_id=actor.id,
        identity=actor.identity,
        case_id=case_id,
    )
    return case, opened


def write_note(
    session: Session, *, actor: StaffActor, case_id: str, text: str, now: datetime
) -> None:
    """Write a note that all readers of the case see."""
    case, opened = open_for(session, actor=actor, case_id=case_id)
    body = signed(actor, now, {"text": checked("text", text)})
    write(session, case, opened, NOTE, body, actor, now)


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
    case, opened = open_for(session, actor=actor, case_id=case_id)
    stories = opened.of_report(report_id, keys.STORY)
    if not stories:
        raise NotFoundError(report_id)
    body = signed(actor, now, {"text": checked("text", text)})
    kind = reporter.FROM_STAFF
    if options:
        kind, body["options"] = reporter.QUESTION, _checked_options(options)
    story = stories[-1]
    row = records.add_record(session, story, body, kind=kind, now=now)
    _changed(case, now)
    has_answered(case)
    reached = "talking" if case.status in {"received", "read"} else ""
    traced = set_status(session, case, opened, actor, reached, now)
    notices.tell(session, case=case, opened=opened, report_id=report_id, now=now)
    settle(session, case)
    custody.record_event(
        session,
        CustodyKind.MESSAGE_SENT,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=story.row,
        case_id=case.id,
        report_id=report_id,
        about=[row.id, row.ciphertext_sha256, *traced],
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
) -> None:
    """Record what became of one action or gate of the protocol, with a note.

    Args:
        person: of a gate, the key of whoever answered; `side` is theirs if nobody is recorded.
        ground: of a consultation passed over, why that was right (`hard_rules.GROUNDS`).
        status: where the case stands from now on, in the words the reporter is told; empty
            leaves it.

    Raises:
        InvalidInputError: when the protocol does not admit it; ``problem`` says why, in Dutch.
    """
    case, opened = open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    words = checked("text", text, may_be_empty=True)
    if status == CLOSED:
        raise InvalidInputError("status", "unknown")
    steps = case_keys.facts_of(session, opened, STEP)
    body = signed(
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
    write(session, case, opened, STEP, body, actor, now, CustodyKind.CASE_STEP_RECORDED, traced)
    stands.look_ahead(session, case, opened, protocol, [*steps, body], now, known)
    has_answered(case)
    settle(session, case)


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
    case, opened = open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    if protocol.step(step_key) is None:
        raise InvalidInputError("step", "unknown")
    moved: dict[str, Any] = {**(more or {}), "from": case.step_key, "to": step_key}
    if moved.get("again") or (more is None and step_key == case.step_key):
        done = [one for one in case_keys.facts_of(session, opened, STEP) if one["step"] == step_key]
        moved |= {"again": True, "before": len(done)}
    body = signed(actor, now, {**moved, "text": checked("reason", reason)})
    case.step_key = step_key
    write(session, case, opened, MOVE, body, actor, now, CustodyKind.CASE_STEP_RECORDED)
    steps, known = case_keys.facts_of(session, opened, STEP), people.persons_of(session, opened)
    stands.look_ahead(session, case, opened, protocol, steps, now, known)
    settle(session, case)


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
    who = actor.custody
    return traces.note(
        session, case=case, opened=opened, actor=who, what=traces.STATUS, status=status, now=now
    )


def has_answered(case: Case) -> None:
    """Write down that nobody waits for staff any more."""
    case.waiting_for_staff, case.answer_by, case.check_call = False, None, False


def _checked_options(options: Sequence[str]) -> list[str]:
    given = [checked("options", option) for option in options]
    fits = FEWEST <= len(set(given)) == len(given) <= MOST
    if not fits or max(map(len, given)) > OPTION_LIMIT:
        raise InvalidInputError("options", "options")
    return given


def hand_over(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    to_staff_id: str,
    role_key: str,
    reason: str,
    now: datetime,
    keep_reading: bool = True,
) -> None:
    """Hand a case to somebody else: wrapped to them here, in the session of a reader.

    Raises:
        InvalidInputError: without a reason, or in a role that this person does not hold.
        ForbiddenError: for somebody excluded, or without a confirmed key.
        ConflictError: when the case is theirs already.
    """
    why = checked("reason", reason)
    case, opened = open_for(session, actor=actor, case_id=case_id)
    member = session.get(StaffMember, to_staff_id)
    if member is None or member.school_id != actor.school_id:
        raise NotFoundError(to_staff_id)
    if case.handler_id == member.id:
        raise ConflictError(member.id)
    former = session.get_one(StaffMember, case.handler_id)
    names = naming.names_of(session, actor=actor, report_ids=opened.reports)
    if not keep_reading:
        _check_enough_without(session, case, former, member)
        opened = case_keys.remove_reader(
            session,
            case=case,
            case_keys=opened,
            staff_id=former.id,
            actor=actor.custody,
            reason=why,
            now=now,
        )
        settle(session, case)
    case_keys.add_reader(
        session,
        case=case,
        case_keys=opened,
        member=member,
        part="handler",
        actor=actor.custody,
        reason=why,
        now=now,
    )
    _check_role(session, case, member, role_key)
    naming.pass_on(
        session,
        names,
        actor=actor,
        case=case,
        case_keys=opened,
        member=member,
        role_key=role_key,
        now=now,
    )
    _give(session, case, former, member, role_key, now)
    leaves = not keep_reading
    traced = traces.note_handing(session, case, opened, former, member, leaves=leaves, now=now)
    body = signed(actor, now, {"from": former.name, "to": member.name, "text": why})
    event = CustodyKind.CASE_HANDED_OVER
    write(session, case, opened, HANDOVER, body, actor, now, event, traced)
    settle(session, case)


def _give(
    session: Session,
    case: Case,
    former: StaffMember,
    member: StaffMember,
    role_key: str,
    now: datetime,
) -> None:
    case_keys.take_part(session, case, former.id, "also")
    case.handler_id, case.role_key = member.id, role_key
    case.handed_at = records.whole_hour(now)
    notify.queue(
        session,
        school_id=case.school_id,
        staff_id=member.id,
        template="handed_over",
        dedupe_key=f"handed_over:{case.id}:{member.id}:{now.isoformat()}",
        now=now,
    )


def _check_role(session: Session, case: Case, member: StaffMember, role_key: str) -> None:
    """A case goes to somebody in a role of its protocol that this person holds."""
    person = roster.roster_of(session, case.school_id).member(member.id)
    held = {item.role for item in person.roles} if person is not None else set()
    if role_key not in held or protocols.of_case(session, case).role(role_key) is None:
        raise InvalidInputError("staff", "unknown")


def _check_enough_without(
    session: Session, case: Case, former: StaffMember, member: StaffMember
) -> None:
    readers = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    if len({*readers, member.id} - {former.id}) < ENOUGH:
        raise InvalidInputError("keep", "Minstens twee mensen moeten een zaak kunnen lezen.")


def write(
    session: Session,
    case: Case,
    opened: CaseKeys,
    kind: str,
    body: dict[str, Any],
    actor: StaffActor,
    now: datetime,
    event: CustodyKind = CustodyKind.RECORD_WRITTEN,
    about: Sequence[str] = (),
    *,
    sparing: bool = False,
) -> Record:
    """Seal a record into the case and name it in the log.

    Args:
        sparing: whether the log says no more than that a record was written.
    """
    told = {} if sparing else {k: v for k, v in body.items() if k not in {"text", "at"}}
    row = records.add_record(session, opened.current, body, kind=kind, now=now)
    custody.record_event(
        session,
        event,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=opened.current.row,
        case_id=case.id,
        about=[row.id, row.ciphertext_sha256, *about],
        particulars=told,
    )
    _changed(case, now)
    return row


def signed(actor: StaffActor, now: datetime, body: dict[str, Any]) -> dict[str, Any]:
    """Add to a record who writes it and when."""
    return {
        **body,
        "who": actor.name,
        "staff": actor.id,
        "at": now.isoformat(timespec="seconds"),
    }


def checked(field: str, text: str, *, may_be_empty: bool = False) -> str:
    """Give a text without blanks around it.

    Raises:
        InvalidInputError: for an empty or a far too long one.
    """
    words = text.strip()
    if not words and not may_be_empty:
        raise InvalidInputError(field, "empty")
    if len(words) > TEXT_LIMIT:
        raise InvalidInputError(field, "too_long")
    return words


def _changed(case: Case, now: datetime) -> None:
    case.changed_at = records.whole_hour(now)


def settle(session: Session, case: Case) -> None:
    """Write now what will be committed, so that a colleague's change in between is told here."""
    case_id = case.id
    try:
        session.flush()
    except (StaleDataError, IntegrityError) as error:
        raise ConflictError(case_id) from error
