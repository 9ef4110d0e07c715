"""The protocol as staff meet it: a whole protocol step by step, and the step a case is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.domain.owners import Absence, Owner, owner_on
from portal.domain.progress import Progress, Task
from portal.domain.protocol import (
    Action,
    Communication,
    Deadline,
    Gate,
    HardRule,
    Item,
    Protocol,
    Registration,
    Step,
    Todo,
)
from portal.domain.protocol_words import needs, noted_words, told_words
from portal.models import Case
from portal.services import (
    case_keys,
    case_records,
    case_work,
    people,
    protocols,
    roster,
    stands,
    turns,
)
from portal.services.schools import SchoolView
from portal.services.staff import StaffActor

UNITS = {"school_day": ("schooldag", "schooldagen"), "week": ("week", "weken")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing of a step as it is shown: what, who, when, what it waits for, and the sentence."""

    kind: str
    key: str
    label: str
    owner: str
    when: str
    waits_for: tuple[str, ...]
    optional: bool
    item: Item
    how: str = ""
    """To whom and by what means, or where a note is to stand."""
    needs: tuple[str, ...] = ()
    """What makes it needed, or what stands for it."""


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of a protocol with everything in it, in the order in which it is met."""

    step: Step
    owner: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ProtocolView:
    """A whole protocol."""

    protocol: Protocol
    intake: tuple[tuple[str, str, str, Item], ...]
    steps: tuple[StepView, ...]
    rules: tuple[HardRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The step that a case is in: what can be done now, by whom, and why."""

    protocol: Protocol
    step_label: str
    unordered: bool
    stand: Progress
    labels: Mapping[str, str]
    owners: Mapping[str, Owner]
    names: Mapping[str, str]
    blocked: Mapping[str, tuple[str, ...]]

    @property
    def ready(self) -> tuple[Task, ...]:
        """What may be recorded now, the next thing first."""
        found = self.stand.ready
        first = tuple(task for task in found if task == self.stand.next)
        return first + tuple(task for task in found if task not in first)

    @property
    def later(self) -> tuple[Task, ...]:
        """What waits."""
        return tuple(task for task in self.stand.tasks if task.state in ("waiting", "blocked"))

    @property
    def past(self) -> tuple[Task, ...]:
        """What is settled."""
        return tuple(task for task in self.stand.tasks if task.settled)

    def labels_of(self, roles: Sequence[str]) -> list[str]:
        """The school's words for some roles."""
        return [self.protocol.label(role) for role in roles]


def show(session: Session, *, actor: StaffActor, case_id: str, now: datetime) -> Running:
    """Open the step that a case is in, for somebody who reads it."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    protocol = protocols.of_case(session, case)
    steps = case_keys.facts_of(session, opened, case_work.STEP)
    known = people.read(session, opened)
    stand = stands.progress_of(
        session, case, opened, protocol, steps, now, [one.plain for one in known]
    )
    step = protocol.step(case.step_key)
    labels = {task.key: task.label for task in stand.tasks}
    return Running(
        protocol=protocol,
        step_label=step.label if step else case.step_key,
        unordered=step is not None and step.mode == "checklist",
        stand=stand,
        labels=labels,
        owners=_owners(session, case, protocol, stand, local_date(now)),
        names=people.names_of(known),
        blocked={
            task.key: tuple(labels[key] for key in (*task.gates, *task.waits_for))
            for task in stand.tasks
        },
    )


def _owners(
    session: Session, case: Case, protocol: Protocol, stand: Progress, today: date
) -> dict[str, Owner]:
    """Who does each role's tasks today, by role."""
    readers = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    staff = roster.roster_of(session, case.school_id, today)
    away = turns.stand_ins(session, case.school_id, today)
    return {
        role: owner_on(
            protocol,
            role,
            staff,
            on=today,
            absences=[Absence(who, today, today, instead) for who, instead in away.items()],
            handler=case.handler_id if role == case.role_key else "",
            readers=readers,
        )
        for role in {task.owner for task in stand.tasks}
    }


def overview(school: SchoolView) -> ProtocolView:
    """Lay out the protocol that new cases of a school begin under."""
    protocol, _version = protocols.current(school.protocol_key)
    return ProtocolView(
        protocol=protocol,
        intake=tuple(
            (rule.label, protocol.label(rule.role), _step_label(protocol, rule.step), rule)
            for rule in protocol.intake
        ),
        steps=tuple(_step_view(protocol, step) for step in protocol.steps),
        rules=protocol.hard_rules,
    )


def _step_label(protocol: Protocol, key: str) -> str:
    step = protocol.step(key)
    return step.label if step else key


def _step_view(protocol: Protocol, step: Step) -> StepView:
    owner = protocol.label(step.owner) if step.owner else "wie de melding kreeg"
    gates = [_line(protocol, owner, gate, "gate", gate.role) for gate in step.gates]
    actions = [_action(protocol, step, owner, action) for action in step.actions]
    others: list[Communication | Registration] = [*step.communications, *step.registrations]
    told = [
        replace(
            _line(protocol, owner, other, type(other).__name__.lower(), other.by),
            when=other.when,
            waits_for=_held(step.gates, other.key) + _after(protocol, other),
            optional=other.optional,
            needs=tuple(needs(protocol, other)),
            how="; ".join(_how(protocol, other)),
        )
        for other in others
    ]
    return StepView(step, owner, (*gates, *actions, *told))


def _line(protocol: Protocol, owner: str, item: Item, kind: str, role: str) -> Line:
    return Line(
        kind=kind,
        key=item.key,
        label=item.label,
        owner=protocol.label(role) if role else owner,
        when="",
        waits_for=(),
        optional=False,
        item=item,
    )


def _action(protocol: Protocol, step: Step, owner: str, action: Action) -> Line:
    labels = {one.key: one.label for other in protocol.steps for one in other.actions}
    due = next((one for one in step.deadlines if one.action == action.key), None)
    return replace(
        _line(protocol, owner, action, "action", action.owner),
        when=_when(due, labels.get(due.after, "")) if due else action.when,
        waits_for=_held(step.gates, action.key) + _after(protocol, action),
        optional=action.optional,
        needs=tuple(needs(protocol, action)),
    )


def _how(protocol: Protocol, item: Communication | Registration) -> list[str]:
    if isinstance(item, Communication):
        return told_words(protocol, item)
    return noted_words(item)


def _after(protocol: Protocol, item: Todo) -> tuple[str, ...]:
    known = {one.key: one.label for step in protocol.steps for one in step.actions}
    return tuple(known[key] for key in item.after if key in known)


def _held(gates: tuple[Gate, ...], key: str) -> tuple[str, ...]:
    return tuple(gate.label for gate in gates if key in gate.blocks)


def _when(due: Deadline, after: str) -> str:
    """A term in words: ``4 weken na: Maak afspraken``, ``dezelfde dag (streven)``."""
    one, more = UNITS[due.unit]
    text = f"{due.amount} {one if due.amount == 1 else more}" if due.amount else "dezelfde dag"
    text = f"duurt {text}" if due.during else text
    if after:
        text += f" na: {after.rstrip('.')}"
    return f"{text} (streven)" if due.target else text
