"""Who does a task today: the one who has it, else who stands in, else whoever is above.

Pure functions of a roster and of absences as they are given; nothing is looked up. Only somebody
who may read the case comes into question, unless nobody of them is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from portal.domain.protocol import Protocol
from portal.domain.readers import Member, Roster


@dataclass(frozen=True, slots=True)
class Absence:
    """Days on which somebody is not there, both ends included, and who was asked to stand in."""

    member: str
    first: date
    last: date
    substitute: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who does it, in which role, and why this person; no name when nobody is there."""

    member: str
    name: str
    role: str
    why: str


def owner_on(
    protocol: Protocol,
    role_key: str,
    roster: Roster,
    *,
    on: date,
    handler: str = "",
    readers: Collection[str] = (),
    absences: Sequence[Absence] = (),
) -> Owner:
    """Who does a task of a role on a day.

    `handler` has the case and comes first for their own role; `readers` may open it.
    """
    away = {one.member: one.substitute for one in absences if one.first <= on <= one.last}
    told: list[str] = []
    for key in dict.fromkeys((role_key, *protocol.oversight(role_key))):
        for one in _holders(protocol, roster, key, handler if key == role_key else "", readers):
            if one.id not in away:
                return Owner(one.id, one.name, key, " ".join([*told, _here(protocol, one, key)]))
            told.append(f"{one.name} is er niet.")
            substitute = _substitute(protocol, roster, one, key, away)
            if substitute is not None:
                told.append(f"{substitute.name} neemt waar.")
                return Owner(substitute.id, substitute.name, key, " ".join(told))
        told.append(f"Er is niemand met de rol {protocol.label(key)}.")
    return Owner("", "", role_key, " ".join(told))


def _holders(
    protocol: Protocol, roster: Roster, role_key: str, handler: str, readers: Collection[str]
) -> list[Member]:
    """Who may be asked: the handler first, then readers of the case, on duty where that is how."""
    held = [one for one in roster.members if one.usable and _holds(one, role_key)]
    role = protocol.role(role_key)
    duty = {who for key, who in roster.on_duty if key == role_key}
    if role is not None and role.scope == "duty_roster" and duty:
        held = [one for one in held if one.id in duty]
    if readers:
        held = [one for one in held if one.id in readers]
    first = roster.member(handler)
    own = [first] if first is not None and first.usable else []
    return list({one.id: one for one in [*own, *held]}.values())


def _substitute(
    protocol: Protocol, roster: Roster, member: Member, role_key: str, away: Mapping[str, str]
) -> Member | None:
    """Who was asked, else who always does; else who is on duty in the role that stands in."""
    for key in (away[member.id], member.substitute):
        one = roster.member(key)
        if one is not None and one.usable and one.id not in away:
            return one
    role = protocol.role(role_key)
    if role is None or not role.substitute_role:
        return None
    standing_in = _holders(protocol, roster, role.substitute_role, "", ())
    return next((other for other in standing_in if other.id not in away), None)


def _holds(member: Member, role_key: str) -> bool:
    return any(held.role == role_key for held in member.roles)


def _here(protocol: Protocol, member: Member, role_key: str) -> str:
    return f"{member.name} doet dit als {protocol.label(role_key)}."
