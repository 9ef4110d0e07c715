"""Measures against a pupil: recorded only when no rule of the school or the law forbids it.

What a rule asks for is recorded first, in the name of whoever did it (`ground`); then the measure.
A refusal gives the school's own sentence. What must follow becomes a task for today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.domain.hard_rules import Measure, duties, refusals
from portal.domain.protocol import MEASURES, Protocol
from portal.models import Case
from portal.services import (
    case_keys,
    case_records,
    case_work,
    measure_record,
    protocols,
    tasks,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError
from portal.services.measure_record import APPROVED, GROUND, GROUNDS, MEASURE
from portal.services.staff import StaffActor

FORMS = ("warning", "out_of_class", "service", "other")
"""What a plain sanction is."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Something that must come before a measure, as it was recorded."""

    what: str
    role: str
    on: date
    text: str
    who: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A recorded measure."""

    measure: Measure
    form: str
    text: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Measures:
    """Everything about measures in one case, and the roles that can approve one."""

    grounds: list[Ground]
    taken: list[Taken]
    roles: list[tuple[str, str]]
    rules: list[tuple[str, str, str, int]]


def show(session: Session, *, actor: StaffActor, case_id: str) -> Measures:
    """Give what is on record about measures, with the school's rules."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    return Measures(
        grounds=_grounds(session, opened),
        taken=[_taken(body) for body in case_keys.facts_of(session, opened, MEASURE)],
        roles=[(role.key, role.label) for role in protocol.roles],
        rules=[(rule.label, rule.quote, rule.file, rule.line) for rule in _rules(protocol)],
    )


def _rules(protocol: Protocol) -> list[Any]:
    return [rule for rule in protocol.hard_rules if rule.guard]


def prepare(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    what: str,
    role: str,
    on: date | None,
    text: str,
    now: datetime,
) -> None:
    """Record what must come before a measure: announced, approved, heard.

    Args:
        role: who approved, of the protocol's roles.

    Raises:
        InvalidInputError: without a day that is over, words, or a role for an approval.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if what not in GROUNDS:
        raise InvalidInputError("what", "unknown")
    if what == APPROVED and protocols.of_case(session, case).role(role) is None:
        raise InvalidInputError("role", "unknown")
    if on is None or on > local_date(now):
        raise InvalidInputError("on", "past")
    words = case_records.checked("ground_text", text)
    said = {"what": what, "role": role if what == APPROVED else "", "on": on.isoformat()}
    body = {**said, "text": words}
    case_records.write(session, case, opened, GROUND, body, actor, now)


def take(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    measure: Measure,
    form: str,
    text: str,
    now: datetime,
) -> None:
    """Record a measure, and make a task for today of everybody who must hear of it.

    Raises:
        InvalidInputError: when a rule forbids it now; ``problem`` is what is missing, in Dutch,
            with the sentence of the rule.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if measure.kind not in MEASURES or measure.about not in ("accused", "subject"):
        raise InvalidInputError("measure", "unknown")
    if measure.kind == "sanction" and form not in FORMS:
        raise InvalidInputError("form", "unknown")
    words = case_records.checked("text", text)
    protocol = protocols.of_case(session, case)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    facts = measure_record.facts_of(session, opened, protocol, steps, local_date(now))
    found = refusals(protocol, measure, facts)
    if found:
        raise InvalidInputError("measure", str(found[0]))
    body = {**_plain(measure), "form": form, "text": words}
    case_records.write(session, case, opened, MEASURE, body, actor, now)
    for duty in duties(protocol, measure):
        tasks.add(
            session,
            actor=actor,
            case_id=case_id,
            kind=tasks.TASK,
            text=f"{duty.label} ({protocol.label(duty.role)})" if duty.role else duty.label,
            due_on=local_date(now),
            owner_id=case.handler_id,
            now=now,
        )
    _keep_dates(session, actor, case, measure, now)
    case_records.settle(session, case)


def _keep_dates(
    session: Session, actor: StaffActor, case: Case, measure: Measure, now: datetime
) -> None:
    """Put the end of a measure, and the talk after it, where they are not forgotten."""
    days = (
        (tasks.MEASURE_END, measure.last, "De maatregel loopt af."),
        (tasks.RETURN, measure.return_talk, "Gesprek bij terugkomst na de maatregel."),
    )
    for kind, day, text in days:
        if day is not None:
            tasks.add(
                session,
                actor=actor,
                case_id=case.id,
                kind=kind,
                text=text,
                due_on=day,
                owner_id=case.handler_id,
                now=now,
            )


def _grounds(session: Session, opened: CaseKeys) -> list[Ground]:
    return [
        Ground(
            body["what"], body["role"], date.fromisoformat(body["on"]), body["text"], body["who"]
        )
        for body in case_keys.facts_of(session, opened, GROUND)
    ]


def _plain(measure: Measure) -> dict[str, Any]:
    found = asdict(measure)
    days = ("first", "last", "return_talk")
    return {
        ("measure" if key == "kind" else key): (
            value.isoformat() if key in days and value is not None else value
        )
        for key, value in found.items()
    }


def _taken(body: Mapping[str, Any]) -> Taken:
    days = {
        key: date.fromisoformat(body[key]) if body[key] else None
        for key in ("first", "last", "return_talk")
    }
    measure = Measure(
        kind=body["measure"],
        about=body["about"],
        reason=body["reason"],
        in_writing=body["in_writing"],
        wished_by=body["wished_by"],
        wish=body["wish"],
        **days,
    )
    at = datetime.fromisoformat(body["at"])
    return Taken(measure, body["form"], body["text"], body["who"], at)
