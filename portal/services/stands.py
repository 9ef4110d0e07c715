"""How a case stands in its step: what was recorded, folded by the protocol.

Also what its record says about a measure: announced, approved, both sides heard, more than a
report without a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import data
from portal.domain.deadlines import local_date
from portal.domain.dutch import day_long
from portal.domain.gates import OPENING, Event
from portal.domain.hard_rules import Measure, MeasureFacts, cited, refusals
from portal.domain.people import Ask, Person, asks_of
from portal.domain.progress import Progress, admissible, progress
from portal.domain.protocol import MEASURES, Action, Gate, Protocol
from portal.models import Case, School
from portal.services import case_keys, keys, known_facts, records
from portal.services.calendars import calendar_of
from portal.services.case_keys import CaseKeys

HEARING = ("talk_accused", "talk_both", "talk_separate", "talk_joint", "restorative")
OWN_FINDINGS = (*HEARING[1:], "talk_subject", "talk_group", "observe_class", "analyse")
"""Kinds of actions from which a school knows something by itself.

Who was only asked about a report without a name, and says no, adds nothing to it.
"""
GUARDED = {**{kind: kind for kind in MEASURES}, "measure": "sanction"}
"""Kinds of actions that are a measure; ``measure``: one chosen together with the pupils."""
OUT_OF_SCHOOL = ("time_out", "suspension")
AT_A_STEP = frozenset({"announced_before", "approval", "not_anonymous_alone", "heard"})
"""What is looked at when a step is recorded; dates and papers belong to the measure itself."""
MEASURE = "measure"
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
    kind = _action_kinds(protocol).get(event.key, "")
    if kind in GUARDED:
        return _measure_refusal(session, case, opened, protocol, steps, kind)
    now = datetime.fromisoformat(body["at"])
    stand = progress_of(session, case, opened, protocol, steps, now, people)
    return _too_early(stand, event)


def _measure_refusal(
    session: Session,
    case: Case,
    opened: CaseKeys,
    protocol: Protocol,
    steps: Sequence[dict[str, Any]],
    kind: str,
) -> str | None:
    """A measure at a step: what the rules ask of its record, and its dates and papers elsewhere."""
    facts = measure_facts(session, case, opened, protocol, steps)
    missing = refusals(protocol, Measure(kind=GUARDED[kind]), facts)
    found = next((str(one) for one in missing if one.guard in AT_A_STEP), None)
    if found is None and kind in OUT_OF_SCHOOL:
        taken = {body["measure"] for body in case_keys.facts_of(session, opened, MEASURE)}
        if not taken & {*OUT_OF_SCHOOL}:
            return NO_MEASURE
    return found


def _too_early(stand: Progress, event: Event) -> str | None:
    """What goes on for a whole term is not done before its last day."""
    task = next((one for one in stand.tasks if one.key == event.key), None)
    if task is None or task.due is None or not task.during or event.on >= task.due:
        return None
    said = f"Dit duurt tot {day_long(task.due)} {task.due.year}. Stopt u eerder, sla het dan over."
    return f"{said} {cited(task.quote, task.file, task.line)}"


def measure_facts(
    session: Session,
    case: Case,
    opened: CaseKeys,
    protocol: Protocol,
    steps: Iterable[Mapping[str, Any]],
) -> MeasureFacts:
    """Gather what the record of a case says about a measure, over all its steps."""
    gates = {gate.key: gate for step in protocol.steps for gate in step.gates}
    kinds = _action_kinds(protocol)
    passed = [gates[body["action"]] for body in _in(steps, OPENING, gates)]
    done = {kinds[body["action"]] for body in _in(steps, ("done",), kinds)}
    hears = {item.kind for item in _actions_here(protocol, case.step_key)} & set(HEARING)
    heard = bool(done & set(HEARING))
    return MeasureFacts(
        announced="announce" in done or any(gate.kind == "announced_before" for gate in passed),
        approved_by=frozenset(gate.role for gate in passed if gate.kind == "approval"),
        only_anonymous=not done & set(OWN_FINDINGS) and _all_nameless(session, opened),
        accused_heard=True if heard else (False if hears else None),
    )


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


def _in(
    steps: Iterable[Mapping[str, Any]],
    outcomes: Sequence[str],
    known: Mapping[str, Gate] | Mapping[str, str],
) -> list[Mapping[str, Any]]:
    return [body for body in steps if body["outcome"] in outcomes and body["action"] in known]


def _action_kinds(protocol: Protocol) -> dict[str, str]:
    return {action.key: action.kind for step in protocol.steps for action in step.actions}


def _actions_here(protocol: Protocol, step_key: str) -> list[Action]:
    return [action for part in protocol.parts(step_key) for action in part.actions]


def _all_nameless(session: Session, opened: CaseKeys) -> bool:
    """Whether no report of the case bears a name, and none was written down by staff."""
    return all(_nameless(session, opened, report_id) for report_id in opened.reports)


def _nameless(session: Session, opened: CaseKeys, report_id: str) -> bool:
    stories = {item.row.id: item.identity for item in opened.of_report(report_id, keys.STORY)}
    rows = records.records_of(session, list(stories), kinds=["report"])
    for _row, told in records.open_sound(rows, stories, opened.changed):
        choice = told.get("answers", {}).get("name", {}).get("value", {})
        who = choice.get("who", "nobody") if isinstance(choice, dict) else "nobody"
        if who != "nobody" or told.get("written_by"):
            return False
    return True
