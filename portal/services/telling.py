"""Who was told what and when: written down after a person told it; nothing is ever sent by itself.

A family hears about its own child only. `sheet` gives what may be said to one of a family, without
a fact about anybody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.domain.informing import MEDIA, MUST_NOT, Warned, duties, mentions, sides_told, warnings
from portal.domain.protocol import Protocol
from portal.models import Case
from portal.services import (
    case_keys,
    case_log,
    case_records,
    case_work,
    naming,
    people,
    protocols,
    stands,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import ForbiddenError, InvalidInputError, NotFoundError
from portal.services.people import PersonView
from portal.services.staff import StaffActor

TOLD = "told"
WHAT_LIMIT, WHOM_LIMIT = 300, 120
OF_A_FAMILY = Warned("family", "Hoort dit bij een gezin? Leg het dan bij de leerling vast.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingForm:
    """What staff fill in: whom of a pupil's family, or whom else, how, when and what."""

    medium: str
    on: date | None
    what: str
    person: str = ""
    to: tuple[str, ...] = ()
    others: str = ""
    task: str = ""
    finish: bool = False
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One thing that somebody was told."""

    person: str
    to: tuple[str, ...]
    to_names: tuple[str, ...]
    medium: str
    on: date
    what: str
    step: str
    task: str
    task_label: str
    warned: tuple[str, ...]
    who: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A communication of the step: a telling can be for it."""

    key: str
    label: str
    medium: str
    sides: frozenset[str]
    """Whose families it is for; empty: colleagues or others."""
    optional: bool
    quote: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody of a family answered at a gate."""

    who: str
    label: str
    outcome: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What may be said to one of a family; nothing of it is about anybody else."""

    pupil: str
    class_name: str
    reader: str
    tellings: tuple[Telling, ...]
    answers: tuple[Said, ...]
    left_out: int
    """Lines that name somebody outside the family."""


def tell(
    session: Session, *, actor: StaffActor, case_id: str, form: TellingForm, now: datetime
) -> None:
    """Write down that somebody was told something.

    Raises:
        InvalidInputError: a field is missing; field ``sure`` says what speaks against it.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    known = people.read(session, opened)
    body = _checked(form, now)
    task = _task(protocol, case, form.task)
    pupil = _pupil(known, form)
    body |= {"to": list(form.to), "to_names": _to_names(pupil, form)}
    found = _warnings(session, actor, case, opened, known, form, task, now)
    if found and not form.sure:
        raise InvalidInputError("sure", " ".join(one.sentence for one in found))
    body |= {"step": case.step_key, "task": form.task, "warned": [one.key for one in found]}
    case_records.write(session, case, opened, TOLD, body, actor=actor, now=now)
    if task is not None and form.finish:
        case_work.record_step(
            session,
            actor=actor,
            case_id=case_id,
            action_key=task.key,
            outcome="done",
            text=", ".join(body["to_names"]),
            now=now,
        )


def tellings_of(
    session: Session, opened: CaseKeys, protocol: Protocol, *, person_id: str | None = None
) -> list[Telling]:
    """List what was told, oldest first: to one family, or with no id to everybody."""
    bodies = case_keys.facts_of(session, opened, TOLD)
    found = [_view(body, protocol) for body in bodies if person_id in (None, body["person"])]
    return sorted(found, key=lambda one: one.on)


def sheet(
    session: Session, *, actor: StaffActor, case_id: str, person_id: str, reader: str = ""
) -> Sheet:
    """Give what may be said to one of a family: without an id, to the pupil.

    Raises:
        NotFoundError: no such person in this case, or no key.
        ForbiddenError: this parent must not be told.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    known = people.read(session, opened)
    pupil = next((one for one in known if one.key == person_id), None)
    who = reader or person_id
    if pupil is None or who not in _family(pupil):
        raise NotFoundError(person_id)
    if any(one.key == who and one.kind == MUST_NOT for one in duties(pupil.plain)):
        raise ForbiddenError(who)
    protocol = protocols.of_case(session, case)
    mine = [
        one for one in tellings_of(session, opened, protocol, person_id=person_id) if who in one.to
    ]
    own = pupil.names
    others = _other_names(session, actor, opened, known, pupil)
    safe = [one for one in mine if not mentions(one.what, own=own, others=others)]
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    return Sheet(
        pupil=pupil.name,
        class_name=pupil.class_name,
        reader=_family(pupil)[who],
        tellings=tuple(safe),
        answers=tuple(_said(steps, protocol, who, _family(pupil)[who])),
        left_out=len(mine) - len(safe),
    )


def tasks_of(protocol: Protocol, step_key: str) -> list[Task]:
    """List what the protocol has told to somebody at a step."""
    found = [item for part in protocol.parts(step_key) for item in part.communications]
    return [
        Task(
            key=one.key,
            label=one.label,
            medium=one.medium,
            sides=sides_told(one.to),
            optional=one.optional,
            quote=one.quote,
            file=one.file,
            line=one.line,
        )
        for one in found
    ]


def _checked(form: TellingForm, now: datetime) -> dict[str, Any]:
    if form.medium not in MEDIA:
        raise InvalidInputError("medium", "unknown")
    if form.on is None or form.on > local_date(now):
        raise InvalidInputError("on", "day")
    what = " ".join(case_records.checked("what", form.what).split())
    if len(what) > WHAT_LIMIT:
        raise InvalidInputError("what", "too_long")
    return {
        "person": form.person,
        "medium": form.medium,
        "on": form.on.isoformat(),
        "what": what,
    }


def _pupil(known: Sequence[PersonView], form: TellingForm) -> PersonView | None:
    """The pupil whose family is told; none where it is told to somebody else."""
    if not form.person:
        return None
    pupil = next((one for one in known if one.key == form.person), None)
    if pupil is None:
        raise NotFoundError(form.person)
    if not form.to or not set(form.to) <= set(_family(pupil)):
        raise InvalidInputError("to", "unknown")
    return pupil


def _family(pupil: PersonView) -> dict[str, str]:
    return {pupil.key: pupil.name, **{one.key: one.name for one in pupil.representatives}}


def _to_names(pupil: PersonView | None, form: TellingForm) -> list[str]:
    if pupil is not None:
        return [_family(pupil)[key] for key in form.to]
    words = " ".join(case_records.checked("others", form.others).split())
    if len(words) > WHOM_LIMIT:
        raise InvalidInputError("others", "too_long")
    return [words]


def _task(protocol: Protocol, case: Case, key: str) -> Task | None:
    found = next((one for one in tasks_of(protocol, case.step_key) if one.key == key), None)
    if key and found is None:
        raise InvalidInputError("task", "unknown")
    return found


def _warnings(
    session: Session,
    actor: StaffActor,
    case: Case,
    opened: CaseKeys,
    known: Sequence[PersonView],
    form: TellingForm,
    task: Task | None,
    now: datetime,
) -> tuple[Warned, ...]:
    pupil = _pupil(known, form)
    if pupil is None:
        named = [name for one in known for name in one.names]
        return (OF_A_FAMILY,) if mentions(form.others, own=(), others=named) else ()
    return warnings(
        pupil.plain,
        form.to,
        form.what,
        own=pupil.names,
        others=_other_names(session, actor, opened, known, pupil),
        medium=form.medium,
        wanted=task.medium if task else "",
        waits_for=_waits_for(session, case, opened, task, now) if task else "",
    )


def _waits_for(session: Session, case: Case, opened: CaseKeys, task: Task, now: datetime) -> str:
    """Name the gates that still hold a communication back."""
    protocol = protocols.of_case(session, case)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    known = people.persons_of(session, opened)
    stand = stands.progress_of(session, case, opened, protocol, steps, now, known)
    labels = {one.key: one.label for one in stand.tasks}
    gates = [key for one in stand.tasks if one.key == task.key for key in one.gates]
    return " ".join(labels[key] for key in gates)


def _other_names(
    session: Session,
    actor: StaffActor,
    opened: CaseKeys,
    known: Iterable[PersonView],
    pupil: PersonView,
) -> list[str]:
    """Name everybody who is not of this family, and who reported where this person may know."""
    found = [name for one in known if one.key != pupil.key for name in one.names]
    given = naming.names_of(session, actor=actor, report_ids=opened.reports)
    return [*found, *(str(body["name"]) for _item, body in given if body.get("name"))]


def _said(
    steps: Iterable[Mapping[str, Any]], protocol: Protocol, who: str, name: str
) -> Iterable[Said]:
    for body in steps:
        if body.get("person") == who:
            label = case_log.label_of(protocol, str(body["step"]), str(body["action"]))
            on = local_date(datetime.fromisoformat(str(body["at"])))
            yield Said(who=name, label=label, outcome=str(body["outcome"]), on=on)


def _view(body: Mapping[str, Any], protocol: Protocol) -> Telling:
    return Telling(
        person=body["person"],
        to=tuple(body["to"]),
        to_names=tuple(body["to_names"]),
        medium=body["medium"],
        on=date.fromisoformat(body["on"]),
        what=body["what"],
        step=body["step"],
        task=body["task"],
        task_label=case_log.label_of(protocol, body["step"], body["task"]),
        warned=tuple(body["warned"]),
        who=body["who"],
        at=datetime.fromisoformat(body["at"]),
    )
