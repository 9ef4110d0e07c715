"""Many urgent reports at once: one ring for each telephone and period, that says how many wait."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import AcuteCall, CaseReader
from portal.services import acute, transaction
from portal.services.alarm_sending import ALARM, ALARMS
from tests.services import world as told
from tests.services.test_acute import (
    MINUTES,
    URGENT,
    add,
    alarms,
    chain,
    later,
    switch_on,
    urgent,
    work,
)
from tests.services.test_mail import Box, box
from tests.services.world import World

__all__ = ["box"]


def rings(mail: Box, address: str) -> list[str]:
    """What was sent to an address, in order."""
    mails = zip(mail.messages, mail.taken, strict=True)
    return [one.get_content().strip() for one, (_, to, _) in mails if to == [address]]


def test_many_urgent_reports_ring_a_telephone_once_in_a_period_and_say_how_many(
    world: World, session: Session, box: Box
) -> None:
    """Whoever sends report after report without a name makes nobody's telephone ring all night."""
    chain(world, session, "een", "twee")
    many = 9
    for _ in range(many):
        told.report(world, session, told.answers(world, story=URGENT, safety={"suicide": True}))
    for step in range(2 * MINUTES):  # the worker comes by, in the first period
        work(world, box, later(step / 2))
    assert rings(box, "een@sms.example") == [ALARMS.format(n=many)]
    assert rings(box, "twee@sms.example") == []
    told.report(world, session, told.answers(world, story=URGENT, safety={"suicide": True}))
    for step in range(2 * MINUTES, 4 * MINUTES):
        work(world, box, later(step / 2))
    assert rings(box, "een@sms.example") == [ALARMS.format(n=many), ALARMS.format(n=many + 1)]
    assert rings(box, "twee@sms.example") == [ALARMS.format(n=many)]


def test_taking_notice_once_covers_all_that_somebody_may_read(
    world: World, session: Session, box: Box
) -> None:
    chain(world, session, "een", "twee")
    for _ in range(3):
        told.report(world, session, told.answers(world, story=URGENT, safety={"suicide": True}))
    work(world, box)
    reader = world.actor(session, world.mentor_of("1A"))
    other = next(iter(world.ids.keys() - readers_of_all(world, session)))
    assert acute.acknowledge_all(session, actor=world.actor(session, other), now=later(1)) == 0
    assert acute.acknowledge_all(session, actor=reader, now=later(1)) == 3
    transaction.commit(session)
    for minute in range(2, 60, 6):
        work(world, box, later(minute))
    assert alarms(box) == ["een@sms.example"]
    # What comes after that rings again, alone, once the period is over.
    told.report(world, session, told.answers(world, story=URGENT, safety={"suicide": True}))
    work(world, box, later(60))
    assert rings(box, "een@sms.example") == [ALARMS.format(n=3), ALARM]


def readers_of_all(world: World, session: Session) -> set[str]:
    readers = set(session.scalars(select(CaseReader.staff_id)))
    return {code for code, staff_id in world.ids.items() if staff_id in readers}


def test_one_telephone_under_two_names_rings_once(world: World, session: Session, box: Box) -> None:
    add(world, session, "een", "een@sms.example")
    add(world, session, "nog eens een", "een@sms.example")
    switch_on(world, session)
    urgent(world, session)
    for minute in range(10):
        work(world, box, later(minute))
    assert alarms(box) == ["een@sms.example"]


def test_an_address_that_fails_is_tried_once_for_all_and_the_next_is_not_kept_waiting(
    world: World, session: Session, box: Box
) -> None:
    chain(world, session, "een", "twee")
    for _ in range(12):
        told.report(world, session, told.answers(world, story=URGENT, safety={"suicide": True}))
    box.refuse = {"een@sms.example"}
    work(world, box)
    assert rings(box, "twee@sms.example") == [ALARMS.format(n=12)]
    session.expire_all()
    tried = session.scalars(select(AcuteCall).where(AcuteCall.sent_at.is_(None))).all()
    assert {call.attempts for call in tried} == {1}
