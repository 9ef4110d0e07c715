"""A mail to a reporter who asked for one: it tells nothing, and its address stays nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import OutboxMail, Record, Report
from portal.services import case_work, notices, reporter, transaction
from portal.services.errors import InvalidInputError
from tests.services import opening
from tests.services.story import Story, make_story
from tests.services.test_mail import FORBIDDEN, Box, free_port, work
from tests.services.world import NOW, World

ADDRESS = "fenna.van.thuis@post.example"
SOON = NOW + timedelta(minutes=2)


@pytest.fixture
def box() -> Iterator[Box]:
    handler = Box()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


@pytest.fixture
def story(world: World, session: Session) -> Story:
    return make_story(world, session)


def switch_on(story: Story, address: str = ADDRESS) -> None:
    notices.switch_on(story.session, live=story.live, address=address, now=NOW)
    transaction.commit(story.session)


def write(story: Story, text: str = "Hoe gaat het?") -> None:
    case_work.reply(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        report_id=story.report_id,
        text=text,
        now=NOW,
    )
    transaction.commit(story.session)


def at_rest(story: Story) -> bool:
    """Whether the address can be read in any value, and with SQLite in any byte on the disk."""
    values = opening.all_values(story.session)
    story.session.rollback()
    found = any(ADDRESS.encode() in value for value in values)
    url = story.session.get_bind().url
    if url.get_backend_name() == "sqlite":
        file = Path(url.database)
        files = [file, *file.parent.glob(f"{file.name}-*")]
        found = found or any(ADDRESS.encode() in one.read_bytes() for one in files)
    return found


def to_reporter(box: Box) -> list[str]:
    return [address for address in box.receivers if address == ADDRESS]


def test_nobody_gets_a_mail_who_did_not_ask(story: Story, box: Box) -> None:
    write(story)
    work(story.world, box, SOON)
    assert to_reporter(box) == []


def test_the_address_stands_in_the_outbox_until_the_mail_went_and_nowhere_else(
    story: Story, box: Box
) -> None:
    switch_on(story)
    assert reporter.view(story.session, live=story.live).gets_mail
    assert not at_rest(story)
    write(story)
    rows = story.session.scalars(select(OutboxMail).where(OutboxMail.address.is_not(None))).all()
    assert [(row.address, row.staff_id) for row in rows] == [(ADDRESS, None)]
    story.session.rollback()
    story.session.close()
    work(story.world, box, SOON)
    assert to_reporter(box) == [ADDRESS]
    assert not at_rest(story)


def test_the_mail_names_nobody_and_leads_nowhere(story: Story, box: Box) -> None:
    switch_on(story)
    write(story, "Kevin was het")
    work(story.world, box, SOON)
    (mail,) = [one for one in box.messages if one["To"] == ADDRESS]
    text = mail.get_content()
    assert mail["Subject"] == "Bericht van school"
    assert not FORBIDDEN.search(mail["Subject"] + text)
    assert "http" not in text
    for word in ("Kevin", story.mentor.name, story.case.label, story.world.school.name):
        assert word not in str(mail)


@pytest.mark.parametrize(
    ("language", "subject", "word"),
    [("uk", "Повідомлення від школи", "навмисно"), ("ar", "رسالة من المدرسة", "رابط"),
     ("nl", "Bericht van school", "opzet"), ("../../x", "Bericht van school", "opzet")],
)  # fmt: skip
def test_the_mail_speaks_the_language_of_who_reads_it(
    story: Story, box: Box, language: str, subject: str, word: str
) -> None:
    switch_on(story)
    story.session.get_one(Report, story.report_id).language = language[:8]
    write(story, "Kevin was het")
    work(story.world, box, SOON)
    (mail,) = [one for one in box.messages if one["To"] == ADDRESS]
    text = mail.get_content()
    assert mail["Subject"] == subject
    assert word in text
    assert "http" not in text
    for told in ("Kevin", story.mentor.name, story.case.label, story.world.school.name):
        assert told not in mail["Subject"] + text


def test_many_messages_in_an_hour_give_one_mail(story: Story, box: Box) -> None:
    switch_on(story)
    for number in range(4):
        write(story, f"deel {number}")
    work(story.world, box, SOON)
    assert to_reporter(box) == [ADDRESS]


def test_switched_off_nothing_goes_and_nothing_is_kept(story: Story, box: Box) -> None:
    switch_on(story)
    write(story)
    notices.switch_off(story.session, live=story.live, now=NOW)
    transaction.commit(story.session)
    assert not reporter.view(story.session, live=story.live).gets_mail
    query = select(Record).where(Record.kind == notices.ADDRESS)
    assert story.session.scalars(query).all() == []
    write(story, "nog iets")
    work(story.world, box, SOON)
    assert to_reporter(box) == []


def test_a_mail_that_cannot_go_is_forgotten_with_its_address(story: Story, box: Box) -> None:
    switch_on(story)
    write(story)
    box.refuse = {ADDRESS}
    work(story.world, box, SOON)
    work(story.world, box, NOW + timedelta(days=4))
    story.session.expire_all()
    query = select(OutboxMail).where(OutboxMail.address.is_not(None))
    assert story.session.scalars(query).all() == []
    box.refuse = set()
    work(story.world, box, NOW + timedelta(days=5))
    assert to_reporter(box) == []


@pytest.mark.parametrize(
    "bad",
    ["", "geen adres", "a@b", "a b@c.example", "a@b.example\r\nBcc: c@d.example",
     "a@b.example,c@d.e", "é@school.example", "x" * 250 + "@a.example", "<a@b.example>",
     "=?utf-8?q?a=40b.example=2Cc?=@d.example", "a\x00b@c.example"],
)  # fmt: skip
def test_what_cannot_be_an_address_is_refused(story: Story, bad: str) -> None:
    with pytest.raises(InvalidInputError):
        switch_on(story, bad)


def test_a_new_address_takes_the_place_of_the_old_one(story: Story, box: Box) -> None:
    switch_on(story, "oud@post.example")
    switch_on(story)
    write(story)
    work(story.world, box, SOON)
    assert "oud@post.example" not in box.receivers
    assert to_reporter(box) == [ADDRESS]
