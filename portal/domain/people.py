"""Who is in an incident, and whose word a gate of the protocol waits for.

A person is one pupil in one incident: the same pupil may be the subject here and the accused in
another. Only an age band is kept, never a birth date. What an age means for consent is data
(``portal/data/consent_ages.toml``), read on a date from a source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.domain.protocol import Gate, Protocol

PARTS = ("subject", "accused", "present", "witness")
AGE_BANDS = ("<12", "12", "13-15", "16-17", "18+")
AUTHORITIES = ("joint", "sole", "guardian", "none")
PUPIL_GATES = ("consult_pupil", "consent_pupil")
PARENT_GATES = ("consent_parents",)
ASKED = (*PUPIL_GATES, *PARENT_GATES)
"""Kinds of gates that wait for people; the others wait for staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """A parent or guardian. `inform` false: must not be told, for a reason that is on record."""

    key: str
    authority: str = "joint"
    inform: bool = True

    @property
    def decides(self) -> bool:
        """Whether the law gives them a say: joint or sole authority, or a guardian."""
        return self.authority != "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A pupil in an incident; `age_band` empty: not known."""

    key: str
    part: str
    age_band: str = ""
    representatives: tuple[Representative, ...] = ()


@dataclass(frozen=True, slots=True)
class AgeRule:
    """Whose consent counts at an age, with where and when that was read."""

    band: str
    pupil: bool
    representatives: bool
    why: str
    source: str
    checked_on: str

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> AgeRule:
        """Read a table of the data file."""
        return cls(**table)


@dataclass(frozen=True, slots=True)
class Ask:
    """One answer that a gate waits for: of whom, on which side, and for which pupil.

    `withheld`: they must not be told, so that only an override by name and reason counts.
    """

    person: str
    side: str
    pupil: str
    withheld: bool = False
    why: str = ""


def asked(gate: Gate, people: Iterable[Person], rules: Sequence[AgeRule]) -> tuple[Ask, ...]:
    """Whose answers a gate waits for; empty when nobody of that side is recorded."""
    if gate.kind not in ASKED:
        return ()
    found: list[Ask] = []
    for person in people:
        if person.part in sides(gate):
            found += _of_person(gate, person, rules)
    return tuple(found)


def asks_of(
    protocol: Protocol, step_key: str, people: Sequence[Person], rules: Sequence[AgeRule]
) -> dict[str, tuple[Ask, ...]]:
    """For each gate of a step whose answers it waits for; gates that wait for nobody left out."""
    gates = [gate for part in protocol.parts(step_key) for gate in part.gates]
    found = {gate.key: asked(gate, people, rules) for gate in gates}
    return {key: asks for key, asks in found.items() if asks}


def sides(gate: Gate) -> tuple[str, ...]:
    """The sides whose consent a gate asks."""
    return ("subject", "accused") if gate.side == "both" else (gate.side,)


def _of_person(gate: Gate, person: Person, rules: Sequence[AgeRule]) -> list[Ask]:
    pupil = Ask(person.key, person.part, person.key)
    if gate.kind in PUPIL_GATES:
        return [pupil]
    rule = next((one for one in rules if one.band == person.age_band), None)
    if rule is None:  # not known: as for a pupil for whom others decide
        return _of_representatives(person, "")
    own = [Ask(person.key, person.part, person.key, why=rule.why)] if rule.pupil else []
    others = _of_representatives(person, rule.why) if rule.representatives else []
    return [*own, *others]


def _of_representatives(person: Person, why: str) -> list[Ask]:
    return [
        Ask(one.key, person.part, person.key, withheld=not one.inform, why=why)
        for one in person.representatives
        if one.decides
    ]
