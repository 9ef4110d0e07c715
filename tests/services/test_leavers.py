"""Somebody leaves the school: no case is left without anybody who handles it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Case, StaffMember
from portal.services import accounts, cases, transaction
from portal.services.custody import Actor
from tests.services import world as told
from tests.services.world import NOW, World


def test_a_case_whose_handler_leaves_stands_on_the_next_reader_s_desk(
    world: World, session: Session
) -> None:
    readers = told.report(world, session, told.answers(world)).readers
    case = session.scalars(select(Case)).one()
    gone = case.handler_id
    accounts.disable(
        session,
        actor=Actor("command-line"),
        school_id=world.school.id,
        staff_id=gone,
        now=NOW,
    )
    transaction.commit(session)
    session.refresh(case)
    assert case.handler_id in {one.staff_id for one in readers} - {gone}
    code = session.get_one(StaffMember, case.handler_id).code
    desk = cases.desk(session, actor=world.actor(session, code), now=NOW)
    assert case.id in {row.id for row in [desk.first, *desk.new, *desk.answers] if row}
