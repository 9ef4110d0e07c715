"""Whom the public page names: the first line of each class, the contact point, the confidants."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.domain.protocol import Protocol
from portal.domain.readers import Member, RoleHeld, Roster
from portal.models import School
from portal.services import protocols, roster, school_face

NEAR = frozenset({"class", "year"})
CONFIDANT = "confidant"


@dataclass(frozen=True, slots=True)
class PublicPerson:
    """Somebody whom a pupil can go to; `photo` is a digest, where that person shows one.

    `role` is the protocol's word, empty for the contact point.
    """

    name: str
    role: str
    photo: str = ""


@dataclass(frozen=True, slots=True)
class ClassPeople:
    """Who stands by one class, the nearest first."""

    name: str
    year: str
    people: tuple[PublicPerson, ...]


@dataclass(frozen=True, slots=True)
class PublicPeople:
    """The people of one school, as its page shows them."""

    classes: tuple[ClassPeople, ...]
    contact: tuple[PublicPerson, ...]
    confidants: tuple[PublicPerson, ...]


def of_school(session: Session, *, school_id: str) -> PublicPeople:
    """Give the people of a school; only names and roles, and photos shown by choice."""
    school = session.get_one(School, school_id)
    protocol, _ = protocols.current(school.protocol_key)
    staff = roster.roster_of(session, school_id)
    photos = school_face.photos_of(session, school_id=school_id)
    contact = staff.member(school.contact_staff_id or "")
    roles = _line_roles(protocol)

    def shown(pairs: list[tuple[Member, str]]) -> tuple[PublicPerson, ...]:
        return tuple(PublicPerson(one.name, role, photos.get(one.id, "")) for one, role in pairs)

    return PublicPeople(
        classes=tuple(
            ClassPeople(name, year, shown(_of_class(staff, protocol, roles, name, year)))
            for name, year in staff.classes
        ),
        contact=shown([(contact, "")] if contact and contact.active else []),
        confidants=shown(
            [
                (one, protocol.label(role.key))
                for role in protocol.roles
                if role.rank == CONFIDANT
                for one in staff.members
                if one.active and any(held.role == role.key for held in one.roles)
            ]
        ),
    )


def _line_roles(protocol: Protocol) -> list[str]:
    """The roles of a class or year that the protocol sends reports to, the first report's first."""
    near = {role.key for role in protocol.roles if role.scope in NEAR}
    return [
        key for key in dict.fromkeys(rule.role for rule in reversed(protocol.intake)) if key in near
    ]


def _of_class(
    staff: Roster, protocol: Protocol, roles: list[str], name: str, year: str
) -> list[tuple[Member, str]]:
    return [
        (one, protocol.label(role))
        for role in roles
        for one in staff.members
        if one.active and any(_stands_by(held, role, name, year) for held in one.roles)
    ]


def _stands_by(held: RoleHeld, role: str, name: str, year: str) -> bool:
    everywhere = not held.classes and not held.years
    return held.role == role and (name in held.classes or year in held.years or everywhere)
