"""The roster: classes, people and the roles they hold, compared with files and taken over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.domain.readers import Member, RoleHeld, Roster
from portal.models import SchoolClass, StaffMember, StaffRole, new_id
from portal.protocols import load
from portal.services import turns
from portal.services.custody import Actor, record_event
from portal.services.errors import ConflictError
from portal.services.roster_files import Grant, RosterFiles, StaffLine, read_pair
from portal.services.schools import SchoolView


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the roster and the files, in words for people."""

    kind: str
    subject: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class RosterPlan:
    """What taking the files over would change; `apply` does it."""

    school_id: str
    files: RosterFiles
    changes: tuple[Change, ...]
    missing: tuple[str, ...] = ()
    """People with an account whom the file does not name; they are kept, without a change."""

    def lines(self) -> list[str]:
        """Give the difference line by line, for a dry run."""
        signs = {"new": "+", "changed": "~", "removed": "-"}
        told = [f"{signs[item.kind]} {item.subject}  {item.text}".rstrip() for item in self.changes]
        told += [
            f"? {name}  staat niet in het bestand; het account blijft" for name in self.missing
        ]
        return told or ["Geen verschil."]


@dataclass(slots=True)
class _State:
    classes: dict[str, SchoolClass]
    people: dict[str, StaffMember]
    grants: dict[str, set[Grant]] = field(default_factory=dict)


def roster_of(session: Session, school_id: str, today: date | None = None) -> Roster:
    """Give the school as routing sees it; classes go by their names, which are unique in it.

    Args:
        today: the day for which somebody is on duty, away, or stands in; without it nobody is.
    """
    away = turns.stand_ins(session, school_id, today) if today else {}
    of_class = select(SchoolClass.id, SchoolClass.name, SchoolClass.year)
    classes = session.execute(of_class.where(SchoolClass.school_id == school_id)).all()
    grants = _grants(session, school_id, {row.id: row.name for row in classes})
    # Columns, not objects: this is read at every page of a report.
    of_member = select(
        StaffMember.id,
        StaffMember.name,
        StaffMember.disabled_at,
        StaffMember.activated_at,
        StaffMember.recipient,
        StaffMember.confirmed_at,
        StaffMember.substitute_id,
    )
    members = [
        Member(
            id=row.id,
            name=row.name,
            roles=_roles_held(grants.get(row.id, set())),
            active=row.disabled_at is None,
            activated=row.activated_at is not None and row.recipient is not None,
            confirmed=row.confirmed_at is not None,
            substitute=away.get(row.id) or row.substitute_id or "",
        )
        for row in session.execute(of_member.where(StaffMember.school_id == school_id))
    ]
    members.sort(key=lambda member: member.name)
    return Roster(
        members=tuple(members),
        classes=tuple(sorted((row.name, row.year) for row in classes)),
        on_duty=turns.on_duty(session, school_id, today) if today else (),
    )


def _grants(session: Session, school_id: str, names: dict[str, str]) -> dict[str, set[Grant]]:
    """Read the roles held, by member of staff; ``names`` are the classes' names by id."""
    query = select(
        StaffRole.staff_id, StaffRole.role_key, StaffRole.class_id, StaffRole.year
    ).where(StaffRole.school_id == school_id)
    found: dict[str, set[Grant]] = {}
    for row in session.execute(query):
        place = names.get(row.class_id or "", "")
        grant = Grant(row.role_key, class_name=place, year=row.year or "")
        found.setdefault(row.staff_id, set()).add(grant)
    return found


def _roles_held(grants: Iterable[Grant]) -> tuple[RoleHeld, ...]:
    by_role: dict[str, list[Grant]] = {}
    for grant in sorted(grants):
        by_role.setdefault(grant.role, []).append(grant)
    return tuple(_role_held(role, found) for role, found in by_role.items())


def _role_held(role: str, grants: list[Grant]) -> RoleHeld:
    if any(not grant.class_name and not grant.year for grant in grants):
        return RoleHeld(role)
    return RoleHeld(
        role,
        classes=tuple(grant.class_name for grant in grants if grant.class_name),
        years=tuple(grant.year for grant in grants if grant.year),
    )


def plan_from(session: Session, *, school: SchoolView, staff: bytes, classes: bytes) -> RosterPlan:
    """Compare two files as sent with the roster of a school, and change nothing.

    Raises:
        RosterFilesError: the files hold mistakes.
    """
    files = read_pair(staff, classes, load(school.protocol_key))
    return plan(session, school_id=school.id, files=files)


def plan(session: Session, *, school_id: str, files: RosterFiles) -> RosterPlan:
    """Compare the files with the roster, and change nothing."""
    state = _state(session, school_id)
    changes = [*_class_changes(state, files), *_people_changes(state, files)]
    named = {line.code.casefold() for line in files.staff}
    missing = tuple(
        sorted(
            member.name
            for member in state.people.values()
            if member.code.casefold() not in named and member.disabled_at is None
        )
    )
    return RosterPlan(school_id, files, tuple(changes), missing)


def apply(session: Session, plan: RosterPlan, *, actor: Actor, now: datetime) -> list[str]:
    """Take the files over: classes, people, their roles, in the caller's one transaction.

    Roles of those whom the file names become what the file says. Nobody is ended by an import
    and nobody loses the right to manage the roster by it; an administrator does that by hand.

    Returns:
        The ids of the people who are new.

    Raises:
        ConflictError: the log-in name of a new person is somebody else's already.
    """
    state = _state(session, plan.school_id)
    _write_classes(session, state, plan)
    added = _write_people(session, state, plan.files.staff, plan.school_id)
    session.flush()
    _write_grants(session, state, plan)
    if plan.changes:
        record_event(
            session,
            CustodyKind.ROSTER_CHANGED,
            school_id=plan.school_id,
            actor=actor,
            now=now,
            about=added,
            particulars={"change": "import", "lines": plan.lines()},
        )
    return added


def _state(session: Session, school_id: str) -> _State:
    classes = {
        row.name: row
        for row in session.scalars(select(SchoolClass).where(SchoolClass.school_id == school_id))
    }
    people = {
        row.code.casefold(): row
        for row in session.scalars(select(StaffMember).where(StaffMember.school_id == school_id))
    }
    names = {row.id: name for name, row in classes.items()}
    return _State(classes, people, _grants(session, school_id, names))


def _class_changes(state: _State, files: RosterFiles) -> Iterable[Change]:
    for line in files.classes:
        known = state.classes.get(line.name)
        if known is None:
            yield Change("new", f"klas {line.name}", _class_text(line.year, line.location))
        elif (known.year, known.location) != (line.year, line.location):
            yield Change("changed", f"klas {line.name}", _class_text(line.year, line.location))
    named = {line.name for line in files.classes}
    for name in sorted(set(state.classes) - named):
        yield Change("removed", f"klas {name}")


def _class_text(year: str, location: str) -> str:
    return ", ".join(part for part in (f"jaarlaag {year}" if year else "", location) if part)


def _people_changes(state: _State, files: RosterFiles) -> Iterable[Change]:
    codes = {member.id: member.code for member in state.people.values()}
    for line in files.staff:
        known = state.people.get(line.code.casefold())
        subject = f"{line.code} {line.name}"
        if known is None:
            yield Change("new", subject, _grants_text(line.grants, line.is_admin))
            continue
        told = list(_person_differences(known, line, codes))
        held = state.grants.get(known.id, set())
        told += [f"+{grant}" for grant in sorted(line.grants - held)]
        told += [f"-{grant}" for grant in sorted(held - line.grants)]
        if told:
            yield Change("changed", subject, ", ".join(told))


def _person_differences(
    known: StaffMember, line: StaffLine, codes: dict[str, str]
) -> Iterable[str]:
    if known.name != line.name:
        yield f"naam was {known.name}"
    if known.email != line.email:
        yield f"e-mail wordt {line.email}"
    if codes.get(known.substitute_id or "", "").casefold() != line.substitute.casefold():
        yield f"vervanger wordt {line.substitute or 'niemand'}"
    if line.is_admin and not known.is_admin:
        yield "+beheerder"


def _grants_text(grants: set[Grant], is_admin: bool) -> str:  # noqa: FBT001 - one caller
    words = [str(grant) for grant in sorted(grants)]
    return ", ".join([*words, *(["beheerder"] if is_admin else [])])


def _write_classes(session: Session, state: _State, plan: RosterPlan) -> None:
    for line in plan.files.classes:
        row = state.classes.get(line.name)
        if row is None:
            row = SchoolClass(id=new_id(), school_id=plan.school_id, name=line.name)
            session.add(row)
            state.classes[line.name] = row
        row.year, row.location = line.year, line.location
    session.flush()
    named = {line.name for line in plan.files.classes}
    for name in set(state.classes) - named:
        row = state.classes.pop(name)
        session.execute(
            delete(StaffRole).where(
                StaffRole.school_id == plan.school_id, StaffRole.class_id == row.id
            )
        )
        session.delete(row)


def _write_people(
    session: Session, state: _State, lines: Iterable[StaffLine], school_id: str
) -> list[str]:
    added = []
    lines = list(lines)
    for line in lines:
        row = state.people.get(line.code.casefold())
        if row is None:
            row = StaffMember(
                id=new_id(), school_id=school_id, code=line.code, login=_login(state, line)
            )
            session.add(row)
            state.people[line.code.casefold()] = row
            added.append(row.id)
        row.name, row.email = line.name, line.email
        row.is_admin = bool(row.is_admin) or line.is_admin
    for line in lines:
        substitute = state.people.get(line.substitute.casefold())
        state.people[line.code.casefold()].substitute_id = substitute.id if substitute else None
    return added


def _login(state: _State, line: StaffLine) -> str:
    login = line.code.lower()
    if any(row.login == login for row in state.people.values()):
        raise ConflictError(f"log-in name {login} is taken")
    return login


def _write_grants(session: Session, state: _State, plan: RosterPlan) -> None:
    for line in plan.files.staff:
        member = state.people[line.code.casefold()]
        held = state.grants.get(member.id, set())
        if held == line.grants:
            continue
        session.execute(
            delete(StaffRole).where(
                StaffRole.school_id == plan.school_id, StaffRole.staff_id == member.id
            )
        )
        for grant in sorted(line.grants):
            session.add(
                StaffRole(
                    id=new_id(),
                    school_id=plan.school_id,
                    staff_id=member.id,
                    role_key=grant.role,
                    class_id=state.classes[grant.class_name].id if grant.class_name else None,
                    year=grant.year or None,
                )
            )
