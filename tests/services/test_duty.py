"""The addresses of the chain: which may stand in it, their tests, and what stays when one goes."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import AcuteCall, CustodyEvent
from portal.services import duty, transaction
from portal.services.alarm_sending import TEST
from portal.services.errors import InvalidInputError, NotFoundError
from tests.services.test_acute import ADMIN, add, alarms, chain, later, switch_on, urgent, work
from tests.services.test_mail import Box, box
from tests.services.world import NOW, World

__all__ = ["box"]


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("webhook", "http://alarm.example/"),
        ("webhook", "https://naam:geheim@alarm.example/"),
        ("webhook", "https://alarm.example/?sleutel=geheim"),
        ("webhook", "https://alarm.example/#geheim"),
        ("webhook", "ftp://127.0.0.1/"),
        ("webhook", "https:///pad"),
        ("webhook", "https://alarm.example:99999/"),
        ("webhook", "https://alarm.example/\r\nX: 1"),
        ("webhook", "http://10.0.0.1/"),
        ("mail", "geen adres"),
        ("mail", "a@b.example\r\nBcc: c@d.example"),
        ("mail", "é@b.example"),
        ("mail", "=?utf-8?q?a=40b.example=2Cc?=@d.example"),
        ("mail", ""),
    ],
)
def test_an_address_that_cannot_be_is_refused(kind: str, address: str) -> None:
    check = duty.is_mail if kind == "mail" else duty.is_webhook
    assert not check(address)


@pytest.mark.parametrize(
    "address",
    ["https://alarm.example", "https://alarm.example:8443/pad/hier", "http://127.0.0.1:9/x",
     "http://[::1]/", "http://localhost:1/"],
)  # fmt: skip
def test_https_and_this_machine_may_be_called(address: str) -> None:
    assert duty.is_webhook(address)


def test_a_test_says_that_it_is_one_and_goes_without_an_alarm(
    world: World, session: Session, box: Box
) -> None:
    add(world, session, "een", "een@sms.example")
    (contact,) = duty.chain(session, school_id=world.school.id).contacts
    given = {"school_id": world.school.id, "contact_id": contact.id, "now": NOW}
    for _ in range(2):
        duty.test_contact(session, **given)
        transaction.commit(session)
    assert duty.chain(session, school_id=world.school.id).contacts[0].test == duty.WAITING
    work(world, box)
    work(world, box, later(5))
    (message,) = box.messages
    assert message.get_content().strip() == TEST
    session.expire_all()
    assert duty.chain(session, school_id=world.school.id).contacts[0].test == duty.SENT
    other = world.school.id[::-1]
    with pytest.raises(NotFoundError):
        duty.test_contact(session, **{**given, "school_id": other})


def test_the_last_address_takes_the_chain_off_and_what_was_sent_stays(
    world: World, session: Session, box: Box
) -> None:
    chain(world, session, "een")
    urgent(world, session)
    work(world, box)
    (contact,) = duty.chain(session, school_id=world.school.id).contacts
    duty.remove_contact(
        session, actor=ADMIN, school_id=world.school.id, contact_id=contact.id, now=NOW
    )
    transaction.commit(session)
    found = duty.chain(session, school_id=world.school.id)
    assert (found.on, found.contacts) == (False, [])
    assert len(session.scalars(select(AcuteCall)).all()) == 1
    with pytest.raises(InvalidInputError):
        switch_on(world, session)


def test_what_the_log_says_of_a_warning_is_sealed(world: World, session: Session, box: Box) -> None:
    add(world, session, "Conciërge", "huis@sms.example")
    switch_on(world, session)
    urgent(world, session)
    work(world, box)
    rows = session.scalars(select(CustodyEvent).where(CustodyEvent.kind == "alarm:passed_on"))
    (event,) = rows.all()
    assert event.sealed
    assert "Conci" not in event.public


def test_the_hours_of_the_chain_are_kept(world: World, session: Session, box: Box) -> None:
    add(world, session, "een", "een@sms.example")
    switch_on(world, session, hours="ma-vr 18-24")  # NOW is a Monday, 10.30 at school
    urgent(world, session)
    work(world, box)
    work(world, box, later(7 * 60))
    assert alarms(box) == []
    work(world, box, later(7.5 * 60))
    assert alarms(box) == ["een@sms.example"]
