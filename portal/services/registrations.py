"""Texts that leave the case: a note per pupil for the school's own system, a word to colleagues.

A note is made of agreed facts alone. Staff may change every word; nothing is placed or sent from
here, it is only written down who did that and when.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import data
from portal.domain import plain_notes
from portal.domain.dutch import day_long
from portal.domain.protocol import Protocol, Registration
from portal.models import Case
from portal.services import case_keys, case_records, case_work, people, protocols, stands
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError
from portal.services.staff import StaffActor

REGISTRATION, TOLD_TEAM, TALK = "registration", "told_team", "talk"
SENTENCES, NAME_LIMIT, TEXT_LIMIT = 3, 120, 4_000
PROBLEMS = {
    "name": "In deze tekst staat ‘%s’. Dat is iemand anders in deze zaak, of een account.",
    "trace": "In deze tekst staat ‘%s’. Dat komt uit het bewijs.",
    "word": "Laat ‘%s’ weg. Het zegt dat er een melding is, of bewijs.",
    "story": "Deze woorden komen uit het verhaal: ‘%s’. Schrijf alleen wat is afgesproken.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One note that the protocol asks for at the step of the case."""

    key: str
    label: str
    system: str
    section: str
    title: str
    per_pupil: bool
    plan: bool
    """Whether it is about the plan of a pupil."""
    by: str
    when: str
    quote: str
    file: str
    line: int
    state: str


@dataclass(frozen=True, slots=True)
class Notes:
    """What the page of notes shows."""

    label: str
    step_label: str
    places: list[Place]
    placed: list[dict[str, Any]]
    told: list[dict[str, Any]]
    agreed: str
    team: str
    plans: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a note is made of."""

    title: str
    on: date
    agreements: str
    next_check: date | None = None
    plan: str = ""


def show(session: Session, *, actor: StaffActor, case_id: str, now: datetime) -> Notes:
    """Give what is to be noted elsewhere at this step, and what was."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    placed = case_records.read(session, opened, REGISTRATION)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    stand = stands.progress_of(
        session, case, opened, protocol, steps, now, people.persons_of(session, opened)
    )
    states = {task.key: task.state for task in stand.tasks}
    owners = {task.key: protocol.label(task.owner) for task in stand.tasks}
    step = protocol.step(case.step_key)
    talks = [one for one in case_keys.facts_of(session, opened, TALK) if one.get("agreed")]
    return Notes(
        label=case.label,
        step_label=step.label if step else case.step_key,
        places=[
            _place(item, placed, states.get(item.key, "open"), owners.get(item.key, ""))
            for item in _items(protocol, case)
        ],
        placed=placed,
        told=case_records.read(session, opened, TOLD_TEAM),
        agreed=talks[-1]["agreed"] if talks else "",
        team=data.talk_guides().team,
        plans=_newest(case_keys.facts_of(session, opened, "plan")),
    )


def compose(notes: Notes, facts: Facts) -> str:
    """Write the note: title, day, step, what was agreed, the next check. Staff may change it."""
    plan = next((one for one in notes.plans if one["plan"] == facts.plan), {})
    lines = [
        facts.title,
        f"{day_long(facts.on)} {facts.on.year}",
        f"Stap in het protocol: {notes.step_label}",
        *_named("Doel", plan.get("goal")),
        *_named("Acties", plan.get("actions")),
        *_named("Resultaat", plan.get("results")),
        *_named("Afspraken", facts.agreements),
    ]
    if facts.next_check is not None:
        lines.append(f"Volgende controle: {day_long(facts.next_check)} {facts.next_check.year}")
    return "\n".join(line for line in lines if line)


def place(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    key: str,
    pupil: str,
    text: str,
    complete: bool,
    now: datetime,
) -> None:
    """Write down that this person put a note into another system, in one pupil's file.

    Args:
        complete: whether that was the last pupil, so that the protocol's task is done.

    Raises:
        InvalidInputError: when the note tells of somebody else, of a report or of evidence.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    item = next((one for one in _items(protocol, case) if one.key == key), None)
    if item is None:
        raise InvalidInputError("action", "unknown")
    name = _name("pupil", pupil)
    words = _checked(session, actor, opened, text, name)
    body = {
        "action": key,
        "system": item.system,
        "section": item.section,
        "pupil": name,
        "title": words.splitlines()[0],
        "text": words,
    }
    case_records.write(session, case, opened, REGISTRATION, body, actor=actor, now=now)
    if complete and _undone(session, opened, case, key):
        case_work.record_step(
            session,
            actor=actor,
            case_id=case_id,
            action_key=key,
            outcome="done",
            text="",
            now=now,
        )


def tell_team(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    pupil: str,
    text: str,
    told: str,
    now: datetime,
) -> None:
    """Write down what colleagues were told, at most three sentences, and who they were.

    Raises:
        InvalidInputError: when it is longer, or tells what colleagues need not know.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    name = _name("pupil", pupil)
    if plain_notes.sentences(text) > SENTENCES:
        raise InvalidInputError("text", "Houd het bij drie zinnen.")
    words = _checked(session, actor, opened, text, name)
    colleagues = case_records.checked("told", told)
    body = {"pupil": name, "text": words, "told": colleagues}
    case_records.write(session, case, opened, TOLD_TEAM, body, actor=actor, now=now)


def _checked(session: Session, actor: StaffActor, opened: CaseKeys, text: str, pupil: str) -> str:
    words = case_records.checked("text", text)
    if len(words) > TEXT_LIMIT:
        raise InvalidInputError("text", "too_long")
    known = case_records.known_of(session, actor=actor, opened=opened)
    others = [one["pupil"] for one in case_keys.facts_of(session, opened, REGISTRATION)]
    known = plain_notes.Known((*known.names, *others), known.reporters, known.traces, known.stories)
    found = plain_notes.problem(words, known, pupil=pupil, refused=data.talk_guides().refused)
    if found is not None:
        raise InvalidInputError("text", PROBLEMS[found[0]] % found[1])
    return words


def _name(field_name: str, text: str) -> str:
    name = case_records.checked(field_name, text)
    if len(name) > NAME_LIMIT or "\n" in name:
        raise InvalidInputError(field_name, "too_long")
    return name


def _items(protocol: Protocol, case: Case) -> list[Registration]:
    return [item for part in protocol.parts(case.step_key) for item in part.registrations]


def _place(item: Registration, placed: list[dict[str, Any]], state: str, by: str) -> Place:
    return Place(
        key=item.key,
        label=item.label,
        system=item.system,
        section=item.section,
        title=_title(item, placed),
        per_pupil=item.per_pupil,
        plan="plan" in item.section.lower(),
        by=by,
        when=item.when,
        quote=item.quote,
        file=item.file,
        line=item.line,
        state=state,
    )


def _title(item: Registration, placed: list[dict[str, Any]]) -> str:
    """The school's literal title that is next; after the last one it counts on."""
    if not item.titles:
        return ""
    pupils = [one["pupil"] for one in placed if one["action"] == item.key]
    rounds = max((pupils.count(one) for one in pupils), default=0)
    if rounds < len(item.titles):
        return item.titles[rounds]
    return re.sub(r"\d+$", str(rounds + 1), item.titles[-1])


def _undone(session: Session, opened: CaseKeys, case: Case, key: str) -> bool:
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    return not any(
        one["action"] == key and one["step"] == case.step_key and one["outcome"] == "done"
        for one in steps
    )


def _newest(plans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({one["plan"]: one for one in plans}.values())


def _named(label: str, value: object) -> list[str]:
    text = str(value or "").strip()
    if not text:
        return []
    return [f"{label}: {text}"] if "\n" not in text else [f"{label}:", text]
