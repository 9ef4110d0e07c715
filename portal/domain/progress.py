"""What comes next in a step and why, and what a gate still holds back.

Pure functions over the events recorded so far. A gate opens only with a recorded outcome: agreed,
or overridden by a named person with a reason; refused and not reached are on record and still hold.
Where the people of the incident are recorded, a gate waits for each of them apart (`asks`), and the
answer of one side neither opens nor closes anything of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from portal.domain import gates as gating
from portal.domain.deadlines import SchoolCalendar, due_date
from portal.domain.facts import Facts
from portal.domain.gates import Answer, Event
from portal.domain.people import Ask
from portal.domain.protocol import Action, Deadline, Gate, Item, Protocol, Step, Todo
from portal.domain.routing import holds_any

TASK_OUTCOMES = ("done", "skipped")
CHECKLIST = "checklist"
NOTHING_BEFORE = "Wat ervoor kwam, is gedaan of vastgelegd."
Asks = Mapping[str, Sequence[Ask]]
__all__ = ("Event", "Progress", "Task", "admissible", "progress")


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
    answers: tuple[Answer, ...] = ()
    """Of a gate: whose answer it waits for, and what each said."""
    during: bool = False
    """Whether it goes on until its date, so that it is not done before."""

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
    why: tuple[str, ...] = ()
    """Why the next thing is next, in Dutch."""

    @property
    def ready(self) -> tuple[Task, ...]:
        """Everything that may be done now, also what is optional."""
        return tuple(task for task in self.tasks if task.state == "open")


@dataclass(frozen=True, slots=True)
class _Stand:
    """What counts of the events: the outcome of each settled item, and what was said at gates."""

    outcomes: dict[str, Event]
    gates: dict[str, list[Event]]
    asks: Asks
    facts: Facts

    def done(self, keys: Sequence[str]) -> bool:
        """Whether one of these was done."""
        return any(key in self.outcomes and self.outcomes[key].outcome == "done" for key in keys)

    def refused(self, gates: Sequence[str]) -> bool:
        """Whether the last word at one of these was no."""
        said = (self.gates[key][-1].outcome for key in gates if self.gates.get(key))
        return "refused" in said

    def open(self, gate: Gate, side: str = "") -> bool:
        return gating.is_open(gate, self.gates.get(gate.key, ()), self.asks.get(gate.key, ()), side)


def progress(
    protocol: Protocol,
    step_key: str,
    events: Sequence[Event],
    *,
    started: date,
    calendar: SchoolCalendar,
    role: str = "",
    asks: Asks | None = None,
    facts: Facts | None = None,
) -> Progress:
    """How a step stands.

    `role` is the handler that routing chose, for steps whose owner the intake decides; `asks` says
    for each gate whose answers it waits for; `facts` is what is known of the case. Events that were
    not admissible when they were recorded count for nothing.
    """
    parts = protocol.parts(step_key)
    if not parts:
        raise LookupError(step_key)
    stand = _stand(parts, events, asks or {}, facts)
    owner = parts[-1].owner or role
    tasks: list[Task] = []
    for part in parts:
        tasks += [_gate_task(gate, parts, owner, stand) for gate in part.gates]
        tasks += [_task(item, parts, part.owner or owner, stand) for item in _todo(part)]
    dated = [_dated(task, parts, stand, started, calendar) for task in tasks]
    ordered = _in_order(_gates_dated(dated, parts), parts)
    needed = [task for task in ordered if not task.optional]
    unordered = parts[-1].mode == CHECKLIST
    following = _next(needed, unordered=unordered)
    return Progress(
        step=step_key,
        tasks=tuple(ordered),
        next=following,
        complete=all(task.settled for task in needed),
        why=_why(protocol, following, ordered, unordered=unordered),
    )


def admissible(
    protocol: Protocol,
    step_key: str,
    events: Sequence[Event],
    event: Event,
    *,
    asks: Asks | None = None,
    facts: Facts | None = None,
) -> str | None:
    """Why an event may not be recorded now, in Dutch; None when it may."""
    parts = protocol.parts(step_key)
    gate = next((one for part in parts for one in part.gates if one.key == event.key), None)
    refusal = _refusal(parts, _stand(parts, events, asks or {}, facts), event)
    if refusal is None and gate is not None:
        return gating.new_refusal(protocol, gate, event, (asks or {}).get(gate.key, ()))
    return refusal


def _refusal(parts: Sequence[Step], stand: _Stand, event: Event) -> str | None:
    gates = {gate.key: gate for part in parts for gate in part.gates}
    items = {item.key: item for part in parts for item in _todo(part)}
    if event.key in gates:
        return gating.refusal(gates[event.key], event)
    if event.key in items:
        return _task_refusal(items[event.key], parts, stand, event)
    return "Dit hoort niet bij deze stap."


def _task_refusal(item: Todo, parts: Sequence[Step], stand: _Stand, event: Event) -> str | None:
    if event.outcome not in TASK_OUTCOMES:
        return f"Onbekende uitkomst: {event.outcome}."
    if event.outcome == "skipped":
        explained = not _needed(item, stand) or (event.by.strip() and event.reason.strip())
        return None if explained else "Overslaan kan alleen met naam en reden."
    closed = [gate.label for gate in _closed(item, parts, stand)]
    return f"Eerst nodig: {'; '.join(closed)}." if closed else None


def _stand(
    parts: Sequence[Step], events: Sequence[Event], asks: Asks, facts: Facts | None
) -> _Stand:
    """Replay the events; the last word of each counts for whatever comes after it."""
    stand = _Stand({}, {}, asks, facts or Facts())
    gates = {gate.key for part in parts for gate in part.gates}
    for event in events:
        if _refusal(parts, stand, event) is not None:
            continue
        if event.key in gates:
            stand.gates.setdefault(event.key, []).append(event)
        else:
            stand.outcomes[event.key] = event
    return stand


def _closed(item: Item, parts: Sequence[Step], stand: _Stand) -> list[Gate]:
    """The gates that still hold something back, each asked only for the side it is about."""
    side = gating.side_of(item)
    return [gate for gate in _blocking(item.key, parts) if not stand.open(gate, side)]


def _blocking(key: str, parts: Sequence[Step]) -> list[Gate]:
    return [gate for part in parts for gate in part.gates if key in gate.blocks]


def _todo(part: Step) -> list[Todo]:
    return [*part.actions, *part.communications, *part.registrations]


def _needed(item: Todo, stand: _Stand) -> bool:
    """Whether it must be settled: always, or because of what is known or was done."""
    if stand.done(item.unless):
        return False
    known = bool(item.needed_when) and holds_any(item.needed_when, stand.facts)
    said = known or stand.done(item.needed_after) or stand.refused(item.needed_refused)
    return not item.optional or said


def _task(
    item: Todo,
    parts: Sequence[Step],
    owner: str,
    stand: _Stand,
) -> Task:
    event = stand.outcomes.get(item.key)
    closed = tuple(gate.key for gate in _closed(item, parts, stand))
    waits = _unmet(item, parts, stand)
    if event is not None:
        state = event.outcome
    elif closed:
        state = "blocked"
    else:
        state = "waiting" if waits else "open"
    doer = item.owner if isinstance(item, Action) else getattr(item, "by", "")
    task = _blank(item, owner=doer or owner, state=state, event=event)
    return replace(task, optional=not _needed(item, stand), gates=closed, waits_for=waits)


def _gate_task(gate: Gate, parts: Sequence[Step], owner: str, stand: _Stand) -> Task:
    """A gate is a task as long as something that must happen waits for it.

    It need not be asked before what precedes the first thing it holds back.
    """
    held = [item for part in parts for item in _todo(part) if item.key in gate.blocks]
    waits = _unmet(held[0], parts, stand) if held else ()
    state = "done" if stand.open(gate) else "waiting" if waits else "open"
    said = stand.gates.get(gate.key, [])
    task = _blank(gate, owner=owner, state=state, event=said[-1] if said else None)
    answers = gating.answers(said, stand.asks.get(gate.key, ()))
    needed = any(_needed(item, stand) and item.key not in stand.outcomes for item in held)
    return replace(task, optional=not needed, waits_for=waits, answers=answers)


def _unmet(item: Todo, parts: Sequence[Step], stand: _Stand) -> tuple[str, ...]:
    """What must come first and has no outcome.

    What only another step has does not count here, nor what need not be done.
    """
    here = {action.key: action for part in parts for action in part.actions} if item.after else {}
    wanted = [key for key in item.after if key in here and key not in stand.outcomes]
    return tuple(key for key in wanted if not stand.done(here[key].unless))


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
    if deadline is None or (task.optional and _stood_for(task, parts, stand)):
        return task
    start = started
    if deadline.after:
        event = stand.outcomes.get(deadline.after)
        if event is None or event.outcome != "done":
            return task
        start = event.on
    due = due_date(deadline, start, calendar)
    return replace(task, due=due, target=deadline.target, during=deadline.during)


def _gates_dated(tasks: Sequence[Task], parts: Sequence[Step]) -> list[Task]:
    """A gate is due no later than the first needed thing that waits for it."""
    gates = {gate.key: set(gate.blocks) for part in parts for gate in part.gates}
    dated = []
    for task in tasks:
        held = [
            (other.due, other.target)
            for other in tasks
            if other.key in gates.get(task.key, ())
            and other.due is not None
            and not (other.optional or other.settled)
        ]
        if held and task.due is None and not task.settled:
            due, target = min(held)
            dated.append(replace(task, due=due, target=target))
        else:
            dated.append(task)
    return dated


def _stood_for(task: Task, parts: Sequence[Step], stand: _Stand) -> bool:
    """Whether something else was done in its stead: its term ends with that."""
    items = (item for part in parts for item in _todo(part))
    return any(item.key == task.key and stand.done(item.unless) for item in items)


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


def _next(needed: list[Task], *, unordered: bool) -> Task | None:
    """The first open task; a gate that was refused comes last, it needs a decision.

    Where the school's card has no order, what has the nearest date comes first.
    """
    ready = [task for task in needed if task.state == "open"]
    fresh = [task for task in ready if not task.outcome] or ready
    if unordered:
        fresh = sorted(fresh, key=lambda task: task.due or date.max)
    return next(iter(fresh), None)


def _why(
    protocol: Protocol, following: Task | None, tasks: list[Task], *, unordered: bool
) -> tuple[str, ...]:
    """Why this is next: what waits for it, what its date is, who does it."""
    if following is None:
        return ()
    found = ["Deze kaart heeft geen vaste volgorde: u kiest zelf."] if unordered else []
    found += _what_waits(following, tasks) or ([] if unordered else [NOTHING_BEFORE])
    if following.outcome in ("refused", "not_reached"):
        found.append("Er is nog geen akkoord. Iemand moet nu een besluit nemen.")
    if following.due is not None:
        found.append(
            "De dag is een streven." if following.target else "Voor deze taak geldt een dag."
        )
    return (*found, f"Dit doet: {protocol.label(following.owner)}.")


def _what_waits(following: Task, tasks: list[Task]) -> list[str]:
    held = "; ".join(task.label.rstrip(".") for task in tasks if following.key in task.gates)
    later = "; ".join(task.label.rstrip(".") for task in tasks if following.key in task.waits_for)
    if held:
        return [f"Hierop wacht: {held}."]
    return [f"Daarna kan: {later}."] if later else []
