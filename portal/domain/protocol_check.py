"""Is a protocol sound? Every fault of meaning, with its place and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from portal.domain import protocol as model
from portal.domain.facts import CHOICES
from portal.domain.protocol import OURS, Item, Protocol, Step, When, quote_line, role_key
from portal.domain.protocol_parse import Fault, inside, items
from portal.domain.routing import find_gate

# Whom a communication may go to, besides a role of the protocol.
AUDIENCES = (
    "ouders",
    "ouders-gepeste",
    "ouders-pester",
    "leerling-gepeste",
    "leerling-pester",
    "klas",
    "collegae",
    "docententeam",
    "lesgevende-docenten",
    "collegas-jaarlaagoverleg",
)


CHOSEN: dict[type[Item], dict[str, tuple[str, ...]]] = {
    model.Role: {
        "scope": model.SCOPES,
        "rank": model.RANKS,
        "substitute": ("", "person", "class", "year", "duty_roster"),
    },
    model.Step: {"mode": model.MODES},
    model.Gate: {"kind": model.GATE_KINDS, "side": model.SIDES},
    model.Deadline: {"unit": model.UNITS},
    model.Communication: {"medium": model.MEDIA},
    model.Condition: {"kind": model.CONDITION_KINDS},
    model.HardRule: {"guard": model.GUARDS},
}


def check_protocol(protocol: Protocol, source: str | None = None) -> list[Fault]:
    """Every fault found; with the seed's text also each quote that is not there as cited."""
    faults = [
        *_keys(protocol),
        *_quotes(protocol, source),
        *_choices(protocol),
        *_roles(protocol),
        *_intake(protocol),
        *_circles(protocol),
        *_hard_rules(protocol),
    ]
    for step in protocol.steps:
        faults += _step(protocol, step)
    return faults


def _keys(protocol: Protocol) -> Iterable[Fault]:
    groups: dict[str, list[Item]] = {
        "roles": list(protocol.roles),
        "intake": [*protocol.intake, *protocol.intake_also],
        "steps": list(protocol.steps),
        "hard_rules": list(protocol.hard_rules),
        "guidance": list(protocol.guidance),
        "stappen": [item for step in protocol.steps for _name, item in inside(step)],
    }
    for name, group in groups.items():
        for key, count in Counter(item.key for item in group).items():
            if count > 1:
                yield Fault(name, f"sleutel '{key}' staat er {count} keer", "geef elk een eigen")
            if not key or role_key(key) != key:
                yield Fault(name, f"sleutel '{key}' is geen sleutel", "kleine letters, cijfers, -")


def _quotes(protocol: Protocol, source: str | None) -> Iterable[Fault]:
    for place, item in items(protocol):
        if not item.quote.strip():
            yield Fault(place, "citaat ontbreekt", "neem de zin over uit het protocol")
        elif item.file in OURS:
            if item.line:
                yield Fault(place, "een regel van ons heeft geen regelnummer", "laat 'line' weg")
        elif item.line < 1:
            yield Fault(
                place, "regelnummer ontbreekt", "zet in 'line' de eerste regel van het citaat"
            )
        elif item.file != protocol.seed:
            yield Fault(place, f"onbekend bestand '{item.file}'", f"gebruik '{protocol.seed}'")
        elif source is not None:
            yield from _quoted(place, item, source)


def _quoted(place: str, item: Item, source: str) -> Iterable[Fault]:
    found = quote_line(item.quote, source, item.line)
    if found is None:
        yield Fault(place, "citaat staat niet in de bron", "neem de woorden letterlijk over")
    elif found != item.line:
        yield Fault(place, f"citaat begint niet op regel {item.line}", f"zet 'line' op {found}")


def _choices(protocol: Protocol) -> Iterable[Fault]:
    for place, item in items(protocol):
        for name, allowed in CHOSEN.get(type(item), {}).items():
            given = getattr(item, name)
            if given not in allowed:
                known = ", ".join(part for part in allowed if part)
                yield Fault(f"{place}.{name}", f"'{given}' is geen keuze", f"kies uit: {known}")


def _roles(protocol: Protocol) -> Iterable[Fault]:
    topmost = protocol.staff.board[-1:]
    for role in protocol.roles:
        place = f"roles '{role.key}'"
        if role.scope == "external" or role.key in topmost:
            continue
        if not role.overseer:
            yield Fault(place, "heeft niemand die meekijkt", "zet in 'overseer' een rol erboven")
        else:
            yield from _known_role(protocol, place, role.overseer)
        if role.key in protocol.oversight(role.key):
            yield Fault(place, "kijkt via een omweg op zichzelf toe", "laat de lijn omhoog gaan")
        if role.substitute_role:
            yield from _known_role(protocol, place, role.substitute_role)
    for key in (*protocol.staff.board, protocol.staff.confidant):
        yield from _known_role(protocol, "staff", key)
    for key in (protocol.staff.step, protocol.staff.repeat_step):
        yield from _known_step(protocol, "staff", key)


def _intake(protocol: Protocol) -> Iterable[Fault]:
    if not protocol.intake:
        yield Fault("intake", "er zijn geen regels", "zeg wie een melding krijgt")
    elif protocol.intake[-1].when:
        yield Fault("intake", "de laatste regel geldt niet altijd", "eindig zonder 'when'")
    for rule in protocol.intake[:-1]:
        if not rule.when:
            yield Fault(f"intake '{rule.key}'", "geldt altijd; latere nooit", "zet deze achteraan")
    for rule in protocol.intake:
        place = f"intake '{rule.key}'"
        yield from _known_role(protocol, place, rule.role)
        yield from _known_step(protocol, place, rule.step)
        yield from _whens(place, rule.when)
    yield from _intake_also(protocol)


def _intake_also(protocol: Protocol) -> Iterable[Fault]:
    for extra in protocol.intake_also:
        place = f"intake_also '{extra.key}'"
        for key in extra.roles:
            yield from _known_role(protocol, place, key)
        for gate in extra.gates:
            if find_gate(protocol, gate) is None:
                yield Fault(place, f"onbekende voorwaarde '{gate}'", "noem een gate van een stap")
        yield from _whens(place, extra.when)


def _whens(place: str, whens: tuple[When, ...]) -> Iterable[Fault]:
    for when in whens:
        if when.class_relation and when.class_relation not in CHOICES["class_relation"]:
            known = ", ".join(CHOICES["class_relation"])
            yield Fault(place, f"'{when.class_relation}' is geen keuze", f"kies uit: {known}")
        if when.report_min < 1 or (when.report_max and when.report_max < when.report_min):
            yield Fault(place, "geen enkele melding past hierop", "verbeter report_min/report_max")


def _step(protocol: Protocol, step: Step) -> Iterable[Fault]:
    place = f"steps '{step.key}'"
    parts = protocol.parts(step.key)
    actions = {action.key for part in parts for action in part.actions}
    tasks = actions | {told.key for part in parts for told in part.communications}
    if step.owner:
        yield from _known_role(protocol, place, step.owner)
    for key in step.repeats:
        yield from _known_step(protocol, place, key)
    yield from _actions(protocol, step, actions | _in_whole_of(protocol, step))
    yield from _gates(protocol, step, tasks)
    yield from _dates(step, actions)
    yield from _told(protocol, step)
    for condition in step.conditions:
        if condition.kind == "advance":
            yield from _known_step(protocol, f"{place} '{condition.key}'", condition.to)


def _in_whole_of(protocol: Protocol, step: Step) -> set[str]:
    """Actions of the steps that repeat this one: what is repeated may wait for them."""
    wholes = [one for one in protocol.steps if step.key in one.repeats]
    parts = [part for one in wholes for part in protocol.parts(one.key)]
    return {action.key for part in parts for action in part.actions}


def _actions(protocol: Protocol, step: Step, known: set[str]) -> Iterable[Fault]:
    for action in step.actions:
        here = f"steps '{step.key}' '{action.key}'"
        if action.owner:
            yield from _known_role(protocol, here, action.owner)
        yield from _named(here, action.after, known, "handeling")


def _gates(protocol: Protocol, step: Step, known: set[str]) -> Iterable[Fault]:
    for gate in step.gates:
        here = f"steps '{step.key}' '{gate.key}'"
        yield from _named(here, gate.blocks, known, "handeling")
        if not gate.blocks:
            yield Fault(here, "houdt niets tegen", "noem in 'blocks' wat moet wachten")
        if gate.kind == "approval":
            yield from _known_role(protocol, here, gate.role)


def _dates(step: Step, actions: set[str]) -> Iterable[Fault]:
    for due in step.deadlines:
        here = f"steps '{step.key}' '{due.key}'"
        yield from _named(
            here, (due.action, *((due.after,) if due.after else ())), actions, "handeling"
        )
        if due.amount < 0:
            yield Fault(here, "een termijn kan niet negatief zijn", "geef 0 of meer")


def _told(protocol: Protocol, step: Step) -> Iterable[Fault]:
    for told in step.communications:
        here = f"steps '{step.key}' '{told.key}'"
        for audience in told.to:
            if audience not in AUDIENCES:
                yield from _known_role(protocol, here, audience)
        if told.by:
            yield from _known_role(protocol, here, told.by)
    for note in step.registrations:
        if note.by:
            yield from _known_role(protocol, f"steps '{step.key}' '{note.key}'", note.by)


def _hard_rules(protocol: Protocol) -> Iterable[Fault]:
    for rule in protocol.hard_rules:
        place = f"hard_rules '{rule.key}'"
        for kind in rule.measures:
            if kind not in model.MEASURES:
                known = ", ".join(model.MEASURES)
                yield Fault(place, f"'{kind}' is geen maatregel", f"kies uit: {known}")
        if rule.guard == "approval":
            yield from _known_role(protocol, place, rule.role)
        if rule.guard == "at_most" and rule.amount < 1:
            yield Fault(place, "'amount' ontbreekt", "geef het aantal dagen")


def _circles(protocol: Protocol) -> Iterable[Fault]:
    """Steps that lead back to an earlier one, and actions that wait for each other.

    A step may lead to itself: oostpoort brings a pupil into the team again.
    """
    onward = {
        step.key: [c.to for c in step.conditions if c.to and c.to != step.key]
        for step in protocol.steps
    }
    repeats = {step.key: list(step.repeats) for step in protocol.steps}
    after = {action.key: list(action.after) for step in protocol.steps for action in step.actions}
    for name, graph in (("stappen", onward), ("'repeats'", repeats), ("'after'", after)):
        for key in graph:
            if _reaches(graph.get, key):
                yield Fault(f"{name} '{key}'", "komt weer bij zichzelf uit", "verbreek de kring")


def _reaches(edges: Callable[[str], list[str] | None], start: str) -> bool:
    seen: set[str] = set()
    todo = list(edges(start) or [])
    while todo:
        key = todo.pop()
        if key == start:
            return True
        if key not in seen:
            seen.add(key)
            todo += edges(key) or []
    return False


def _known_role(protocol: Protocol, place: str, key: str) -> Iterable[Fault]:
    if protocol.role(key) is None:
        yield Fault(place, f"onbekende rol '{key}'", "voeg de rol toe bij [[roles]]")


def _known_step(protocol: Protocol, place: str, key: str) -> Iterable[Fault]:
    if protocol.step(key) is None:
        yield Fault(place, f"onbekende stap '{key}'", "voeg de stap toe bij [[steps]]")


def _named(place: str, keys: Iterable[str], known: set[str], what: str) -> Iterable[Fault]:
    for key in keys:
        if key not in known:
            yield Fault(place, f"onbekende {what} '{key}'", "noem er een van deze stap")
