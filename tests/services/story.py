"""One sent report with a file, and those who take part in what follows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Case
from portal.services import (
    case_keys,
    reporter,
    sessions,
    transaction,
)
from portal.services.staff import StaffActor
from tests.services import world as told
from tests.services.world import NOW, World

FILE = ("gym.txt", b"uitgelachen na de gymles\n" * 9)


@dataclass
class Story:
    """A sent report with a file, and those who take part."""

    world: World
    session: Session
    case_id: str
    report_id: str
    code: str
    live: sessions.SealedSession

    @property
    def mentor(self) -> StaffActor:
        return self.world.actor(self.session, self.world.mentor_of("1A"))

    @property
    def case(self) -> Case:
        return self.session.get_one(Case, self.case_id)

    def of_part(self, part: str) -> str:
        readers = case_keys.readers_of(self.session, self.case, live_only=True)
        return next(row.staff_id for row in readers if row.part == part)

    def newcomer(self) -> str:
        rows = case_keys.readers_of(self.session, self.case, live_only=True)
        reading = {row.staff_id for row in rows}
        return next(item for item in self.world.ids.values() if item not in reading)


def make_story(world: World, session: Session) -> Story:
    """Send a report and come back with its code."""
    receipt = told.report(world, session, told.answers(world), FILE)
    case = session.scalars(select(Case).where(Case.label == receipt.label)).one()
    report_id, data = reporter.enter(
        session, school=world.school, code=receipt.code, instance=world.keys
    )
    live = sessions.begin(
        session, kind="reporter", school_id=world.school.id, data=data, now=NOW, report_id=report_id
    )
    transaction.commit(session)
    return Story(world, session, case.id, report_id, receipt.code, live)
