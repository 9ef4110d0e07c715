"""A case with its people, for the tests of what staff do in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Case, CaseReader
from portal.services.staff import StaffActor
from tests.services import world as told
from tests.services.world import World


@dataclass
class Handled:
    """One case, whoever handles it, and the others who read it by their part."""

    world: World
    session: Session
    case_id: str
    handler: StaffActor

    def part(self, name: str) -> StaffActor:
        """Somebody who reads the case as this."""
        query = select(CaseReader.staff_id).where(
            CaseReader.case_id == self.case_id,
            CaseReader.part == name,
            CaseReader.until.is_(None),
        )
        staff_id = self.session.scalars(query.order_by(CaseReader.id)).first()
        assert staff_id is not None, name
        return self.world.actor(self.session, self.world.code_of(staff_id))

    def readers(self) -> set[str]:
        """Ids of everybody who reads it now."""
        query = select(CaseReader.staff_id).where(
            CaseReader.case_id == self.case_id, CaseReader.until.is_(None)
        )
        return set(self.session.scalars(query))

    def stranger(self) -> StaffActor:
        """A colleague who does not read it."""
        code = next(one for one, known in self.world.ids.items() if known not in self.readers())
        return self.world.actor(self.session, code)


def handled(world: World, session: Session, **answers: Any) -> Handled:
    """Tell a report; gives its case in the hands of its handler."""
    receipt = told.report(world, session, told.answers(world, **answers))
    case = session.scalars(select(Case).where(Case.label == receipt.label)).one()
    return Handled(world, session, case.id, world.actor(session, world.code_of(case.handler_id)))
