"""What the record of a case says about a measure: announced, approved, heard, found by the school.

Some of it are steps of the protocol, some was written down for the measure itself (a ground).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.domain.gates import OPENING
from portal.domain.hard_rules import MeasureFacts
from portal.domain.protocol import Gate, Protocol
from portal.services import case_keys, keys, records
from portal.services.case_keys import CaseKeys

MEASURE, GROUND, TALK = "measure", "measure_ground", "talk"
ANNOUNCED, APPROVED, ACCUSED, FOUND, PARENTS, INSPECTIE, SCHOOL = (
    "announced",
    "approved",
    "accused_heard",
    "own_finding",
    "parents_heard",
    "inspectie_consulted",
    "other_school",
)
GROUNDS = (ANNOUNCED, APPROVED, ACCUSED, FOUND, PARENTS, INSPECTIE, SCHOOL)
HEARING = ("talk_accused", "talk_both", "talk_separate", "talk_joint", "restorative")
OWN_FINDINGS = (*HEARING[1:], "talk_subject", "talk_group", "observe_class", "analyse")
"""Kinds of actions from which a school knows something by itself.

Who was only asked about a report without a name, and says no, adds nothing to it.
"""


def facts_of(
    session: Session,
    opened: CaseKeys,
    protocol: Protocol,
    steps: Sequence[Mapping[str, Any]],
    today: date,
) -> MeasureFacts:
    """Gather what the record of a case says about a measure, over all its steps.

    What was announced was so on an earlier day: announcing and doing at once is no announcement.
    """
    passed = _passed(protocol, steps)
    grounds = case_keys.facts_of(session, opened, GROUND)
    has = {body["what"] for body in grounds}
    talks = case_keys.facts_of(session, opened, TALK)
    talked = {body["with"] for body in talks}
    told = {body["action"] for body in talks}
    # What was done by a talk is what that talk was: with whom stands in it.
    done = _done(protocol, [body for body in steps if body["action"] not in told])
    own = FOUND in has or bool(done & {*OWN_FINDINGS} or talked & {"subject", "joint"})
    return MeasureFacts(
        announced=_announced(protocol, steps, grounds, today)
        or any(gate.kind == "announced_before" for gate in passed),
        approved_by=frozenset(gate.role for gate in passed if gate.kind == "approval")
        | {body["role"] for body in grounds if body["what"] == APPROVED},
        only_anonymous=not own and _all_nameless(session, opened),
        accused_heard=ACCUSED in has or bool(done & {*HEARING} or talked & {"accused", "joint"}),
        parents_heard=PARENTS in has,
        inspectie_consulted=INSPECTIE in has,
        other_school=SCHOOL in has,
    )


def _passed(protocol: Protocol, steps: Sequence[Mapping[str, Any]]) -> list[Gate]:
    gates = {gate.key: gate for step in protocol.steps for gate in step.gates}
    return [gates[body["action"]] for body in _in(steps, OPENING, gates)]


def action_kinds(protocol: Protocol) -> dict[str, str]:
    """Give the kind of each action, by key."""
    return {action.key: action.kind for step in protocol.steps for action in step.actions}


def _done(protocol: Protocol, steps: Iterable[Mapping[str, Any]]) -> set[str]:
    kinds = action_kinds(protocol)
    return {kinds[body["action"]] for body in _in(steps, ("done",), kinds)}


def _announced(
    protocol: Protocol,
    steps: Iterable[Mapping[str, Any]],
    grounds: Iterable[Mapping[str, Any]],
    today: date,
) -> bool:
    earlier = [one for one in steps if local_date(datetime.fromisoformat(one["at"])) < today]
    days = [body["on"] for body in grounds if body["what"] == ANNOUNCED]
    return "announce" in _done(protocol, earlier) or any(day < today.isoformat() for day in days)


def _in(
    steps: Iterable[Mapping[str, Any]], outcomes: Sequence[str], known: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    return [body for body in steps if body["outcome"] in outcomes and body["action"] in known]


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
