"""How a case stands in its step: what was recorded, folded by the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import data
from portal.domain.deadlines import local_date
from portal.domain.dutch import day_long
from portal.domain.gates import Event
from portal.domain.hard_rules import Measure, cited, refusals
from portal.domain.people import Ask, Person, asks_of
from portal.domain.progress import Progress, admissible, progress
from portal.domain.protocol import MEASURES, Protocol
from portal.models import Case, School
from portal.services import case_keys, known_facts, measure_record
from portal.services.calendars import calendar_of
from portal.services.case_keys import CaseKeys

GUARDED = {**{kind: kind for kind in MEASURES}, "measure": "sanction"}
"""Kinds of actions that are a measure; ``measure``: one chosen together with the pupils."""
OUT_OF_SCHOOL = ("time_out", "suspension")
AT_A_STEP = frozenset({"announced_before", "approval", "not_anonymous_alone", "heard"})
"""What is looked at when a step is recorded; dates and papers belong to the measure itself."""
NO_MEASURE = "Leg de time-out of de schorsing eerst vast bij Maatregelen, met reden en dagen."


def progress_of(
    session: Session,
    case: Case,
    opened: CaseKeys,
    protocol: Protocol,
    steps: Sequence[Mapping[str, Any]],
    now: datetime,
    people: Sequence[Person] = (),
) -> Progress:
    """Fold what was recorded since the step began into what comes next."""
    moves = known_facts.moves_of(session, opened)
    here = [body for body in moves if body["to"] == case.step_key]
    began = [body for body in here if body.get("again") or body["from"] != body["to"]]
    start = datetime.fromisoformat(began[-1]["at"]) if began else min(now, case.opened_at)
    return progress(
        protocol,
        case.step_key,
        events_of(case, steps, moves),
        started=local_date(start),
        calendar=calendar_of(session.get_one(School, case.school_id)),
        role=case.role_key,
        asks=_asks(protocol, case, people),
        facts=known_facts.facts_in(session, opened, moves),
    )


def refusal_of(
    session: Session,
    case: Case,
    opened: CaseKeys,
    protocol: Protocol,
    steps: Sequence[dict[str, Any]],
    body: dict[str, Any],
    people: Sequence[Person] = (),
) -> str | None:
    """Say why something may not be recorded at this step, in Dutch; None when it may."""
    event = event_of(body)
    moves = known_facts.moves_of(session, opened)
    refused = admissible(
        protocol,
        case.step_key,
        events_of(case, steps, moves),
        event,
        asks=_asks(protocol, case, people),
        facts=known_facts.facts_in(session, opened, moves),
    )
    if refused is not None or event.outcome != "done":
        return refused
    kind = measure_record.action_kinds(protocol).get(event.key, "")
    if kind in GUARDED:
        return _measure_refusal(session, opened, protocol, steps, event, kind)
    now = datetime.fromisoformat(body["at"])
    stand = progress_of(session, case, opened, protocol, steps, now, people)
    return _too_early(stand, event)


def _measure_refusal(
    session: Session,
    opened: CaseKeys,
    protocol: Protocol,
    steps: Sequence[dict[str, Any]],
    event: Event,
    kind: str,
) -> str | None:
    """A measure at a step: what the rules ask of its record, and its dates and papers elsewhere."""
    facts = measure_record.facts_of(session, opened, protocol, steps, event.on)
    missing = refusals(protocol, Measure(kind=GUARDED[kind]), facts)
    found = next((str(one) for one in missing if one.guard in AT_A_STEP), None)
    if found is None and kind in OUT_OF_SCHOOL:
        taken = case_keys.facts_of(session, opened, measure_record.MEASURE)
        if not any(body["measure"] in OUT_OF_SCHOOL for body in taken):
            return NO_MEASURE
    return found


def _too_early(stand: Progress, event: Event) -> str | None:
    """What goes on for a whole term is not done before its last day."""
    task = next((one for one in stand.tasks if one.key == event.key), None)
    if task is None or task.due is None or not task.during or event.on >= task.due:
        return None
    said = f"Dit duurt tot {day_long(task.due)} {task.due.year}. Stopt u eerder, sla het dan over."
    return f"{said} {cited(task.quote, task.file, task.line)}"


def events_of(
    case: Case, steps: Iterable[Mapping[str, Any]], moves: Iterable[Mapping[str, Any]] = ()
) -> list[Event]:
    """Read what was recorded at the step that a case is in, since it began, or began again."""
    rounds = [body for body in moves if body.get("again") and body["to"] == case.step_key]
    before = int(rounds[-1]["before"]) if rounds else 0
    return [event_of(body) for body in steps if body["step"] == case.step_key][before:]


def event_of(body: Mapping[str, Any]) -> Event:
    """Read a recorded step as an event of the protocol."""
    return Event(
        key=body["action"],
        outcome=body["outcome"],
        on=local_date(datetime.fromisoformat(body["at"])),
        by=body["who"],
        reason=body["text"],
        person=body.get("person", ""),
        side=body.get("side", ""),
        ground=body.get("ground", ""),
    )


def look_ahead(
    session: Session,
    case: Case,
    opened: CaseKeys,
    protocol: Protocol,
    steps: Sequence[Mapping[str, Any]],
    now: datetime,
    people: Sequence[Person] = (),
) -> None:
    """Put the next thing to do and its date where the desk can see them."""
    stand = progress_of(session, case, opened, protocol, steps, now, people)
    case.next_action = stand.next.key if stand.next else ""
    case.due_on = stand.next.due if stand.next else None


def _asks(protocol: Protocol, case: Case, people: Sequence[Person]) -> dict[str, tuple[Ask, ...]]:
    return asks_of(protocol, case.step_key, people, data.consent_ages()) if people else {}
