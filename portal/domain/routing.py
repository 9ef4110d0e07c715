"""Who handles a report and at which step: a pure function from facts to an explained decision.

The school's own sentence decides wherever it can; a rule of ours (`law`, `portal`) only where the
seeds are silent: staff accused, and what is not known yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from portal.domain.facts import Facts
from portal.domain.protocol import AlsoRule, Gate, IntakeRule, Item, Protocol, When, role_key

# Facts that, once known, may send a report elsewhere; in words for the explanation.
OPEN_QUESTIONS: tuple[tuple[str, Any, str], ...] = (
    ("class_relation", "different", "de leerlingen in verschillende klassen zitten"),
    ("class_relation", "same", "de leerlingen in dezelfde klas zitten"),
    ("cyber", True, "het (ook) online gebeurt"),
    ("group", True, "er meerdere leerlingen bij betrokken zijn"),
    ("structural", True, "het pesten structureel lijkt"),
    ("ongoing", True, "het doorgaat nadat de school op een eerdere melding handelde"),
    ("report_count", 2, "er al eerder over dezelfde leerling is gemeld"),
    ("accused", "staff", "het over een medewerker gaat"),
)

# Nobody of the school is left to judge: those who supervise its board.
SUPERVISORS = "raad-van-toezicht"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that took part in a decision, with the sentence behind it."""

    rule: str
    quote: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who handles, at which step, who else gets to know, who must not, and why.

    `gated` lists roles of `also` that get to know only after the named gates' outcomes.
    """

    role: str
    step: str
    also: tuple[str, ...]
    excluded: tuple[str, ...]
    explanation: tuple[Reason, ...]
    gated: tuple[tuple[str, tuple[str, ...]], ...] = ()
    about_staff: bool = False

    def answer(self) -> dict[str, Any]:
        """The answer of `portal protocol route --json`: exactly these five keys."""
        return {
            "role": self.role,
            "step": self.step,
            "also": list(self.also),
            "excluded": list(self.excluded),
            "explanation": [
                {"rule": why.rule, "quote": why.quote, "file": why.file, "line": why.line}
                for why in self.explanation
            ],
        }


def route(protocol: Protocol, facts: Facts) -> Decision:
    """Decide, and add what is not known yet and where the report would go if it were."""
    decision = _decide(protocol, facts)
    return replace(decision, explanation=decision.explanation + _unknown(protocol, facts, decision))


def _decide(protocol: Protocol, facts: Facts) -> Decision:
    return _route_staff(protocol, facts) if facts.about_staff else _route_pupil(protocol, facts)


def _route_pupil(protocol: Protocol, facts: Facts) -> Decision:
    rule = next(rule for rule in protocol.intake if holds_any(rule.when, facts))
    explanation = [_because(rule)]
    also: dict[str, tuple[str, ...]] = {}
    for extra in protocol.intake_also:
        if not holds_any(extra.when, facts):
            continue
        explanation.append(_because(extra))
        _add_roles(also, extra, rule)
    gated = tuple((role, gates) for role, gates in also.items() if gates)
    waiting_on = dict.fromkeys(key for _role, gates in gated for key in gates)
    explanation += [
        Reason(f"gate:{gate.key}", gate.quote, gate.file, gate.line)
        for gate in (find_gate(protocol, key) for key in waiting_on)
        if gate is not None
    ]
    return Decision(
        role=rule.role,
        step=rule.step,
        also=tuple(also),
        excluded=(),
        explanation=tuple(explanation),
        gated=gated,
    )


def _add_roles(also: dict[str, tuple[str, ...]], extra: AlsoRule, rule: IntakeRule) -> None:
    """A role told by one rule without a gate need not wait for another rule's gate."""
    for role in extra.roles:
        if role == rule.role:
            continue
        if role not in also or not extra.gates:
            also[role] = extra.gates


def _route_staff(protocol: Protocol, facts: Facts) -> Decision:
    staff = protocol.staff
    head = _accused_is(protocol, facts, "head", staff.head_words)
    board = _accused_is(protocol, facts, "board", staff.board_words)
    excluded = _excluded(protocol, facts, head=head)
    again = facts.level > 1
    role = _staff_handler(protocol, excluded, head=head, skip_heads=head or board or again)
    also = [*([] if head or board else staff.board[:1]), staff.confidant]
    return Decision(
        role=role,
        step=staff.repeat_step if again else staff.step,
        also=tuple(key for key in also if key != role and key not in excluded),
        excluded=excluded,
        explanation=(_because(staff), *_why_staff(protocol, facts, role, excluded)),
        about_staff=True,
    )


def _staff_handler(
    protocol: Protocol, excluded: tuple[str, ...], *, head: bool, skip_heads: bool
) -> str:
    """A head, unless one is accused or already handled it in vain; else the board.

    Only where the whole board is accused does a head who is not come after it.
    """
    heads = [role.key for role in protocol.roles if role.rank == "head"]
    order = [*([] if skip_heads else heads), *protocol.staff.board, *([] if head else heads)]
    return next((key for key in order if key not in excluded), SUPERVISORS)


def _accused_is(protocol: Protocol, facts: Facts, rank: str, words: tuple[str, ...]) -> bool:
    accused = {role_key(role) for role in facts.accused_roles}
    return any(_ranked(protocol, word, rank, words) for word in accused)


def _ranked(protocol: Protocol, word: str, rank: str, words: tuple[str, ...]) -> bool:
    role = protocol.role(word)
    return word in words or (role is not None and role.rank == rank)


def _excluded(protocol: Protocol, facts: Facts, *, head: bool) -> tuple[str, ...]:
    """The accused roles as given and as keys; a head shares a table with the other heads."""
    excluded = [*facts.accused_roles, *(role_key(role) for role in facts.accused_roles)]
    if head:
        excluded += [role.key for role in protocol.roles if role.rank == "head"]
    if not facts.accused_roles:
        excluded += [
            role.key for role in protocol.roles if role.rank == "line" and role.scope != "external"
        ]
    return tuple(key for key in dict.fromkeys(excluded) if key)


def _why_staff(
    protocol: Protocol, facts: Facts, role: str, excluded: tuple[str, ...]
) -> list[Reason]:
    label = protocol.label(role)
    told = [f"{label} behandelt deze melding, niet de gewone lijn van het protocol."]
    if facts.accused_roles:
        told.append(f"Krijgt niets te zien: {', '.join(facts.accused_roles)}.")
    else:
        told.append(
            "De rol van de medewerker is niet bekend: daarom weet niemand in de lijn ervan."
        )
    if facts.accused == "pupil":
        told.append("Er is ook een leerling genoemd; de voorzichtigste route geldt.")
    reasons = [Reason("staff-accused-handler", " ".join(told), "portal", 0)]
    confidant = protocol.role(protocol.staff.confidant)
    if confidant is not None and confidant.key not in excluded:
        reasons.append(
            Reason("confidant-supports", confidant.quote, confidant.file, confidant.line)
        )
    return reasons


def _unknown(protocol: Protocol, facts: Facts, decision: Decision) -> tuple[Reason, ...]:
    """For each fact not known: where the report would go if it turned out so."""
    reasons: list[Reason] = []
    for name, value, words in OPEN_QUESTIONS:
        given = getattr(facts, name)
        if given not in (None, "unknown") or (facts.about_staff and name == "accused"):
            continue
        other = _decide(protocol, replace(facts, **{name: value}))
        added = [role for role in other.also if role not in (*decision.also, decision.role)]
        if (other.role, other.step) == (decision.role, decision.step) and not added:
            continue
        source = other.explanation[0]
        text = f"Niet bekend. Blijkt dat {words}, dan: {_outcome(protocol, other, added)}"
        seed = f" ({source.file} r. {source.line})" if source.line else ""
        reasons.append(Reason(f"unknown:{name}", text + seed + ".", "portal", 0))
    return tuple(reasons)


def _outcome(protocol: Protocol, other: Decision, added: list[str]) -> str:
    step = protocol.step(other.step)
    text = f"{protocol.label(other.role)}, {step.label if step else other.step}"
    if added:
        text += f", met {', '.join(protocol.label(role) for role in added)}"
    return text


def holds_any(alternatives: tuple[When, ...], facts: Facts) -> bool:
    """True when any alternative holds; no alternatives at all always hold."""
    return not alternatives or any(holds(when, facts) for when in alternatives)


def holds(when: When, facts: Facts) -> bool:
    """True when every condition given holds; a flag not known counts as not set."""
    if when.class_relation and when.class_relation != facts.class_relation:
        return False
    if facts.level < when.report_min or (when.report_max and facts.level > when.report_max):
        return False
    flags = ("cyber", "group", "structural", "ongoing")
    return all(
        getattr(when, name) is None or getattr(when, name) == bool(getattr(facts, name))
        for name in flags
    )


def find_gate(protocol: Protocol, key: str) -> Gate | None:
    """The gate with this key, in whichever step it stands."""
    gates = (gate for step in protocol.steps for gate in step.gates)
    return next((gate for gate in gates if gate.key == key), None)


def _because(item: Item) -> Reason:
    return Reason(item.key, item.quote, item.file, item.line)
