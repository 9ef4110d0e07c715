"""From a routing decision to people: who handles, who oversees, who stands in, and why.

At least two people who can open a case, never one who is excluded. Where a role has nobody, the
case goes up the oversight of the protocol, and the explanation says in words who reads instead.
Each class below describes the school as it is now; nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from portal.domain.facts import Facts
from portal.domain.protocol import Protocol, Role
from portal.domain.routing import Decision, route

ENOUGH = 2
KEPT_OUT = "leest deze melding niet mee"


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """A role someone holds; without classes and years it is held for the whole school."""

    role: str
    classes: tuple[str, ...] = ()
    years: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of staff. Only who is active, activated and confirmed can be given a key."""

    id: str
    name: str
    roles: tuple[RoleHeld, ...] = ()
    active: bool = True
    activated: bool = True
    confirmed: bool = True
    substitute: str = ""

    @property
    def usable(self) -> bool:
        return self.active and self.activated and self.confirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The staff, the year of each class, and who is on duty today (role key, member id)."""

    members: tuple[Member, ...]
    classes: tuple[tuple[str, str], ...] = ()
    on_duty: tuple[tuple[str, str], ...] = ()

    def member(self, member_id: str) -> Member | None:
        return next((one for one in self.members if one.id == member_id), None)

    def years_of(self, names: Iterable[str]) -> set[str]:
        known = dict(self.classes)
        return {known[name] for name in names if known.get(name)}


@dataclass(frozen=True, slots=True)
class Reader:
    """One person with the role in which they read."""

    id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Who reads a case. `waiting` roles get to know only after their gates' outcomes.

    `enough` is false when fewer than two people can open the case: it must then not be sent.
    """

    handlers: tuple[Reader, ...]
    overseers: tuple[Reader, ...]
    substitutes: tuple[Reader, ...]
    also_notified: tuple[Reader, ...]
    explanation: tuple[str, ...]
    fallback_used: bool
    waiting: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def people(self) -> tuple[Reader, ...]:
        """Everyone who is given the case key, each once, handlers first."""
        everyone = (*self.handlers, *self.overseers, *self.substitutes)
        return tuple({reader.id: reader for reader in reversed(everyone)}.values())[::-1]

    @property
    def enough(self) -> bool:
        return len(self.people) >= ENOUGH


@dataclass(frozen=True, slots=True)
class _Search:
    """One question to the roster: these classes, and nobody of these people or roles."""

    protocol: Protocol
    roster: Roster
    decision: Decision
    classes: tuple[str, ...]
    excluded: frozenset[str]
    told: list[str] = field(default_factory=list)

    def barred(self, member: Member) -> bool:
        held = {one.role for one in member.roles}
        return member.id in self.excluded or bool(held & set(self.decision.excluded))

    def holders(self, role_key: str) -> list[Member]:
        """Everyone in whose hands the role is for these classes, able to read or not."""
        role = self.protocol.role(role_key)
        if role is None or role.scope == "external":
            return []
        found = [one for one in self.roster.members if self._holds(one, role)]
        on_duty = {who for key, who in self.roster.on_duty if key == role_key}
        if role.scope == "duty_roster" and on_duty:
            found = [one for one in found if one.id in on_duty]
        return found

    def _holds(self, member: Member, role: Role) -> bool:
        years = self.roster.years_of(self.classes)
        for held in member.roles:
            if held.role != role.key:
                continue
            if not held.classes and not held.years:
                return True
            if set(held.classes) & set(self.classes) or set(held.years) & years:
                return True
            if role.scope == "school" or (role.scope == "year" and not years):
                return True
        return False

    def readers(self, role_key: str, but: Iterable[str] = ()) -> tuple[Reader, ...]:
        skip = set(but)
        return tuple(
            Reader(one.id, one.name, role_key)
            for one in self.holders(role_key)
            if one.usable and not self.barred(one) and one.id not in skip
        )

    def stand_ins(
        self, role_key: str, but: Iterable[str] = (), *, of: Iterable[str] | None = None
    ) -> tuple[Reader, ...]:
        """Who replaces the holders, or only those `of` them who handle.

        Nobody stands in for a person who is kept out.
        """
        skip = set(but)
        role = self.protocol.role(role_key)
        found: dict[str, Reader] = {}
        handling = None if of is None else set(of)
        for holder in self.holders(role_key) if handling is None else self.members(handling):
            one = self.roster.member(holder.substitute)
            if one and one.usable and not self.barred(one) and not self.barred(holder):
                found[one.id] = Reader(one.id, one.name, role_key)
        if role and role.substitute_role:
            found |= {one.id: one for one in self.readers(role.substitute_role)}
        return tuple(one for one in found.values() if one.id not in skip)

    def members(self, ids: set[str]) -> list[Member]:
        return [one for one in self.roster.members if one.id in ids]

    def why_nobody(self, role_key: str) -> str:
        label = self.protocol.label(role_key)
        role = self.protocol.role(role_key)
        holders = self.holders(role_key)
        if any(self.barred(one) for one in holders):
            return f"{label}: {KEPT_OUT}"
        if holders:
            names = ", ".join(one.name for one in holders)
            return f"{label} ({names}): kan nog niet meelezen"
        if role and role.scope == "class" and not self.classes:
            return f"{label}: de klas is niet bekend"
        return f"{label}: er is niemand met deze rol"


def choose_readers(
    decision: Decision,
    protocol: Protocol,
    roster: Roster,
    *,
    classes: Iterable[str] = (),
    excluded: Iterable[str] = (),
    preferred: str = "",
) -> Readers:
    """Name the people for a decision.

    `excluded` are ids of people who must not read (accused, or the reporter's wish); `preferred`
    is the id of the person with whom the reporter would rather deal.
    """
    search = _Search(protocol, roster, decision, tuple(classes), frozenset(excluded))
    wished = _preferred(search, preferred)
    role, handlers = (wished.role, (wished,)) if wished else _handlers(search)
    taken = [one.id for one in handlers]
    overseers = _overseers(search, role, taken)
    taken += [one.id for one in overseers]
    substitutes = search.stand_ins(role, taken, of=[one.id for one in handlers])
    taken += [one.id for one in substitutes]
    also = _also(search, taken, preferred)
    if len(taken) < ENOUGH:
        search.told.append("Er zijn geen twee mensen die dit kunnen lezen.")
    return Readers(
        handlers=handlers,
        overseers=overseers,
        substitutes=substitutes,
        also_notified=also,
        explanation=tuple(search.told),
        fallback_used=role != decision.role,
        waiting=decision.gated,
    )


def _handlers(search: _Search) -> tuple[str, tuple[Reader, ...]]:
    """The handling role's people, else its stand-ins, else the first above with people."""
    wanted = search.decision.role
    for role in (wanted, *_upward(search, wanted)):
        found = search.readers(role) or search.stand_ins(role)
        if found:
            names = ", ".join(one.name for one in found)
            how = "behandelt" if role == wanted else "krijgt de melding in plaats daarvan"
            search.told.append(f"{search.protocol.label(role)} ({names}) {how}.")
            return role, found
        search.told.append(f"{search.why_nobody(role)}.")
    return wanted, ()


def _upward(search: _Search, role: str) -> tuple[str, ...]:
    """The oversight of a role; where it ends early, still the heads and the board."""
    ends = [one.key for one in search.protocol.roles if one.rank == "head"]
    chain = (*search.protocol.oversight(role), *ends, *search.protocol.staff.board)
    if search.decision.about_staff:
        allowed = {one.key for one in search.protocol.roles if one.rank in ("head", "board")}
        chain = tuple(key for key in chain if key in allowed)
    return tuple(key for key in dict.fromkeys(chain) if key != role)


def _overseers(search: _Search, role: str, taken: list[str]) -> tuple[Reader, ...]:
    for above in _upward(search, role):
        found = search.readers(above, taken)
        if found:
            names = ", ".join(one.name for one in found)
            search.told.append(f"{search.protocol.label(above)} ({names}) kijkt mee.")
            return found
    return ()


def _preferred(search: _Search, member_id: str) -> Reader | None:
    """The person of the reporter's choice, if they may and can handle this report."""
    one = search.roster.member(member_id)
    if one is None:
        return None
    ranks = ("head", "board") if search.decision.about_staff else ("line", "head", "board")
    held = [search.protocol.role(held.role) for held in one.roles]
    fit = [role for role in held if role is not None and role.rank in ranks]
    role = next((role for role in fit if role.key == search.decision.role), next(iter(fit), None))
    if role is None or not one.usable or search.barred(one):
        search.told.append(f"{one.name} kan deze melding niet behandelen.")
        return None
    search.told.append(f"De melder wil liever met {one.name}: die behandelt de melding.")
    return Reader(one.id, one.name, role.key)


def _also(search: _Search, taken: list[str], preferred: str) -> tuple[Reader, ...]:
    """Roles that get to know at once; a confidant asked for by the reporter is told as well."""
    waiting = {role for role, _gates in search.decision.gated}
    roles = [role for role in search.decision.also if role not in waiting]
    found = {one.id: one for role in roles for one in search.readers(role, taken)}
    one = search.roster.member(preferred)
    if one and one.usable and not search.barred(one) and one.id not in taken:
        held = (search.protocol.role(held.role) for held in one.roles)
        for role in held:
            if role is not None and role.rank == "confidant":
                found[one.id] = Reader(one.id, one.name, role.key)
                search.told.append(f"{one.name} ({role.label}) weet ervan en steunt de melder.")
    return tuple(found.values())


def unready_routes(protocol: Protocol, roster: Roster) -> list[str]:
    """Why the school cannot open yet: each route that does not end in two people, in Dutch."""
    reasons: list[str] = []
    places: list[tuple[str, ...]] = [(), *((name,) for name, _year in roster.classes)]
    for rule in protocol.intake:
        decision = Decision(role=rule.role, step=rule.step, also=(), excluded=(), explanation=())
        reasons += _lacking(protocol, roster, decision, f"‘{rule.label}’", places)
    staff = [Facts(accused="staff")]
    heads = [role.key for role in protocol.roles if role.rank == "head"]
    staff += [Facts(accused="staff", accused_roles=(head,)) for head in heads]
    for facts in staff:
        about = ", ".join(map(protocol.label, facts.accused_roles)) or "een medewerker"
        reasons += _lacking(protocol, roster, route(protocol, facts), f"over {about}", [()])
    return list(dict.fromkeys(reasons))


def _lacking(
    protocol: Protocol,
    roster: Roster,
    decision: Decision,
    name: str,
    places: list[tuple[str, ...]],
) -> list[str]:
    found: list[str] = []
    for classes in places:
        readers = choose_readers(decision, protocol, roster, classes=classes)
        if readers.enough:
            continue
        names = ", ".join(one.name for one in readers.people)
        who = f"alleen {names}" if names else "niemand"
        where = f"klas {classes[0]}" if classes else "klas niet bekend"
        place = "" if decision.about_staff else f" ({where})"
        label = protocol.label(decision.role)
        found.append(f"Melding {name}{place}, {label}: {who} kan lezen. Er zijn er twee nodig.")
    return found
