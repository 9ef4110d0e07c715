"""What comes next in a step, and what a gate still holds back.

Pure functions over the events recorded so far. A gate opens only with a recorded outcome: agreed,
or overridden by a named person with a reason; refused and not reached are on record and still hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from portal.domain.deadlines import SchoolCalendar, due_date
from portal.domain.protocol import (
    Action,
    Communication,
    Deadline,
    Gate,
    Item,
    Protocol,
    Registration,
    Step,
)

GATE_OUTCOMES = ("agreed", "refused", "not_reached", "overridden")
TASK_OUTCOMES = ("done", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something recorded about one item of a step, on a school-local date."""

    key: str
    outcome: str
    on: date
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do. `state`: done, skipped, open, waiting (for others) or blocked (by gates)."""

    key: str
    label: str
    kind: str
    owner: str
    state: str
    outcome: str
    optional: bool
    due: date | None
    target: bool
    gates: tuple[str, ...]
    waits_for: tuple[str, ...]
    quote: str
    file: str
    line: int

    @property
    def settled(self) -> bool:
        return self.state in ("done", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A step as it stands: every task in order, the next one, and whether all is done."""

    step: str
    tasks: tuple[Task, ...]
    next: Task | None
    complete: bool


@dataclass(frozen=True, slots=True)
class _Stand:
    """What counts of the events: the outcome and date of each settled item, and each gate."""

    outcomes: dict[str, Event]
    gates: dict[str, Event]


def progress(
    protocol: Protocol,
    step_key: str,
    events: Sequence[Event],
    *,
    started: date,
    calendar: SchoolCalendar,
    role: str = "",
) -> Progress:
    """How a step stands.

    `role` is the handler that routing chose, for steps whose owner the intake decides. Events that
    were not admissible when they were recorded count for nothing.
    """
    parts = protocol.parts(step_key)
    if not parts:
        raise LookupError(step_key)
    stand = _stand(parts, events)
    owner = parts[-1].owner or role
    tasks: list[Task] = []
    for part in parts:
        tasks += [_gate_task(gate, parts, owner, stand) for gate in part.gates]
        tasks += [_task(item, parts, part.owner or owner, stand) for item in _todo(part)]
    dated = [_dated(task, parts, stand, started, calendar) for task in tasks]
    ordered = _in_order(dated, parts)
    needed = [task for task in ordered if not task.optional]
    return Progress(
        step=step_key,
        tasks=tuple(ordered),
        next=_next(needed),
        complete=all(task.settled for task in needed),
    )


def admissible(
    protocol: Protocol, step_key: str, events: Sequence[Event], event: Event
) -> str | None:
    """Why an event may not be recorded now, in Dutch; None when it may."""
    parts = protocol.parts(step_key)
    return _refusal(parts, _stand(parts, events), event)


def _refusal(parts: Sequence[Step], stand: _Stand, event: Event) -> str | None:
    gates = {gate.key: gate for part in parts for gate in part.gates}
    items = {item.key: item for part in parts for item in _todo(part)}
    if event.key in gates:
        return _gate_refusal(gates[event.key], event)
    if event.key in items:
        return _task_refusal(items[event.key], parts, stand, event)
    return "Dit hoort niet bij deze stap."


def _task_refusal(item: Item, parts: Sequence[Step], stand: _Stand, event: Event) -> str | None:
    if event.outcome not in TASK_OUTCOMES:
        return f"Onbekende uitkomst: {event.outcome}."
    if event.outcome == "skipped":
        explained = _optional(item) or (event.by.strip() and event.reason.strip())
        return None if explained else "Overslaan kan alleen met naam en reden."
    closed = [gate.label for gate in _blocking(item.key, parts) if not _open(gate, stand)]
    return f"Eerst nodig: {'; '.join(closed)}." if closed else None


def _gate_refusal(gate: Gate, event: Event) -> str | None:
    if event.outcome not in GATE_OUTCOMES:
        return f"Onbekende uitkomst: {event.outcome}."
    if not event.by.strip():
        return f"Wie legde dit vast? ({gate.label})"
    if event.outcome == "overridden" and not event.reason.strip():
        return "Toch doorgaan kan alleen met naam en reden."
    return None


def _stand(parts: Sequence[Step], events: Sequence[Event]) -> _Stand:
    """Replay the events; the last word on a gate counts for whatever comes after it."""
    stand = _Stand({}, {})
    gates = {gate.key for part in parts for gate in part.gates}
    for event in events:
        if _refusal(parts, stand, event) is not None:
            continue
        (stand.gates if event.key in gates else stand.outcomes)[event.key] = event
    return stand


def _open(gate: Gate, stand: _Stand) -> bool:
    event = stand.gates.get(gate.key)
    return event is not None and event.outcome in ("agreed", "overridden")


def _blocking(key: str, parts: Sequence[Step]) -> list[Gate]:
    return [gate for part in parts for gate in part.gates if key in gate.blocks]


def _todo(part: Step) -> list[Action | Communication | Registration]:
    return [*part.actions, *part.communications, *part.registrations]


def _optional(item: Item) -> bool:
    return bool(getattr(item, "optional", False))


def _task(
    item: Action | Communication | Registration,
    parts: Sequence[Step],
    owner: str,
    stand: _Stand,
) -> Task:
    event = stand.outcomes.get(item.key)
    closed = tuple(gate.key for gate in _blocking(item.key, parts) if not _open(gate, stand))
    waits = _unmet(item, stand)
    if event is not None:
        state = event.outcome
    elif closed:
        state = "blocked"
    else:
        state = "waiting" if waits else "open"
    doer = item.owner if isinstance(item, Action) else item.by
    task = _blank(item, owner=doer or owner, state=state, event=event)
    return replace(task, optional=_optional(item), gates=closed, waits_for=waits)


def _gate_task(gate: Gate, parts: Sequence[Step], owner: str, stand: _Stand) -> Task:
    """A gate is a task as long as something that must happen waits for it.

    It need not be asked before what precedes the first thing it holds back.
    """
    held = [item for part in parts for item in _todo(part) if item.key in gate.blocks]
    waits = _unmet(held[0], stand) if held else ()
    state = "done" if _open(gate, stand) else "waiting" if waits else "open"
    task = _blank(gate, owner=owner, state=state, event=stand.gates.get(gate.key))
    return replace(task, optional=all(map(_optional, held)), waits_for=waits)


def _unmet(item: Item, stand: _Stand) -> tuple[str, ...]:
    wanted = item.after if isinstance(item, Action) else ()
    return tuple(key for key in wanted if key not in stand.outcomes)


def _blank(item: Item, *, owner: str, state: str, event: Event | None) -> Task:
    return Task(
        key=item.key,
        label=item.label,
        kind=type(item).__name__.lower(),
        owner=owner,
        state=state,
        outcome=event.outcome if event else "",
        optional=False,
        due=None,
        target=False,
        gates=(),
        waits_for=(),
        quote=item.quote,
        file=item.file,
        line=item.line,
    )


def _dated(
    task: Task, parts: Sequence[Step], stand: _Stand, started: date, calendar: SchoolCalendar
) -> Task:
    """With its due date, once what it counts from has happened."""
    deadlines = (due for part in parts for due in part.deadlines if due.action == task.key)
    deadline: Deadline | None = next(deadlines, None)
    if deadline is None:
        return task
    start = started
    if deadline.after:
        event = stand.outcomes.get(deadline.after)
        if event is None or event.outcome != "done":
            return task
        start = event.on
    return replace(task, due=due_date(deadline, start, calendar), target=deadline.target)


def _in_order(tasks: list[Task], parts: Sequence[Step]) -> list[Task]:
    """As the file has them, each gate just before the first thing it holds back."""
    gates = {gate.key: gate for part in parts for gate in part.gates}
    ordered = [task for task in tasks if task.key not in gates]
    for task in tasks:
        if task.key in gates:
            held = gates[task.key].blocks
            keys = [other.key for other in ordered]
            places = [keys.index(key) for key in held if key in keys]
            ordered.insert(min(places, default=len(ordered)), task)
    return ordered


def _next(needed: list[Task]) -> Task | None:
    """The first open task; a gate that was refused comes last, it needs a decision."""
    ready = [task for task in needed if task.state == "open"]
    fresh = [task for task in ready if not task.outcome]
    return next(iter(fresh or ready), None)
