"""The persons of an incident, as its sealed records say: the latest version of each.

The record belongs to this incident: the same pupil may be the subject here and the accused in
another, and a brother or sister has a case of their own. Nobody is ever deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.people import Person, Representative
from portal.services import case_keys
from portal.services.case_keys import CaseKeys

PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentativeView:
    """A parent or guardian of one pupil."""

    key: str
    name: str
    relation: str
    authority: str
    medium: str
    contact: str
    inform: bool
    reason: str

    @property
    def plain(self) -> Representative:
        """What the rules look at."""
        return Representative(key=self.key, authority=self.authority, inform=self.inform)


@dataclass(frozen=True, slots=True)
class Version:
    """Who wrote what of a person when."""

    at: datetime
    who: str
    part: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """One pupil in this incident."""

    key: str
    name: str
    nickname: str
    class_name: str
    part: str
    age_band: str
    sibling: str
    representatives: tuple[RepresentativeView, ...]
    version: int
    versions: tuple[Version, ...]

    @property
    def plain(self) -> Person:
        """What the rules look at."""
        return Person(
            key=self.key,
            part=self.part,
            age_band=self.age_band,
            representatives=tuple(one.plain for one in self.representatives),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Every name in this family."""
        return (self.name, self.nickname, *(one.name for one in self.representatives))

    def representative(self, key: str) -> RepresentativeView | None:
        """The representative with this key, if any."""
        return next((one for one in self.representatives if one.key == key), None)


def read(session: Session, opened: CaseKeys) -> list[PersonView]:
    """Read the persons of a case, in the order in which they were first written down."""
    found: dict[str, list[dict[str, Any]]] = {}
    for body in case_keys.facts_of(session, opened, PERSON):
        found.setdefault(str(body["person"]), []).append(body)
    return [_view(sorted(bodies, key=lambda one: one["version"])) for bodies in found.values()]


def persons_of(session: Session, opened: CaseKeys) -> tuple[Person, ...]:
    """Give the persons of a case as the rules of the protocol look at them."""
    return tuple(one.plain for one in read(session, opened))


def side_of(people: Iterable[Person], key: str) -> str:
    """The side of a person or representative; empty for somebody who is not recorded."""
    for one in people:
        if key and key in (one.key, *(other.key for other in one.representatives)):
            return one.part
    return ""


def names_of(people: Iterable[PersonView]) -> dict[str, str]:
    """How everybody is called, by key: a representative with whose they are."""
    found: dict[str, str] = {}
    for one in people:
        found[one.key] = one.name
        for other in one.representatives:
            found[other.key] = f"{other.name}, {other.relation or 'ouder'} van {one.name}"
    return found


def _view(bodies: Sequence[Mapping[str, Any]]) -> PersonView:
    last = bodies[-1]
    return PersonView(
        key=last["person"],
        name=last["name"],
        nickname=last["nickname"],
        class_name=last["class"],
        part=last["part"],
        age_band=last["age_band"],
        sibling=last["sibling"],
        representatives=tuple(RepresentativeView(**one) for one in last["representatives"]),
        version=last["version"],
        versions=tuple(
            Version(datetime.fromisoformat(body["at"]), body["who"], body["part"], body["what"])
            for body in bodies
        ),
    )
