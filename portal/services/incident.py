"""The persons of an incident as their page shows them: both families, each apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from portal import data
from portal.domain.informing import AgeNote, Duty, duties, not_yet_told
from portal.domain.people import PARTS, AgeRule
from portal.models import Case
from portal.services import case_records, evidence, people, protocols, telling
from portal.services.case_keys import CaseKeys
from portal.services.errors import NotFoundError
from portal.services.people import PersonView
from portal.services.staff import StaffActor
from portal.services.telling import Task, Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A communication of the step that some of a family wait for."""

    task: Task
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyView:
    """One pupil and their family: who is told, whose consent counts, what they were told."""

    person: PersonView
    duties: Mapping[str, Duty]
    consent: AgeRule | None
    notes: tuple[AgeNote, ...]
    tellings: tuple[Telling, ...]
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Everybody in an incident."""

    families: tuple[FamilyView, ...]
    others: tuple[Telling, ...]
    """What was told to colleagues, leaders and other people."""
    tasks: tuple[Task, ...]
    present: tuple[str, ...] = field(repr=False)
    """Who takes part in the chats of the evidence, and was not marked by a person."""

    def family(self, person_id: str) -> FamilyView:
        """The family of one pupil.

        Raises:
            NotFoundError: nobody of that id is in this incident.
        """
        for one in self.families:
            if one.person.key == person_id:
                return one
        raise NotFoundError(person_id)


def show(session: Session, *, actor: StaffActor, case_id: str) -> Incident:
    """Open the persons of a case for somebody who reads it.

    Raises:
        NotFoundError: for everybody else.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    known = people.read(session, opened)
    told = telling.tellings_of(session, opened, protocol)
    tasks = telling.tasks_of(protocol, case.step_key)
    here = [one for one in told if one.step == case.step_key]
    ordered = sorted(known, key=lambda one: PARTS.index(one.part))
    return Incident(
        families=tuple(_family(one, told, _waiting(one, tasks, here)) for one in ordered),
        others=tuple(one for one in told if not one.person),
        tasks=tuple(tasks),
        present=tuple(_chat_members(session, case, opened, known)),
    )


def _waiting(
    person: PersonView, tasks: Sequence[Task], here: Sequence[Telling]
) -> tuple[Waiting, ...]:
    """What the protocol has told to this family at the step, and who did not hear it yet."""
    names = {person.key: person.name, **{one.key: one.name for one in person.representatives}}
    found = []
    for task in tasks:
        told = [key for one in here if one.task == task.key for key in one.to]
        asked = person.part in task.sides and not task.optional
        left = not_yet_told(person.plain, told) if asked else ()
        if left:
            found.append(Waiting(task=task, names=tuple(names[key] for key in left)))
    return tuple(found)


def _family(
    person: PersonView, told: Sequence[Telling], waiting: tuple[Waiting, ...]
) -> FamilyView:
    rules = (one for one in data.consent_ages() if one.band == person.age_band)
    return FamilyView(
        person=person,
        duties={one.key: one for one in duties(person.plain)},
        consent=next(rules, None),
        notes=tuple(one for one in data.age_notes() if person.age_band in one.bands),
        tellings=tuple(one for one in told if one.person == person.key),
        waiting=waiting,
    )


def _chat_members(
    session: Session, case: Case, opened: CaseKeys, known: Sequence[PersonView]
) -> list[str]:
    taken = {name.casefold() for one in known for name in (one.name, one.nickname)}
    found: dict[str, None] = {}
    for item in evidence.views_of(evidence.open_items(session, case, opened)):
        for name in item.facts.get("chat_participants") or []:
            if str(name).casefold() not in taken:
                found[str(name)] = None
    return list(found)
