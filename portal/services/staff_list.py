"""Who works at a school and how far each account is, for the administrator's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import SchoolClass, StaffMember, StaffRole
from portal.services.errors import NotFoundError

ENDED, CONFIRMED, WAITING, INVITED, EXPIRED, NEW = (
    "ended",
    "confirmed",
    "waiting",
    "invited",
    "expired",
    "new",
)


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """One account; ``state`` is one of the words above."""

    id: str
    name: str
    code: str
    login: str
    email: str
    roles: tuple[str, ...]
    state: str
    is_admin: bool
    substitute: str


def listing(session: Session, *, school_id: str, now: datetime) -> list[StaffEntry]:
    """List everybody by name, those who left last; three queries at any size of school."""
    members = list(session.scalars(select(StaffMember).where(StaffMember.school_id == school_id)))
    names = {member.id: member.name for member in members}
    roles = _roles(session, school_id)
    entries = [
        StaffEntry(
            id=member.id,
            name=member.name,
            code=member.code,
            login=member.login,
            email=member.email,
            roles=tuple(sorted(roles.get(member.id, ()))),
            state=state_of(member, now),
            is_admin=member.is_admin,
            substitute=names.get(member.substitute_id or "", ""),
        )
        for member in members
    ]
    return sorted(entries, key=lambda entry: (entry.state == ENDED, entry.name.casefold()))


def one(session: Session, *, school_id: str, staff_id: str, now: datetime) -> StaffEntry:
    """Give one account.

    Raises:
        NotFoundError: there is no such person at this school.
    """
    entries = listing(session, school_id=school_id, now=now)
    found = next((entry for entry in entries if entry.id == staff_id), None)
    if found is None:
        raise NotFoundError(staff_id)
    return found


def state_of(member: StaffMember, now: datetime) -> str:
    """Say how far an account is."""
    if member.disabled_at is not None:
        return ENDED
    if member.activated_at is not None:
        return CONFIRMED if member.confirmed_at is not None else WAITING
    if member.activation_until is None:
        return NEW
    return INVITED if member.activation_until > now else EXPIRED


def _roles(session: Session, school_id: str) -> dict[str, list[str]]:
    query = (
        select(StaffRole, SchoolClass.name)
        .outerjoin(
            SchoolClass,
            (SchoolClass.id == StaffRole.class_id) & (SchoolClass.school_id == StaffRole.school_id),
        )
        .where(StaffRole.school_id == school_id)
    )
    found: dict[str, list[str]] = {}
    for role, class_name in session.execute(query):
        place = class_name or (f"jaar {role.year}" if role.year else "")
        found.setdefault(role.staff_id, []).append(f"{role.role_key} {place}".strip())
    return found
