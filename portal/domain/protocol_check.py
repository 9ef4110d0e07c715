"""Is a protocol sound? Every fault of meaning, with its place and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from portal.domain import protocol as model
from portal.domain.facts import CHOICES
from portal.domain.people import ASKED
from portal.domain.protocol import (
    OURS,
    Gate,
    HardRule,
    Item,
    Protocol,
    Step,
    Todo,
    When,
    quote_line,
    role_key,
)
from portal.domain.protocol_parse import Fault, ProtocolError, inside, items, like, parse_protocol
from portal.domain.protocol_reach import circles, unreached
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
    model.Action: {"kind": model.ACTION_KINDS},
    model.Gate: {"kind": model.GATE_KINDS, "side": model.SIDES},
    model.Deadline: {"unit": model.UNITS},
    model.Communication: {"medium": model.MEDIA},
    model.Condition: {"kind": model.CONDITION_KINDS},
    model.HardRule: {"guard": model.GUARDS},
}


def check_tables(
    tables: dict[str, object], source: str | None = None
) -> tuple[Protocol | None, list[Fault]]:
    """Read and check a file in one run: faults of form do not hide those of meaning."""
    try:
        found = parse_protocol(tables)
    except ProtocolError as error:
        if error.made is None:
            return None, error.faults
        named = {(fault.place, fault.message) for fault in error.faults}
        more = [
            fault
            for fault in check_protocol(error.made, source)
            if "''" not in fault.message and (fault.place, fault.message) not in named
        ]
        return error.made, error.faults + more
    return found, check_protocol(found, source)


def check_protocol(protocol: Protocol, source: str | None = None) -> list[Fault]:
    """Every fault found; with the seed's text also each quote that is not there as cited."""
    faults = [
        *_head(protocol),
        *_keys(protocol),
        *_quotes(protocol, source),
        *_choices(protocol),
        *_roles(protocol),
        *_intake(protocol),
        *circles(protocol),
        *unreached(protocol),
        *_hard_rules(protocol),
    ]
    for step in protocol.steps:
        faults += _step(protocol, step)
    return faults


def _head(protocol: Protocol) -> Iterable[Fault]:
    for name in ("name", "version", "seed"):
        if not getattr(protocol, name).strip():
            yield Fault(name, f"'{name}' is leeg", f"vul '{name}' in")
    if protocol.key and role_key(protocol.key) != protocol.key:
        yield Fault("key", f"'{protocol.key}' is geen sleutel", "kleine letters, cijfers, -")


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
        if not item.label.strip():
            yield Fault(place, "'label' is leeg", "zeg in een paar woorden wat het is")
        if item.file == "law":
            yield from _dated(place, item)
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


def _dated(place: str, item: Item) -> Iterable[Fault]:
    """A rule of law says where and when it was read: laws change."""
    if not item.source.strip():
        yield Fault(place, "een regel van de wet noemt geen artikel", "zet het in 'source'")
    try:
        date.fromisoformat(item.checked_on)
    except ValueError:
        remedy = "zet in 'checked_on' de dag waarop u de wet las, als 2026-11-20"
        yield Fault(place, "een regel van de wet heeft geen dag", remedy)


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
                meant = like(given, allowed)
                remedy = f"{meant} Anders: kies uit {known}" if meant else f"kies uit: {known}"
                yield Fault(f"{place}.{name}", f"'{given}' is geen keuze", remedy)


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
        elif role.substitute == "duty_roster" and role.scope != "duty_roster":
            remedy = "zet in 'substitute_role' de rol die dienst heeft"
            yield Fault(place, "zegt niet wie dienst heeft", remedy)
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
        yield from _doer(protocol, place, rule.role)
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
                known = [one.key for step in protocol.steps for one in step.gates]
                remedy = like(gate, known) or "noem een gate van een stap"
                yield Fault(place, f"onbekende voorwaarde '{gate}'", remedy)
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
    if not actions and not tasks:
        yield Fault(place, "in deze stap is niets te doen", "geef minstens één handeling")
    if step.owner:
        yield from _doer(protocol, place, step.owner)
    for key in step.repeats:
        yield from _known_step(protocol, place, key)
    yield from _todos(protocol, step, actions | _in_whole_of(protocol, step), tasks)
    yield from _gates(protocol, step, tasks)
    yield from _dates(step, actions)
    yield from _told(protocol, step)
    yield from _onward(protocol, step)


def _onward(protocol: Protocol, step: Step) -> Iterable[Fault]:
    for condition in step.conditions:
        place = f"steps '{step.key}' '{condition.key}'"
        if condition.kind == "advance" and not condition.to:
            yield Fault(place, "zegt niet naar welke stap", "zet de stap in 'to'")
        elif condition.kind == "advance":
            yield from _known_step(protocol, place, condition.to)
        elif condition.to:
            yield Fault(place, "een einde leidt nergens heen", "laat 'to' weg")


def _in_whole_of(protocol: Protocol, step: Step) -> set[str]:
    """Actions of the steps that repeat this one: what is repeated may wait for them."""
    wholes = [one for one in protocol.steps if step.key in one.repeats]
    parts = [part for one in wholes for part in protocol.parts(one.key)]
    return {action.key for part in parts for action in part.actions}


def _todos(protocol: Protocol, step: Step, known: set[str], tasks: set[str]) -> Iterable[Fault]:
    for action in step.actions:
        if action.owner:
            yield from _doer(protocol, f"steps '{step.key}' '{action.key}'", action.owner)
    gates = {gate.key for part in protocol.parts(step.key) for gate in part.gates}
    found: list[Todo] = [*step.actions, *step.communications, *step.registrations]
    for item in found:
        here = f"steps '{step.key}' '{item.key}'"
        yield from _named(here, item.after, known)
        yield from _named(here, (*item.needed_after, *item.unless), known | tasks)
        yield from _named(here, item.needed_refused, gates)
        yield from _whens(here, item.needed_when)
        if not item.optional and (item.needed_when or item.needed_after or item.needed_refused):
            remedy = "zet 'optional = true', of laat needed_… weg"
            yield Fault(here, "is altijd nodig; een voorwaarde doet niets", remedy)
        if item.key in (*item.after, *item.needed_after, *item.unless):
            yield Fault(here, "wacht op zichzelf", "noem iets anders")


def _gates(protocol: Protocol, step: Step, known: set[str]) -> Iterable[Fault]:
    for gate in step.gates:
        here = f"steps '{step.key}' '{gate.key}'"
        yield from _named(here, gate.blocks, known)
        if not gate.blocks:
            yield Fault(here, "houdt niets tegen", "noem in 'blocks' wat moet wachten")
        yield from _gate_role(protocol, here, gate)
        if gate.kind in ASKED and not gate.side:
            remedy = "zet 'side' op subject, accused of both"
            yield Fault(here, "zegt niet aan welke kant het wordt gevraagd", remedy)


def _gate_role(protocol: Protocol, here: str, gate: Gate) -> Iterable[Fault]:
    if gate.kind == "approval" and not gate.role:
        yield Fault(here, "zegt niet wie akkoord geeft", "zet een rol in 'role'")
    elif gate.kind == "approval":
        yield from _known_role(protocol, here, gate.role)
    elif gate.role:
        yield Fault(here, "'role' hoort alleen bij kind = approval", "laat 'role' weg")


def _dates(step: Step, actions: set[str]) -> Iterable[Fault]:
    for key, count in Counter(due.action for due in step.deadlines).items():
        if count > 1:
            place = f"steps '{step.key}' '{key}'"
            yield Fault(place, f"heeft {count} termijnen", "laat er een over")
    for due in step.deadlines:
        here = f"steps '{step.key}' '{due.key}'"
        yield from _named(here, (due.action, *((due.after,) if due.after else ())), actions)
        if due.amount < 0:
            yield Fault(here, "een termijn kan niet negatief zijn", "geef 0 of meer")
        if due.during and due.amount == 0:
            yield Fault(here, "duurt geen enkele dag", "geef in 'amount' hoe lang het duurt")
        if due.after and due.after == due.action:
            yield Fault(here, "wacht op zichzelf", "laat 'after' iets anders noemen")


def _told(protocol: Protocol, step: Step) -> Iterable[Fault]:
    for told in step.communications:
        here = f"steps '{step.key}' '{told.key}'"
        if not told.to:
            yield Fault(here, "zegt niet aan wie", "noem in 'to' wie het hoort")
        for audience in told.to:
            if audience not in AUDIENCES:
                yield from _known_role(protocol, here, audience, AUDIENCES)
        if told.by:
            yield from _doer(protocol, here, told.by)
    for note in step.registrations:
        here = f"steps '{step.key}' '{note.key}'"
        if note.by:
            yield from _doer(protocol, here, note.by)
        if not note.system.strip() or not all(title.strip() for title in note.titles):
            yield Fault(
                here, "het systeem of een titel is leeg", "schrijf op waar het komt te staan"
            )


def _hard_rules(protocol: Protocol) -> Iterable[Fault]:
    tasks = {item.key for step in protocol.steps for _name, item in inside(step)}
    for rule in protocol.hard_rules:
        place = f"hard_rules '{rule.key}'"
        for kind in rule.measures:
            if kind not in model.MEASURES:
                known = ", ".join(model.MEASURES)
                yield Fault(place, f"'{kind}' is geen maatregel", f"kies uit: {known}")
        yield from _named(place, rule.items, tasks)
        yield from _guard(protocol, place, rule)


def _guard(protocol: Protocol, place: str, rule: HardRule) -> Iterable[Fault]:
    """What a guard needs to know, to see to anything."""
    if rule.guard in ("approval", "inform") and not rule.role:
        yield Fault(place, "'role' ontbreekt", "noem wie akkoord geeft, of wie het hoort")
    elif rule.guard == "approval":
        yield from _known_role(protocol, place, rule.role)
    if rule.guard == "at_most" and rule.amount < 1:
        yield Fault(place, "'amount' ontbreekt", "geef het aantal dagen")
    if rule.guard == "before_closing" and not rule.items:
        yield Fault(place, "'items' ontbreekt", "noem wat gedaan moet zijn voor het einde")


def _doer(protocol: Protocol, place: str, key: str) -> Iterable[Fault]:
    """Whoever does something works at school: others have no account and no key."""
    yield from _known_role(protocol, place, key)
    role = protocol.role(key)
    if role is not None and role.scope == "external":
        remedy = "laat iemand van school het doen en vastleggen"
        yield Fault(place, f"'{key}' is van buiten de school", remedy)


def _known_role(
    protocol: Protocol, place: str, key: str, more: tuple[str, ...] = ()
) -> Iterable[Fault]:
    if protocol.role(key) is None:
        meant = like(key, [*(role.key for role in protocol.roles), *more])
        yield Fault(place, f"onbekende rol '{key}'", meant or "voeg de rol toe bij [[roles]]")


def _known_step(protocol: Protocol, place: str, key: str) -> Iterable[Fault]:
    if protocol.step(key) is None:
        meant = like(key, [step.key for step in protocol.steps])
        yield Fault(place, f"onbekende stap '{key}'", meant or "voeg de stap toe bij [[steps]]")


def _named(place: str, keys: Iterable[str], known: set[str]) -> Iterable[Fault]:
    for key in keys:
        if key not in known:
            remedy = like(key, sorted(known)) or "noem er een van deze stap"
            yield Fault(place, f"onbekende handeling '{key}'", remedy)
