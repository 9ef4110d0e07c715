"""Tasks and agreements of a case: who does or checks what, by which day.

Owner, day and state stand in a table, so that the desk can count them; the words are sealed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.models import Case, CaseReader, CaseTask, StaffMember, new_id
from portal.services import case_keys, case_records, case_work, turns
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.staff import StaffActor

TASK, AGREEMENT, RETURN, MEASURE_END = "task", "agreement", "return", "measure_end"
KINDS = (TASK, AGREEMENT, RETURN, MEASURE_END)
"""``return``: coming back to a talk or to a group; ``measure_end``: the last day of a measure."""
WORDED = (TASK, AGREEMENT)
"""Kinds of the records that hold the words."""
ENDED = "task_end"
OPEN, DONE, SKIPPED = "open", "done", "skipped"
OUTCOMES = (DONE, SKIPPED)


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task or agreement with its words, for a reader of the case."""

    id: str
    kind: str
    text: str
    partner: str
    owner: str
    mine: bool
    due_on: date
    state: str
    ended: str = ""


@dataclass(frozen=True, slots=True)
class DueTask:
    """One task on the desk, without a word of what it is about."""

    case_id: str
    label: str
    kind: str
    due_on: date


def add(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    kind: str,
    text: str,
    due_on: date | None,
    owner_id: str,
    now: datetime,
    partner: str = "",
) -> str:
    """Write a task or agreement down for somebody who reads the case.

    Args:
        kind: what it is (`KINDS`).
        partner: with whom an agreement was made.

    Returns:
        The id of the task.

    Raises:
        InvalidInputError: without words or a day, or for somebody who does not read the case.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if kind not in KINDS:
        raise InvalidInputError("kind", "unknown")
    words = case_records.checked("text", text)
    whom = case_records.checked("partner", partner, may_be_empty=kind != AGREEMENT)
    if due_on is None:
        raise InvalidInputError("due_on", "day")
    readers = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    if owner_id not in readers:
        raise InvalidInputError("owner", "unknown")
    row = CaseTask(
        id=new_id(),
        school_id=case.school_id,
        case_id=case.id,
        owner_id=owner_id,
        kind=kind,
        due_on=due_on,
        state=OPEN,
    )
    said = {"task": row.id, "text": words, "partner": whom, "due_on": due_on.isoformat()}
    worded = AGREEMENT if kind == AGREEMENT else TASK
    written = case_records.write(session, case, opened, worded, said, actor, now)
    row.record_id = written.id
    session.add(row)
    case_records.settle(session, case)
    return row.id


def finish(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    task_id: str,
    outcome: str,
    text: str,
    now: datetime,
) -> None:
    """Write down that a task is done, or why not.

    Raises:
        InvalidInputError: for another outcome, or when it is skipped without a reason.
        ConflictError: when somebody ended it already.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    row = session.get(CaseTask, task_id)
    if row is None or row.case_id != case.id:
        raise NotFoundError(task_id)
    if outcome not in OUTCOMES:
        raise InvalidInputError("outcome", "unknown")
    words = case_records.checked("ended", text, may_be_empty=outcome == DONE)
    if row.state != OPEN:
        raise ConflictError(task_id)
    row.state = outcome
    body = {"task": row.id, "outcome": outcome, "text": words}
    case_records.write(session, case, opened, ENDED, body, actor, now)


def tasks_of(session: Session, *, actor: StaffActor, case_id: str) -> list[TaskView]:
    """List the tasks and agreements of a case: the open ones first, the soonest on top."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    words = _said(session, opened, WORDED)
    ends = _said(session, opened, (ENDED,))
    query = (
        select(CaseTask, StaffMember.name)
        .join(StaffMember, StaffMember.id == CaseTask.owner_id)
        .where(CaseTask.school_id == case.school_id, CaseTask.case_id == case.id)
    )
    found = [
        TaskView(
            id=row.id,
            kind=row.kind,
            text=words[row.id]["text"],
            partner=words[row.id].get("partner", ""),
            owner=name,
            mine=row.owner_id == actor.id,
            due_on=row.due_on,
            state=row.state,
            ended=ends.get(row.id, {}).get("text", ""),
        )
        for row, name in session.execute(query)
        if row.id in words
    ]
    return sorted(found, key=lambda one: (one.state != OPEN, one.due_on, one.id))


def _said(
    session: Session, opened: CaseKeys, kinds: tuple[str, ...]
) -> dict[str, Mapping[str, Any]]:
    return {
        str(body["task"]): body
        for kind in kinds
        for body in case_keys.facts_of(session, opened, kind)
    }


def due_for(
    session: Session, *, actor: StaffActor, until: date, today: date | None = None
) -> list[DueTask]:
    """List what somebody has to do up to a day, and whoever they stand in for today.

    Args:
        today: the school's day, where it is another one than the last.
    """
    on = today or until
    covered = turns.covered_by(session, school_id=actor.school_id, staff_id=actor.id, today=on)
    query = open_of(actor.school_id, actor.id, covered).where(CaseTask.due_on <= until)
    return [
        DueTask(case.id, case.label, row.kind, row.due_on) for row, case in session.execute(query)
    ]


def open_of(school_id: str, staff_id: str, covered: Collection[str] = ()) -> Select[CaseTask, Case]:
    """Make the query for open tasks with their cases, over all open cases that somebody reads."""
    return (
        select(CaseTask, Case)
        .join(Case, Case.id == CaseTask.case_id)
        .join(CaseReader, (CaseReader.case_id == Case.id) & (CaseReader.staff_id == staff_id))
        .where(
            CaseTask.school_id == school_id,
            CaseTask.owner_id.in_([staff_id, *covered]),
            CaseTask.state == OPEN,
            CaseReader.until.is_(None),
            Case.status != case_work.CLOSED,
        )
        .order_by(CaseTask.due_on, CaseTask.id)
    )


def pass_on(session: Session, *, case_id: str, from_id: str, to_id: str) -> None:
    """Give the open tasks of somebody who steps out to whoever follows."""
    query = select(CaseTask).where(
        CaseTask.case_id == case_id, CaseTask.owner_id == from_id, CaseTask.state == OPEN
    )
    for row in session.scalars(query):
        row.owner_id = to_id
