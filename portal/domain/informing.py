"""Who of a pupil's family must, may and must not be told, and what speaks against telling.

A family hears about its own child. What would tell it something about another pupil, or tell a
parent who must not know, is said before it is written down: a person decides, never the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.domain.people import Person, Representative
from portal.domain.protocol import role_key

MUST, MAY, MUST_NOT = "must", "may", "must_not"
MEDIA = ("phone", "visit", "talk", "written")
SHORTEST = 3
SMALL_WORDS = frozenset({"van", "der", "den", "het", "een", "ten", "ter", "zoon", "dochter"})
ADULT, NEARLY = "18+", "16-17"
FAMILIES, BOTH = "ouders", ("subject", "accused")
SIDE_WORDS = {"gepeste": "subject", "pester": "accused"}


@dataclass(frozen=True, slots=True)
class AgeNote:
    """What an age changes, in Dutch, with where and when that was read."""

    bands: tuple[str, ...]
    text: str
    source: str
    checked_on: date

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> AgeNote:
        """Read a table of the data file."""
        read_on = date.fromisoformat(table["checked_on"])
        return cls(**{**table, "bands": tuple(table["bands"]), "checked_on": read_on})


@dataclass(frozen=True, slots=True)
class Duty:
    """Whether one representative must, may or must not be told, and why, in Dutch."""

    key: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing that speaks against telling, by key, and the sentence for staff."""

    key: str
    sentence: str


def duties(person: Person) -> tuple[Duty, ...]:
    """Say of each representative of a pupil whether they are told."""
    return tuple(_duty(one, person.age_band) for one in person.representatives)


def _duty(one: Representative, band: str) -> Duty:
    if not one.inform:
        return Duty(one.key, MUST_NOT, "De reden staat hieronder.")
    if band == ADULT:
        return Duty(one.key, MAY, "Alleen als de leerling dat wil: die is 18 of ouder.")
    if not one.decides:
        return Duty(
            one.key, MAY, "Geen gezag: alleen belangrijke feiten, als deze ouder daarom vraagt."
        )
    if band == NEARLY:
        return Duty(one.key, MAY, "Praat eerst met de leerling: die beslist vanaf 16 mee.")
    if one.authority == "joint":
        return Duty(one.key, MUST, "Gezamenlijk gezag: beide ouders horen hetzelfde.")
    return Duty(one.key, MUST, "Heeft het gezag en hoort het van school.")


def warnings(
    person: Person,
    told: Sequence[str],
    what: str,
    *,
    own: Iterable[str],
    others: Iterable[str],
    medium: str = "",
    wanted: str = "",
    waits_for: str = "",
) -> tuple[Warned, ...]:
    """Say what speaks against telling somebody of a family something.

    Args:
        told: keys of those who are told: the pupil or representatives.
        own: names in this family; `others` are the names of everybody else in the incident.
        wanted: the medium that the protocol asks for, empty where it asks for none.
        waits_for: what the protocol wants first, in its own words.
    """
    found = [_about(duty, person) for duty in duties(person) if duty.key in told]
    if mentions(what, own=own, others=others):
        found.append(Warned("other_side", "Dit noemt iemand anders. Een gezin hoort dat niet."))
    if wanted and medium != wanted:
        found.append(Warned("medium", "Het protocol vraagt hier een andere manier."))
    if waits_for:
        found.append(Warned("gate", f"Volgens het protocol is eerst nodig: {waits_for}"))
    return tuple(one for one in found if one)


def _about(duty: Duty, person: Person) -> Warned | None:
    if duty.kind == MUST_NOT:
        return Warned("must_not", "Deze ouder mag dit niet horen. De reden staat bij de ouder.")
    if duty.kind == MAY and person.age_band == ADULT:
        return Warned("adult", "De leerling is 18 of ouder. Wilde die dit?")
    return None


def sides_told(to: Iterable[str]) -> frozenset[str]:
    """The sides whose families a communication of the protocol is for; empty: no family."""
    words = [word for word in to if word.split("-")[0] == FAMILIES]
    found = {SIDE_WORDS.get(word.rpartition("-")[2], "") for word in words}
    return frozenset(BOTH if "" in found else found)


def not_yet_told(person: Person, told: Iterable[str]) -> tuple[str, ...]:
    """Who of a family must be told and was not: without such parents, the pupil from 18 on."""
    must = [one.key for one in duties(person) if one.kind == MUST]
    if person.age_band == ADULT:
        must = [person.key]
    done = set(told)
    return tuple(key for key in must if key not in done)


def mentions(text: str, *, own: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a text names somebody outside a family; names that both bear do not count."""
    return bool(_words([text]) & (_words(others) - _words(own)))


def _words(texts: Iterable[str]) -> frozenset[str]:
    parts = (part for text in texts for part in role_key(text).split("-"))
    return frozenset(part for part in parts if len(part) >= SHORTEST and part not in SMALL_WORDS)
