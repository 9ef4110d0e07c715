"""What is done with a whole group or class: a talk, an approach, a training, and coming back to it.

Who it is about is on record, and for each of them the gates of the step hold: what is done in
front of a class is done to everybody it is about. One family's answer holds back only its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.domain.gates import OPENING
from portal.domain.hard_rules import cited
from portal.domain.progress import Progress, Task
from portal.domain.protocol import Item, Protocol
from portal.models import Case
from portal.services import (
    case_keys,
    case_records,
    case_work,
    known_facts,
    people,
    protocols,
    stands,
    talk_guards,
    tasks,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError
from portal.services.people import PersonView
from portal.services.staff import StaffActor

GROUP = "group_action"
FORMS = ("approach", "training", "other")
"""What it is, beside a talk, which is written down as a talk."""
GROUP_KINDS = ("talk_class", "talk_group", "training")
"""Kinds of actions of a protocol that are for a group."""
SEVERAL = 2
NAME_LIMIT = 120
COME_BACK = "Kom terug op wat er met de groep of de klas is gedaan."


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAction:
    """Something that is done with a group, as it is written down."""

    form: str
    group: str
    about: tuple[str, ...]
    on: date | None
    text: str
    return_on: date | None
    action: str = ""


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody it can be about, and what has to be asked first."""

    key: str
    name: str
    part: str
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """What the page shows."""

    is_group: bool
    said: list[Item]
    """What the school's text says of a group at this step."""
    concerned: list[Concerned]
    done: list[dict[str, Any]]
    """Talks with the group and everything else that was done with it, oldest first."""
    actions: list[tuple[str, str]]
    """Actions of this step for a group, as key and label, as long as they are open."""
    classes: str


def show(session: Session, *, actor: StaffActor, case_id: str, now: datetime) -> GroupView:
    """Give what is on record of a group, and for whom a gate still holds."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    known = people.read(session, opened)
    stand = _stand(session, case, opened, protocol, known, now)
    ours = _items(protocol, case)
    open_now = {task.key for task in stand.tasks if not task.settled}
    accused = [one for one in known if one.part == "accused"]
    return GroupView(
        is_group=known_facts.of_case(session, opened).group is True or len(accused) >= SEVERAL,
        said=ours,
        concerned=[
            Concerned(one.key, one.name, one.part, tuple(_lacking(stand, protocol, case, one.key)))
            for one in known
        ],
        done=_done(session, opened, people.names_of(known)),
        actions=[(item.key, item.label) for item in ours if item.key in open_now],
        classes=case.classes,
    )


def done_in(session: Session, *, actor: StaffActor, case_id: str) -> list[dict[str, Any]]:
    """Give what was done with a group, oldest first, with the names of who it was about."""
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    return _done(session, opened, people.names_of(people.read(session, opened)))


def _done(session: Session, opened: CaseKeys, names: Mapping[str, str]) -> list[dict[str, Any]]:
    talks = case_records.read(session, opened, talk_guards.TALK)
    found = [{**one, "form": "talk", "text": ""} for one in talks if one["with"] == "class"]
    found += case_records.read(session, opened, GROUP)
    return [
        {**one, "names": [names[key] for key in one.get("about", ()) if key in names]}
        for one in sorted(found, key=lambda one: (one["on"], one["at"], one["seq"]))
    ]


def record(
    session: Session, *, actor: StaffActor, case_id: str, given: GroupAction, now: datetime
) -> None:
    """Write down what was done with a group; with an action of the protocol, that is done by it.

    Raises:
        InvalidInputError: without a group, a day that is over, words or a day to come back to it;
            or while a gate holds for somebody it is about: ``problem`` says which, in Dutch.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if given.form not in FORMS:
        raise InvalidInputError("form", "unknown")
    if given.on is None or given.on > local_date(now):
        raise InvalidInputError("on", "past")
    if given.return_on is None or given.return_on <= given.on:
        raise InvalidInputError("return_on", "return")
    body = {
        "form": given.form,
        "group": checked_group(given.group),
        "about": checked_about(session, case, opened, given.about, given.action, now),
        "on": given.on.isoformat(),
        "return_on": given.return_on.isoformat(),
        "action": given.action,
        "text": case_records.checked("text", given.text),
    }
    if given.action:
        _do_step(session, actor, case, given.action, now)
    case_records.write(session, case, opened, GROUP, body, actor, now)
    come_back(session, actor=actor, case_id=case.id, on=given.return_on, now=now)


def _do_step(session: Session, actor: StaffActor, case: Case, action: str, now: datetime) -> None:
    if action not in {item.key for item in _items(protocols.of_case(session, case), case)}:
        raise InvalidInputError("action", "Deze taak hoort niet bij een groep.")
    case_work.record_step(
        session,
        actor=actor,
        case_id=case.id,
        action_key=action,
        outcome="done",
        text="",
        now=now,
    )


def come_back(
    session: Session, *, actor: StaffActor, case_id: str, on: date, now: datetime
) -> None:
    """Put the day to come back to it on the desk and in the calendar of whoever did it."""
    tasks.add(
        session,
        actor=actor,
        case_id=case_id,
        kind=tasks.RETURN,
        text=COME_BACK,
        due_on=on,
        owner_id=actor.id,
        now=now,
    )


def checked_group(text: str) -> str:
    """Give the name of a class or group.

    Raises:
        InvalidInputError: without one, or one that is far too long.
    """
    name = " ".join(case_records.checked("group", text).split())
    if len(name) > NAME_LIMIT:
        raise InvalidInputError("group", "too_long")
    return name


def checked_about(
    session: Session,
    case: Case,
    opened: CaseKeys,
    about: Collection[str],
    action: str,
    now: datetime,
) -> list[str]:
    """Give the persons that something with a group is about.

    Raises:
        InvalidInputError: for somebody who is not of this incident, for nobody where somebody is,
            or while a gate of the step holds for one of them.
    """
    known = people.read(session, opened)
    wanted = [one for one in known if one.key in about]
    if len(wanted) != len(set(about)) or (known and not wanted):
        raise InvalidInputError("about", "about")
    protocol = protocols.of_case(session, case)
    stand = _stand(session, case, opened, protocol, known, now)
    for one in wanted:
        lacking = _lacking(stand, protocol, case, one.key, action)
        if lacking:
            raise InvalidInputError("about", f"Eerst nodig voor {one.name}: {lacking[0]}")
    return [one.key for one in wanted]


def _stand(
    session: Session,
    case: Case,
    opened: CaseKeys,
    protocol: Protocol,
    known: Sequence[PersonView],
    now: datetime,
) -> Progress:
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    plain = [one.plain for one in known]
    return stands.progress_of(session, case, opened, protocol, steps, now, plain)


def _items(protocol: Protocol, case: Case) -> list[Item]:
    parts = protocol.parts(case.step_key)
    return [item for part in parts for item in part.actions if item.kind in GROUP_KINDS]


def _lacking(
    stand: Progress, protocol: Protocol, case: Case, person: str, action: str = ""
) -> list[str]:
    """Say which gates hold for one person, each with its sentence.

    Those before what is done; without it, before anything for a group; where the text has none,
    every gate at which this step asks people.
    """
    gates = [gate for part in protocol.parts(case.step_key) for gate in part.gates]
    wanted = {action} if action else {item.key for item in _items(protocol, case)}
    before = [gate for gate in gates if wanted & {*gate.blocks}] or gates
    tasks_now = {task.key: task for task in stand.tasks}
    return [
        f"{gate.label.rstrip('.')}. {cited(gate.quote, gate.file, gate.line)}"
        for gate in before
        if gate.key in tasks_now and _holds(tasks_now[gate.key], person)
    ]


def _holds(task: Task, person: str) -> bool:
    own = [one for one in task.answers if one.pupil == person]
    return any(one.outcome not in OPENING for one in own)
