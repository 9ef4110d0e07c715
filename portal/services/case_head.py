"""The few words that stand above every page of a case, for somebody who holds its key."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.models import StaffMember
from portal.services import case_work
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
    case, _opened = case_work.open_for(session, actor=actor, case_id=case_id)
    handler = session.get_one(StaffMember, case.handler_id).name
    mine = case.handler_id == actor.id
    return Head(case.id, case.label, case.classes, case.status, handler, mine)
