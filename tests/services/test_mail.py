"""Notices: at most one for each reason, to a real mail server, and without a word of content."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.models import Case, OutboxMail, Report, School, StaffMember
from portal.services import (
    accounts,
    handing,
    notify,
    reins,
    reporter,
    sessions,
    transaction,
    worker,
)
from portal.services.custody import SYSTEM
from portal.services.runtime import Portal
from tests.services import world as told
from tests.services.world import KEYS, NOW, World

FORBIDDEN = re.compile(
    r"pest|melding|melder|zaak|verhaal|leerling|mentor|urgent|klas", re.IGNORECASE
)
LATER = NOW + timedelta(days=2)


@dataclass
class Box:
    """What a mail server took in, and to whom; it refuses whom it is told to refuse."""

    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd calls it so
        if address in self.refuse:
            return "550 no such box"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd calls it so
        self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(data, policy=policy.default) for _, _, data in self.taken]

    @property
    def receivers(self) -> list[str]:
        return sorted(address for _, to, _ in self.taken for address in to)


@pytest.fixture
def box() -> Iterator[Box]:
    """Run a mail server on a free port of this machine."""
    handler = Box()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def settings(world: World, port: int) -> Settings:
    return replace(
        world.settings, smtp_host="127.0.0.1", smtp_port=port, mail_from="portaal@school.example"
    )


def parts(world: World, port: int) -> Portal:
    return Portal(settings(world, port), world.factory, world.store, KEYS, lambda: NOW)


def work(world: World, box: Box, moment=NOW) -> None:
    assert worker.run_once(parts(world, box.port), holder="w", now=moment)


def queue(world: World, session: Session, key: str, code: str | None = None) -> None:
    notify.queue(
        session,
        school_id=world.school.id,
        staff_id=world.ids[code or world.mentor_of("1A")],
        template="new",
        dedupe_key=key,
        now=NOW,
    )


def address(world: World, code: str) -> str:
    return f"{code}@school.example"


def test_one_reason_gives_one_notice(world: World, session: Session, box: Box) -> None:
    for _ in range(2):
        queue(world, session, "new:1")
        queue(world, session, "new:1")
        transaction.commit(session)
    queue(world, session, "new:2")
    transaction.commit(session)
    for _ in range(3):
        work(world, box)
    assert box.receivers == [address(world, world.mentor_of("1A"))] * 2
    queue(world, session, "new:1")
    transaction.commit(session)
    work(world, box, LATER)
    assert len(box.taken) == 2


def test_an_unknown_template_is_a_mistake(world: World, session: Session) -> None:
    with pytest.raises(ValueError, match="pesten"):
        notify.queue(
            session,
            school_id=world.school.id,
            staff_id=world.ids[world.mentor_of("1A")],
            template="pesten",
            dedupe_key="x",
            now=NOW,
        )


def whole_story(world: World, session: Session) -> tuple[str, set[str]]:
    """Cause every kind of notice; gives the label of the case and who must get one."""
    receipt = told.report(world, session, told.answers(world, story="Kevin zit aan mijn tas"))
    case = session.scalars(select(Case)).one()
    report_id, data = reporter.enter(
        session, school=world.school, code=receipt.code, instance=world.keys
    )
    live = sessions.begin(session, kind="reporter", school_id=world.school.id, data=data, now=NOW)
    reporter.send_message(session, live=live, text="hallo", now=NOW)
    reins.stop(session, live=live, text="wacht even met Kevin", now=NOW)
    transaction.commit(session)
    overseer = next(one.staff_id for one in receipt.readers if one.part == "overseer")
    handing.hand_over(
        session,
        actor=world.actor(session, world.mentor_of("1A")),
        case_id=case.id,
        to_staff_id=overseer,
        role_key=told.role_of(session, overseer),
        reason="andere rol",
        now=NOW,
    )
    for template in ("due", "standing_in", "unread"):
        queue(world, session, template)
        session.flush()
        queued = update(OutboxMail).where(OutboxMail.dedupe_key == template)
        session.execute(queued.values(template=template))
    transaction.commit(session)
    assert report_id == session.scalars(select(Report.id)).one()
    return receipt.label, {one.staff_id for one in receipt.readers}


def test_a_notice_tells_nothing(world: World, session: Session, box: Box) -> None:
    label, readers = whole_story(world, session)
    rows = session.scalars(select(OutboxMail)).all()
    assert {row.template for row in rows} == set(notify.TEMPLATES)
    work(world, box)
    assert set(box.receivers) == {address(world, world.code_of(item)) for item in readers}
    names = set(session.scalars(select(StaffMember.name)))
    secret = {
        label,
        label.replace("-", ""),
        "Kevin",
        *(word for name in names for word in name.split()),
    }
    secret |= (
        {row.id for row in rows} | set(session.scalars(select(Case.id))) | set(world.ids.values())
    )
    for message in box.messages:
        body = message.get_body(("plain",))
        assert body is not None
        assert message["Subject"] == f"Bericht van {world.school.name}"
        shown = "\n".join([message["Subject"], body.get_content()])
        headers = "\n".join(f"{key}: {value}" for key, value in message.items() if key != "To")
        assert not FORBIDDEN.search(shown), shown
        for word in secret - {"de", "van", "den", "der", *world.school.name.split()}:
            assert word not in body.get_content()
            assert word not in headers
        assert "http" not in body.get_content()
        assert sorted(message.keys()) == sorted(
            ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
             "Content-Transfer-Encoding"]
        )  # fmt: skip


@pytest.mark.parametrize("given", ["https://meld.school.example", "https://meld.school.example/"])
def test_a_notice_gives_the_address_of_the_desk_and_nothing_behind_it(
    world: World, session: Session, box: Box, given: str
) -> None:
    label, _ = whole_story(world, session)
    own = replace(parts(world, box.port), settings=replace(
        settings(world, box.port), public_url=given
    ))  # fmt: skip
    assert worker.run_once(own, holder="w", now=NOW)
    known = {label, *world.ids.values(), *session.scalars(select(Case.id))}
    known |= {*session.scalars(select(Report.id)), *session.scalars(select(OutboxMail.id))}
    assert box.messages
    for message in box.messages:
        body = message.get_body(("plain",)).get_content()
        address = f"https://meld.school.example/{world.school.slug}/bureau/"
        assert re.findall(r"https?\S*", body) == [address]
        assert not FORBIDDEN.search(body.replace(address, ""))
        assert [item for item in known if item in body] == []


NASTY = (
    "School\r\nBcc: iedereen@school.example",
    "School\nX-Evil: 1\n\nBody",
    "S\u2028Bcc: x@y.example",
    "École \U0001f3eb = =?utf-8?q?x?=",
    "School\x0bBcc: x@y.example",
    "School\x00\x07",
    "a" * 255,
)


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
def test_a_school_cannot_write_headers_with_its_name(
    world: World, session: Session, box: Box, name: str, request: pytest.FixtureRequest
) -> None:
    if "\x00" in name and session.get_bind().dialect.name == "postgresql":
        name = name.replace("\x00", "")  # PostgreSQL keeps no NUL
    session.execute(update(School).values(name=name))
    queue(world, session, "new:1")
    transaction.commit(session)
    work(world, box)
    (message,) = box.messages
    assert box.receivers == [address(world, world.mentor_of("1A"))]
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    }  # fmt: skip
    assert "Log in op je bureau" in message.get_content()


@pytest.mark.parametrize(
    "bad", ["a@school.example\r\nBcc: b@school.example", "geen adres", "é@school.example", ""]
)
def test_an_address_that_cannot_be_does_not_hold_up_the_others(
    world: World, session: Session, box: Box, bad: str
) -> None:
    codes = [world.mentor_of("1A"), world.mentor_of("1B")]
    session.execute(
        update(StaffMember).where(StaffMember.id == world.ids[codes[0]]).values(email=bad)
    )
    for code in codes:
        queue(world, session, f"new:{code}", code)
    transaction.commit(session)
    work(world, box)
    assert address(world, codes[1]) in box.receivers
    assert "b@school.example" not in box.receivers


def test_a_refused_notice_is_tried_again_and_goes_once(
    world: World, session: Session, box: Box
) -> None:
    codes = [world.mentor_of("1A"), world.mentor_of("1B")]
    for code in codes:
        queue(world, session, f"new:{code}", code)
    transaction.commit(session)
    box.refuse = {address(world, codes[0])}
    work(world, box)
    assert box.receivers == [address(world, codes[1])]
    box.refuse = set()
    work(world, box, NOW + timedelta(seconds=30))
    assert len(box.taken) == 1
    work(world, box, NOW + timedelta(minutes=2))
    work(world, box, LATER)
    assert box.receivers == sorted(address(world, code) for code in codes)


def test_pauses_between_attempts_grow(world: World, session: Session, box: Box) -> None:
    code = world.mentor_of("1A")
    queue(world, session, "new:1")
    transaction.commit(session)
    box.refuse = {address(world, code)}
    moment, pauses = NOW, []
    for _ in range(6):
        work(world, box, moment)
        session.expire_all()
        mail = session.scalars(select(OutboxMail)).one()
        assert mail.sent_at is None
        pauses.append(mail.next_try_at - moment)
        moment = mail.next_try_at
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(minutes=1)
    assert pauses[-1] <= timedelta(hours=6)


def test_without_a_mail_server_everything_waits(world: World, session: Session, box: Box) -> None:
    queue(world, session, "new:1")
    transaction.commit(session)
    assert worker.run_once(parts(world, free_port()), holder="w", now=NOW)
    work(world, box, NOW + timedelta(minutes=1))
    assert len(box.taken) == 1


def test_who_left_gets_no_mail(world: World, session: Session, box: Box) -> None:
    receipt = told.report(world, session, told.answers(world))
    gone = receipt.readers[0].staff_id
    accounts.disable(session, actor=SYSTEM, school_id=world.school.id, staff_id=gone, now=NOW)
    transaction.commit(session)
    work(world, box)
    work(world, box, LATER)
    left = {one.staff_id for one in receipt.readers} - {gone}
    # The second time they hear that it is still unread.
    assert set(box.receivers) == {address(world, world.code_of(item)) for item in left}


def test_a_reply_reaches_somebody_when_the_handler_left(
    world: World, session: Session, box: Box
) -> None:
    receipt = told.report(world, session, told.answers(world))
    handler = session.scalars(select(Case.handler_id)).one()
    work(world, box)
    box.taken.clear()
    accounts.disable(session, actor=SYSTEM, school_id=world.school.id, staff_id=handler, now=NOW)
    transaction.commit(session)
    report_id, data = reporter.enter(
        session, school=world.school, code=receipt.code, instance=world.keys
    )
    live = sessions.begin(
        session, kind="reporter", school_id=world.school.id, data=data, now=NOW, report_id=report_id
    )
    reporter.send_message(session, live=live, text="is daar iemand", now=NOW)
    transaction.commit(session)
    work(world, box)
    session.expire_all()
    now_handles = session.scalars(select(Case.handler_id)).one()
    assert now_handles != handler
    assert box.receivers == [address(world, world.code_of(now_handles))]


def test_two_workers_send_once(world: World, session: Session, box: Box) -> None:
    queue(world, session, "new:1")
    transaction.commit(session)
    assert worker.run_once(parts(world, box.port), holder="a", now=NOW)
    assert not worker.run_once(parts(world, box.port), holder="b", now=NOW)
    assert worker.run_once(parts(world, box.port), holder="b", now=NOW + timedelta(minutes=3))
    assert len(box.taken) == 1


def test_a_letter_that_went_is_not_sent_again_when_the_next_one_fails(
    world: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies between two letters; the first is not sent a second time."""
    for number in range(3):
        queue(world, session, f"new:{number}")
    transaction.commit(session)
    sent: list[EmailMessage] = []

    class Mailer:
        def send_message(self, message: EmailMessage) -> None:
            if len(sent) == 2:
                raise KeyboardInterrupt
            sent.append(message)

    with world.factory() as own, pytest.raises(KeyboardInterrupt):
        notify.deliver(own, settings=settings(world, 1), mailer=Mailer(), now=NOW)
    session.expire_all()
    left = [row for row in session.scalars(select(OutboxMail)) if row.sent_at is None]
    assert len(left) == 1


def test_the_password_of_the_mail_server_comes_from_a_file(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "smtp"
    secret.write_text("geheim\n")
    chosen = replace(settings(world, free_port()), smtp_password_file=str(secret), smtp_user="u")
    with pytest.raises(OSError, match="refused"):
        notify.connect(chosen)
