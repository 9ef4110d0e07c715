"""What staff do in a case: note, reply, record a step, hand over, share with one more reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, Record, StaffMember
from portal.services import case_keys, custody, keys, notify, records, reporter
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.staff import StaffActor

TEXT_LIMIT = 50_000
NOTE, STEP, HANDOVER = "note", "step", "handover"
OUTCOMES = ("done", "agreed", "refused", "not_reached", "overridden", "not_needed")
NEEDS_REASON = ("refused", "not_reached", "overridden", "not_needed")


def open_for(
    session: Session, *, actor: StaffActor, case_id: str
) -> tuple[Case, CaseKeys]:
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
    body = _signed(actor, now, {"text": _checked("text", text)})
    _write(session, case, opened, NOTE, body, actor, now)


def reply(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    report_id: str,
    text: str,
    now: datetime,
) -> None:
    """Write to the reporter of one report of the case."""
    case, opened = open_for(session, actor=actor, case_id=case_id)
    stories = opened.of_report(report_id, keys.STORY)
    if not stories:
        raise NotFoundError(report_id)
    body = _signed(actor, now, {"text": _checked("text", text)})
    story = stories[-1].row
    row = records.add_record(session, story, body, kind=reporter.FROM_STAFF, now=now)
    _changed(case, now)
    case.waiting_for_staff = False
    if case.status in {"received", "read"}:
        case.status = "talking"
    custody.record_event(
        session,
        CustodyKind.MESSAGE_SENT,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=story,
        case_id=case.id,
        report_id=report_id,
        about=[row.id, row.ciphertext_sha256],
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
) -> None:
    """Record what became of one action or gate of the protocol, with a note.

    Raises:
        InvalidInputError: for an unknown outcome, or one that needs a reason and has none.
    """
    if outcome not in OUTCOMES:
        raise InvalidInputError("outcome", "unknown")
    if outcome in NEEDS_REASON and not text.strip():
        raise InvalidInputError("text", "reason_missing")
    case, opened = open_for(session, actor=actor, case_id=case_id)
    body = _signed(
        actor,
        now,
        {
            "action": action_key,
            "outcome": outcome,
            "step": case.step_key,
            "text": _checked("text", text, may_be_empty=True),
        },
    )
    _write(session, case, opened, STEP, body, actor, now, CustodyKind.CASE_STEP_RECORDED)


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
        InvalidInputError: without a reason.
        ForbiddenError: for somebody excluded, or without a confirmed key.
        ConflictError: when the case is theirs already.
    """
    why = _checked("reason", reason)
    case, opened = open_for(session, actor=actor, case_id=case_id)
    member = session.get(StaffMember, to_staff_id)
    if member is None or member.school_id != actor.school_id:
        raise NotFoundError(to_staff_id)
    if case.handler_id == member.id:
        raise ConflictError(member.id)
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
    former = session.get_one(StaffMember, case.handler_id)
    case.handler_id = member.id
    case.role_key = role_key
    body = _signed(actor, now, {"from": former.name, "to": member.name, "text": why})
    _write(session, case, opened, HANDOVER, body, actor, now, CustodyKind.CASE_HANDED_OVER)
    _tell_reporters(session, case, opened, former, member, now)
    if not keep_reading and former.id != actor.id:
        case_keys.remove_reader(
            session,
            case=case,
            case_keys=opened,
            staff_id=former.id,
            actor=actor.custody,
            reason=why,
            now=now,
        )
    notify.queue(
        session,
        school_id=case.school_id,
        staff_id=member.id,
        template="handed_over",
        dedupe_key=f"handed_over:{case.id}:{member.id}:{now.isoformat()}",
        now=now,
    )


def _tell_reporters(
    session: Session,
    case: Case,
    opened: CaseKeys,
    former: StaffMember,
    member: StaffMember,
    now: datetime,
) -> None:
    """Let each reporter see that somebody else reads it now."""
    text = f"{former.name} heeft je melding overgedragen aan {member.name}."
    body = {"who": "portal", "text": text, "at": now.isoformat(timespec="seconds")}
    for report_id in opened.reports:
        stories = opened.of_report(report_id, keys.STORY)
        if stories:
            records.add_record(session, stories[-1].row, body, kind=reporter.NOTICE, now=now)
    _changed(case, now)


def _write(
    session: Session,
    case: Case,
    opened: CaseKeys,
    kind: str,
    body: dict[str, Any],
    actor: StaffActor,
    now: datetime,
    event: CustodyKind = CustodyKind.RECORD_WRITTEN,
    about: Sequence[str] = (),
) -> Record:
    row = records.add_record(session, opened.current.row, body, kind=kind, now=now)
    custody.record_event(
        session,
        event,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=opened.current.row,
        case_id=case.id,
        about=[row.id, row.ciphertext_sha256, *about],
        particulars={key: value for key, value in body.items() if key not in {"text", "at"}},
    )
    _changed(case, now)
    return row


def _signed(actor: StaffActor, now: datetime, body: dict[str, Any]) -> dict[str, Any]:
    return {
        **body,
        "who": actor.name,
        "staff": actor.id,
        "at": now.isoformat(timespec="seconds"),
    }


def _checked(field: str, text: str, *, may_be_empty: bool = False) -> str:
    words = text.strip()
    if not words and not may_be_empty:
        raise InvalidInputError(field, "empty")
    if len(words) > TEXT_LIMIT:
        raise InvalidInputError(field, "too_long")
    return words


def _changed(case: Case, now: datetime) -> None:
    case.changed_at = records.whole_hour(now)
