"""The few words that stand above every page of a case, for somebody who holds its key."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import StaffMember
from portal.services import case_keys, case_records
from portal.services.staff import StaffActor


@dataclass(frozen=True, slots=True)
class Head:
    """Which case it is, where it stands, and who handles it."""

    id: str
    label: str
    classes: str
    status: str
    handler: str
    mine: bool


def head_of(session: Session, *, actor: StaffActor, case_id: str) -> Head:
    """Give the head of a case.

    Raises:
        NotFoundError: for everybody who does not read it.
    """
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    handler = session.get_one(StaffMember, case.handler_id).name
    mine = case.handler_id == actor.id
    return Head(case.id, case.label, case.classes, case.status, handler, mine)


def readers_of(session: Session, *, actor: StaffActor, case_id: str) -> list[tuple[str, str]]:
    """Give id and name of everybody who reads a case, by name.

    Raises:
        NotFoundError: for everybody who does not read it.
    """
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    ids = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    members = session.scalars(select(StaffMember).where(StaffMember.id.in_(ids)))
    return sorted(((one.id, one.name) for one in members), key=lambda one: one[1])
