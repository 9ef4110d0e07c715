"""What whoever takes a case over reads first: what it is about, agreed, due and promised.

It is part of the sealed record of the hand-over. Staff write it, or accept what the case itself
says; it stays on top of the case page until the person it was written for has read it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.dutch import day_long
from portal.models import Case
from portal.services import (
    case_keys,
    case_records,
    handing,
    keys,
    people,
    protocols,
    records,
    reporter,
    roster,
    tasks,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError, NotFoundError, RecordMismatchError
from portal.services.staff import StaffActor

READ = "summary_read"
FIELDS = ("about", "agreed", "due", "promised")
LONGEST, EXCERPT = 4_000, 280
PARTS = {"subject": "Leerling om wie het gaat", "accused": "Leerling over wie is gemeld"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What somebody wrote for whoever has the case from then on."""

    id: str
    who: str
    to: str
    at: datetime
    reason: str
    said: Mapping[str, str]


def draft(session: Session, *, actor: StaffActor, case_id: str) -> dict[str, str]:
    """Say what the case itself says, for staff to change: nothing is written."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    earlier = _given(session, opened)
    about = earlier[-1]["summary"]["about"] if earlier else _about(session, case, opened)
    open_tasks = [
        one
        for one in tasks.tasks_of(session, actor=actor, case_id=case_id)
        if one.state == tasks.OPEN
    ]
    agreed = [one for one in open_tasks if one.kind == tasks.AGREEMENT]
    todo = [f"{one.text} ({one.owner}, {day_long(one.due_on)})" for one in open_tasks]
    return {
        "about": about,
        "agreed": "\n".join(f"{one.text} (met {one.partner})" for one in agreed),
        "due": "\n".join([*_next(session, case), *todo]),
        "promised": "\n".join(_promised(session, case, opened)),
    }


def _about(session: Session, case: Case, opened: CaseKeys) -> str:
    """The day, the classes and the people; no word of the story, which can be withdrawn."""
    step = protocols.of_case(session, case).step(case.step_key)
    lines = [f"Melding van {day_long(case.opened_at)}, {case.classes or 'klas niet bekend'}."]
    lines += [f"Stap: {step.label}."] if step else []
    known = people.read(session, opened)
    for part, words in PARTS.items():
        names = [one.name for one in known if one.part == part]
        lines += [f"{words}: {', '.join(names)}."] if names else []
    return "\n".join(lines)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= EXCERPT else words[: EXCERPT - 1] + "…"


def _next(session: Session, case: Case) -> list[str]:
    """The next thing of the protocol, with its day."""
    parts = protocols.of_case(session, case).parts(case.step_key)
    items = [item for part in parts for item in (*part.gates, *part.actions)]
    label = next((item.label for item in items if item.key == case.next_action), "")
    day = f" Uiterlijk {day_long(case.due_on)}." if case.due_on else ""
    return [f"{label.rstrip('.')}.{day}"] if label else []


def _promised(session: Session, case: Case, opened: CaseKeys) -> list[str]:
    """The day of the promised answer, and what was last written to a reporter."""
    found = [f"Antwoord uiterlijk {day_long(case.answer_by)}."] if case.answer_by else []
    stories = {
        item.row.id: item.identity
        for report_id in opened.reports
        for item in opened.of_report(report_id, keys.STORY)
    }
    rows = records.records_of(session, list(stories), kinds=[reporter.FROM_STAFF])
    sound = records.open_sound(rows, stories, opened.changed)
    said = sorted((body for _row, body in sound), key=lambda body: str(body["at"]))
    if said:
        day = day_long(datetime.fromisoformat(said[-1]["at"]))
        found.append(f"Laatste bericht aan de melder, {day}: ‘{_short(said[-1]['text'])}’")
    return found


def takers(session: Session, *, actor: StaffActor, case_id: str) -> list[tuple[str, str]]:
    """List who could have the case, with each role of its protocol that they hold.

    Returns:
        ``staff:role`` and the words for it.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    shut_out = {case.handler_id}
    with contextlib.suppress(RecordMismatchError):  # handing over itself will refuse
        shut_out |= case_keys.excluded_staff(session, opened)
    return [
        (f"{member.id}:{held.role}", f"{member.name}, {protocol.label(held.role)}")
        for member in roster.roster_of(session, case.school_id).members
        if member.usable and member.id not in shut_out
        for held in member.roles
        if protocol.role(held.role) is not None
    ]


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
    said: Mapping[str, str] | None = None,
) -> None:
    """Hand a case over with a summary; without one, what the case itself says.

    Raises:
        InvalidInputError: without a reason or what it is about, or in a role that this person
            does not hold.
        ForbiddenError: for somebody excluded, or without a confirmed key.
        ConflictError: when the case is theirs already.
    """
    case_records.checked("why", reason)
    if not to_staff_id:
        raise InvalidInputError("staff", "nobody")
    given = draft(session, actor=actor, case_id=case_id) if said is None else said
    summary = {key: given.get(key, "").strip() for key in FIELDS}
    if not summary["about"]:
        raise InvalidInputError("about", "empty")
    long = next((key for key in FIELDS if len(summary[key]) > LONGEST), "")
    if long:
        raise InvalidInputError(long, "too_long")
    handing.hand_over(
        session,
        actor=actor,
        case_id=case_id,
        to_staff_id=to_staff_id,
        role_key=role_key,
        reason=reason,
        now=now,
        keep_reading=keep_reading,
        summary=summary,
    )


def unread(session: Session, *, actor: StaffActor, case_id: str) -> Summary | None:
    """Give the summary that waits for this very person; none once they said they read it."""
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    given = _given(session, opened)
    if not given or given[-1]["to_staff"] != actor.id:
        return None
    read = {body["handover"] for body in case_records.read(session, opened, READ)}
    return None if given[-1]["id"] in read else _summary(given[-1])


def latest(session: Session, *, actor: StaffActor, case_id: str) -> Summary | None:
    """Give the newest summary of a case, for everybody who reads it."""
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    given = _given(session, opened)
    return _summary(given[-1]) if given else None


def mark_read(
    session: Session, *, actor: StaffActor, case_id: str, handover: str, now: datetime
) -> None:
    """Write down that somebody read what was written for them; a second time changes nothing.

    Raises:
        NotFoundError: when nothing was written for this person.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    theirs = {body["id"] for body in _given(session, opened) if body["to_staff"] == actor.id}
    if handover not in theirs:
        raise NotFoundError(handover)
    if handover in {body["handover"] for body in case_records.read(session, opened, READ)}:
        return
    case_records.write(session, case, opened, READ, {"handover": handover}, actor, now)


def _given(session: Session, opened: CaseKeys) -> list[dict[str, Any]]:
    found = case_records.read(session, opened, handing.HANDOVER)
    return [body for body in found if body.get("summary")]


def _summary(body: Mapping[str, Any]) -> Summary:
    said = {key: str(body["summary"].get(key, "")) for key in FIELDS}
    return Summary(body["id"], body["who"], body["to"], body["at"], body["text"], said)
