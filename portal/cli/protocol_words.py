"""A protocol in the words of a coordinator: who, when, what it waits for, and the sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from portal.domain import protocol as model
from portal.domain.protocol import Item, Protocol, Step
from portal.domain.protocol_parse import inside
from portal.domain.protocol_words import labels, needs, noted_words, told_words, whens

SCOPES = {
    "class": "per klas",
    "year": "per jaarlaag",
    "school": "voor de hele school",
    "duty_roster": "wie dienst heeft",
    "external": "van buiten de school",
}
STAND_INS = {
    "person": "vervanger op naam",
    "class": "vervanger per klas",
    "year": "vervanger per jaarlaag",
    "duty_roster": "vervangt: wie daarna dienst heeft",
}
OURS = {"law": "de wet", "portal": "een regel van het portaal zelf"}
KINDS = {
    "actions": "Doen",
    "gates": "Eerst nodig",
    "deadlines": "Termijn",
    "communications": "Vertellen",
    "registrations": "Opschrijven",
    "conditions": "Daarna",
}
GATES = {
    "consult_pupil": "overleg met de leerling",
    "consent_pupil": "akkoord van de leerling",
    "consent_parents": "akkoord van de ouders, ieder apart",
    "approval": "overleg op school",
    "announced_before": "eerder aangekondigd",
}
SIDES = {"subject": "gepeste leerling", "accused": "andere leerling", "both": "beide kanten"}
MEASURES = {
    "sanction": "sanctie",
    "time_out": "time-out",
    "suspension": "schorsing",
    "expulsion": "verwijdering",
    "change_of_school": "andere school",
}


def shown(found: Protocol) -> list[str]:
    """The whole protocol, line by line."""
    lines = [f"{found.name} [{found.key}], versie {found.version}, bron {found.seed}"]
    groups: tuple[tuple[str, tuple[Item, ...]], ...] = (
        ("Rollen", found.roles),
        ("Wie een melding krijgt (de eerste regel die past)", found.intake),
        ("Wie het ook weet", found.intake_also),
        ("Over een medewerker", (found.staff,)),
    )
    for title, group in groups:
        lines += _group(found, title, group)
    lines += ["", "STAPPEN"]
    for step in found.steps:
        lines += _step(found, step)
    for title, rest in (("Wat nooit mag", found.hard_rules), ("Leidraad", found.guidance)):
        lines += _group(found, title, rest)
    return lines


def cited(item: Item) -> str:
    """The sentence behind something, with where it stands."""
    where = f"{item.file} r. {item.line}" if item.line else OURS.get(item.file, item.file)
    if item.source:
        where = f"{item.source}, nagekeken op {item.checked_on}"
    return f"“{item.quote}” ({where})"


def _group(found: Protocol, title: str, group: Iterable[Item]) -> list[str]:
    lines = ["", title.upper()]
    for item in group:
        lines += _entry(found, item, "  ")
    return lines


def _step(found: Protocol, step: Step) -> list[str]:
    lines = _entry(found, step, "  ")
    for name, item in inside(step):
        lines += _entry(found, item, f"    {KINDS[name]}: ")
    return [*lines, ""]


def _entry(found: Protocol, item: Item, lead: str) -> list[str]:
    details = [part for part in _DETAILS.get(type(item), _nothing)(found, item) if part]
    told = f" — {'; '.join(details)}" if details else ""
    indent = " " * (len(lead) - len(lead.lstrip()) + 4)
    return [f"{lead}{item.label} [{item.key}]{told}", f"{indent}{cited(item)}"]


def _nothing(_found: Protocol, _item: Any) -> list[str]:
    return []


def _role(found: Protocol, role: model.Role) -> list[str]:
    instead = found.label(role.substitute_role) if role.substitute_role else ""
    return [
        SCOPES.get(role.scope, role.scope),
        f"kijkt mee: {found.label(role.overseer)}" if role.overseer else "",
        f"vervangt: {instead}" if instead else STAND_INS.get(role.substitute, ""),
    ]


def _intake(found: Protocol, rule: model.IntakeRule) -> list[str]:
    return [
        f"naar: {found.label(rule.role)}",
        f"stap: {_step_label(found, rule.step)}",
        f"bij: {whens(rule.when)}" if rule.when else "altijd",
    ]


def _also(found: Protocol, rule: model.AlsoRule) -> list[str]:
    return [
        f"ook: {', '.join(map(found.label, rule.roles))}" if rule.roles else "niemand erbij",
        f"pas na: {labels(found, rule.gates)}" if rule.gates else "",
        f"bij: {whens(rule.when)}" if rule.when else "altijd",
    ]


def _of_step(found: Protocol, step: Step) -> list[str]:
    return [
        f"van: {found.label(step.owner)}" if step.owner else "van: wie de melding kreeg",
        "zonder vaste volgorde" if step.mode == "checklist" else "",
        f"met: {', '.join(_step_label(found, key) for key in step.repeats)}"
        if step.repeats
        else "",
    ]


def _doing(found: Protocol, item: model.Todo) -> list[str]:
    return [
        "als het past" if item.optional else "",
        item.when,
        f"na: {labels(found, item.after)}" if item.after else "",
        *needs(found, item),
    ]


def _action(found: Protocol, action: model.Action) -> list[str]:
    return [
        f"door: {found.label(action.owner)}" if action.owner else "",
        f"kolom: {action.column}" if action.column else "",
        *_doing(found, action),
    ]


def _gate(found: Protocol, gate: model.Gate) -> list[str]:
    return [
        GATES.get(gate.kind, gate.kind),
        SIDES.get(gate.side, ""),
        f"met: {found.label(gate.role)}" if gate.role else "",
        f"voor: {labels(found, gate.blocks)}",
    ]


def _deadline(found: Protocol, due: model.Deadline) -> list[str]:
    unit = {"week": ("week", "weken")}.get(due.unit, ("schooldag", "schooldagen"))
    after = labels(found, (due.after,)) if due.after else "het begin van de stap"
    term = f"{due.amount} {unit[due.amount != 1]}" if due.amount else "dezelfde dag"
    return [
        f"{term} na: {after}",
        f"voor: {labels(found, (due.action,))}",
        "een streven" if due.target else "",
        "duurt zo lang; niet eerder gedaan" if due.during else "",
    ]


def _told(found: Protocol, told: model.Communication) -> list[str]:
    return [
        *told_words(found, told),
        f"door: {found.label(told.by)}" if told.by else "",
        *_doing(found, told),
    ]


def _noted(found: Protocol, note: model.Registration) -> list[str]:
    return [
        *noted_words(note),
        f"door: {found.label(note.by)}" if note.by else "",
        *_doing(found, note),
    ]


def _condition(found: Protocol, after: model.Condition) -> list[str]:
    return [f"verder naar: {_step_label(found, after.to)}" if after.to else "dan is het klaar"]


def _rule(found: Protocol, rule: model.HardRule) -> list[str]:
    measures = ", ".join(MEASURES.get(kind, kind) for kind in rule.measures)
    return [
        "het portaal let hierop" if rule.guard else "",
        f"bij: {measures}" if measures else "",
        f"met: {found.label(rule.role)}" if rule.role else "",
        f"voor het einde van een zaak: {labels(found, rule.items)}" if rule.items else "",
    ]


def _staff(found: Protocol, rule: model.StaffRule) -> list[str]:
    return [
        f"eerste keer: {_step_label(found, rule.step)}",
        f"daarna: {_step_label(found, rule.repeat_step)}",
        f"hogerop: {', '.join(map(found.label, rule.board))}",
        f"steun: {found.label(rule.confidant)}",
    ]


def _step_label(found: Protocol, key: str) -> str:
    step = found.step(key)
    return step.label if step else key


_DETAILS: dict[type[Item], Callable[[Protocol, Any], list[str]]] = {
    model.Role: _role,
    model.IntakeRule: _intake,
    model.AlsoRule: _also,
    model.StaffRule: _staff,
    model.Step: _of_step,
    model.Action: _action,
    model.Gate: _gate,
    model.Deadline: _deadline,
    model.Communication: _told,
    model.Registration: _noted,
    model.Condition: _condition,
    model.HardRule: _rule,
}
