"""Closing a case, only with aftercare or a named reason; and opening it again.

The pupil who hears nothing more learns that telling leads nowhere, so a case ends with somebody
asking how it goes. Where that cannot be, the case says why, in the name of whoever closed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.domain.dutch import day_long
from portal.domain.hard_rules import Measure, MeasureFacts, cited, refusals
from portal.domain.progress import TASK_OUTCOMES, Progress
from portal.domain.protocol import Protocol
from portal.domain.protocol_parse import inside
from portal.services import case_keys, case_records, case_work, people, protocols, stands
from portal.services.case_keys import CaseKeys
from portal.services.case_work import CLOSED, STEP
from portal.services.errors import ConflictError, InvalidInputError
from portal.services.measure_record import MEASURE
from portal.services.staff import StaffActor
from portal.services.talk_guards import TALK

CLOSING, REOPENING = "closing", "reopening"
RESOLVED, UNFOUNDED, ELSEWHERE, OTHER = "resolved", "does_not_hold", "elsewhere", "other"
OUTCOMES = (RESOLVED, UNFOUNDED, ELSEWHERE, OTHER)
BY_STEP, BY_RECORD, BY_TALK, NOT_DONE = "step", "record", "talk", "none"
LEFT_SCHOOL = "left_school"
BEFORE_CLOSING = "before_closing"
GROUNDS = ("not_wanted", LEFT_SCHOOL, "unknown_pupil", "unfounded", "elsewhere")
"""Why a case may end without aftercare; each with words beside it."""
AFTERCARE = ("aftercare", "monitor")
"""Kinds of actions by which a school sees how it goes afterwards."""
TALKED = {
    "subject": "Gesprek: hoe gaat het nu met de leerling?",
    "parents": "Gesprek met de ouders: hoe gaat het nu?",
}
NO_PUPIL = (UNFOUNDED, ELSEWHERE, "unknown_pupil")
"""Ends without a pupil to whom the school owes what its protocol asks before the end."""
REOPENED_TO = "talking"


@dataclass(frozen=True, slots=True)
class Ending:
    """What somebody says who closes a case."""

    outcome: str
    text: str
    talk_on: date | None = None
    talk: str = ""
    ground: str = ""
    told: str = ""
    """Who hears it when it does not hold: everybody who was told of it before."""


@dataclass(frozen=True, slots=True)
class Aftercare:
    """A recorded step of aftercare."""

    label: str
    who: str
    on: date


def aftercare_of(session: Session, *, actor: StaffActor, case_id: str) -> list[Aftercare]:
    """List the steps of aftercare that are on record."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    steps = case_keys.facts_of(session, opened, STEP)
    talks = case_keys.facts_of(session, opened, TALK)
    return _aftercare(protocols.of_case(session, case), steps, talks)


def _aftercare(
    protocol: Protocol,
    steps: Iterable[Mapping[str, Any]],
    talks: Iterable[Mapping[str, Any]],
) -> list[Aftercare]:
    caring = {
        action.key: action.label
        for step in protocol.steps
        for action in step.actions
        if action.kind in AFTERCARE
    }
    talked = [
        Aftercare(TALKED[body["with"]], body["who"], date.fromisoformat(body["on"]))
        for body in talks
        if body.get("aftercare")
    ]
    return talked + [
        Aftercare(
            caring[body["action"]], body["who"], local_date(datetime.fromisoformat(body["at"]))
        )
        for body in steps
        if body["action"] in caring and body["outcome"] == "done"
    ]


def _cared(
    protocol: Protocol,
    steps: Iterable[Mapping[str, Any]],
    talks: Iterable[Mapping[str, Any]],
    stand: Progress,
) -> dict[str, str]:
    """Say by what it was seen how it goes now: the protocol's own step, or a talk that says it."""
    if _aftercare(protocol, steps, ()) and not _caring(protocol, stand):
        return {"by": BY_STEP}
    return {"by": BY_RECORD} if _aftercare(protocol, (), talks) else {}


def close(
    session: Session, *, actor: StaffActor, case_id: str, ending: Ending, now: datetime
) -> None:
    """Close a case; its reporters see that it is closed.

    Raises:
        InvalidInputError: without an outcome, without words, or without aftercare or a reason.
        ConflictError: when it is closed already.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if case.status == CLOSED:
        raise ConflictError(case.id)
    if ending.outcome not in OUTCOMES:
        raise InvalidInputError("outcome", "unknown")
    words = {"text": case_records.checked("reason", ending.text)}
    if ending.outcome == UNFOUNDED:
        words["told"] = case_records.checked("told", ending.told)
    protocol = protocols.of_case(session, case)
    if ending.ground == LEFT_SCHOOL:
        _check_leaving(session, opened, protocol)
    steps = case_keys.facts_of(session, opened, STEP)
    stand = stands.progress_of(
        session, case, opened, protocol, steps, now, people.persons_of(session, opened)
    )
    if not {ending.outcome, ending.ground} & {*NO_PUPIL}:
        _check_done(protocol, steps, stand)
    said = _cared(protocol, steps, case_keys.facts_of(session, opened, TALK), stand)
    said = said or _instead(ending, local_date(now))
    body = {"outcome": ending.outcome, **words, **said}
    traced = case_work.set_status(session, case, opened, actor, CLOSED, now)
    case_records.write(session, case, opened, CLOSING, body, actor, now, about=traced)
    case.due_on, case.next_action = None, ""
    case_work.has_answered(case)
    case_records.settle(session, case)


def _check_done(protocol: Protocol, steps: Iterable[Mapping[str, Any]], stand: Progress) -> None:
    """What the school always does before the end, and a check that is still going on."""
    settled = {body["action"] for body in steps if body["outcome"] in TASK_OUTCOMES}
    labels = {item.key: item.label for step in protocol.steps for _name, item in inside(step)}
    for rule in protocol.hard_rules:
        missing = [labels[key] for key in rule.items if key not in settled]
        if rule.guard == BEFORE_CLOSING and missing:
            needs = f"Eerst nodig: {' '.join(missing)}"
            raise InvalidInputError("ground", f"{needs} {cited(rule.quote, rule.file, rule.line)}")
    for task in stand.tasks:
        if task.during and task.due is not None and not task.settled:
            needs = f"Eerst nodig: {task.label} Dat duurt tot {day_long(task.due)} {task.due.year}."
            raise InvalidInputError("ground", f"{needs} {cited(task.quote, task.file, task.line)}")


def _caring(protocol: Protocol, stand: Progress) -> bool:
    """Whether aftercare that this step asks for is still open."""
    actions = {item.key: item.kind for part in protocol.parts(stand.step) for item in part.actions}
    return any(
        actions.get(task.key) in AFTERCARE and not task.settled and not task.optional
        for task in stand.tasks
    )


def _check_leaving(session: Session, opened: CaseKeys, protocol: Protocol) -> None:
    """Never the pupil it is about leaves, unless the family's own wish is on record as theirs."""
    wished = [
        body
        for body in case_keys.facts_of(session, opened, MEASURE)
        if (body["measure"], body["about"]) == ("change_of_school", "subject")
    ]
    said = wished[-1] if wished else {"wished_by": "", "wish": ""}
    leaving = Measure(
        kind="change_of_school", about="subject", wished_by=said["wished_by"], wish=said["wish"]
    )
    found = refusals(protocol, leaving, MeasureFacts())
    if found:
        raise InvalidInputError("ground", str(found[0]))


def _instead(ending: Ending, today: date) -> dict[str, str]:
    """Say what stands where the protocol's own aftercare is missing: a talk, or a reason."""
    if ending.talk_on is not None:
        if ending.talk_on > today:
            raise InvalidInputError("talk_on", "future")
        talk = case_records.checked("talk", ending.talk)
        return {"by": BY_TALK, "on": ending.talk_on.isoformat(), "talk": talk}
    if not ending.ground:
        raise InvalidInputError("ground", "aftercare")
    if ending.ground not in GROUNDS:
        raise InvalidInputError("ground", "unknown")
    return {"by": NOT_DONE, "ground": ending.ground}


def reopen(
    session: Session, *, actor: StaffActor, case_id: str, reason: str, now: datetime
) -> None:
    """Open a closed case again, with a reason; its reporters see that it is talked about.

    Raises:
        InvalidInputError: without a reason.
        ConflictError: when it is open already.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if case.status != CLOSED:
        raise ConflictError(case.id)
    body = {"text": case_records.checked("reason", reason)}
    traced = case_work.set_status(session, case, opened, actor, REOPENED_TO, now)
    case_records.write(session, case, opened, REOPENING, body, actor, now, about=traced)
    steps = case_keys.facts_of(session, opened, STEP)
    known = people.persons_of(session, opened)
    stands.look_ahead(session, case, opened, protocols.of_case(session, case), steps, now, known)
    case_records.settle(session, case)
