"""The chain of alarms: who is warned, when the next one is, and what it never says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import AcuteAlarm, AcuteCall, Case, CaseReader, StaffMember
from portal.services import (
    acute,
    cases,
    duty,
    reporter,
    sessions,
    transaction,
    withdrawal,
    worker,
)
from portal.services.alarm_sending import ALARM
from portal.services.custody import Actor
from portal.services.errors import NotFoundError
from tests.services import world as told
from tests.services.test_mail import Box, box, parts
from tests.services.world import NOW, World

__all__ = ["box"]

ADMIN = Actor("staff", "x", "Beheer")
URGENT = "Ik wil niet meer leven."
CALM = "Ze verstoppen elke dag mijn tas."
MINUTES = 10
PAUSE = timedelta(minutes=MINUTES)


def later(minutes: float) -> Any:
    return NOW + timedelta(minutes=minutes)


@dataclass
class Service:
    """A school's own alarm service: what it was sent, and how it answers."""

    address: str = ""
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture
def service() -> Iterator[Service]:
    """Run one on a free port of this machine."""
    made = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.taken.append((dict(self.headers.items()), body))
            self.wfile.write(made.answer)

        def do_GET(self) -> None:
            made.taken.append(({}, b"GET"))

        def log_message(self, *_arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.address = f"http://127.0.0.1:{server.server_port}/alarm"
    yield made
    server.shutdown()
    server.server_close()


def add(world: World, session: Session, name: str, address: str, *, staff: str = "") -> None:
    duty.add_contact(
        session,
        actor=ADMIN,
        school_id=world.school.id,
        name=name,
        kind=duty.MAIL if "@" in address else duty.WEBHOOK,
        address=address,
        staff_id=staff,
        now=NOW,
    )
    session.flush()


def switch_on(world: World, session: Session, hours: str = "") -> None:
    duty.set_chain(
        session,
        actor=ADMIN,
        school_id=world.school.id,
        on=True,
        minutes=MINUTES,
        hours=hours,
        now=NOW,
    )
    transaction.commit(session)


def chain(world: World, session: Session, *names: str) -> None:
    for name in names:
        add(world, session, name, f"{name}@sms.example")
    switch_on(world, session)


def work(world: World, mail: Box, moment: Any = NOW, holder: str = "w", **settings: str) -> bool:
    made = parts(world, mail.port)
    made = replace(made, settings=replace(made.settings, **settings))
    return worker.run_once(made, holder=holder, now=moment)


def alarms(mail: Box) -> list[str]:
    """Addresses that were warned, in order; other notices left out."""
    mails = zip(mail.messages, mail.taken, strict=True)
    return [to[0] for message, (_, to, _) in mails if message["Subject"] == "Portaal"]


def urgent(world: World, session: Session, **more: Any) -> Case:
    told.report(world, session, told.answers(world, story=URGENT, safety={"suicide": True}, **more))
    return session.scalars(select(Case)).one()


def stranger_to(world: World, session: Session, case: Case) -> str:
    query = select(CaseReader.staff_id).where(CaseReader.case_id == case.id)
    readers = set(session.scalars(query))
    return next(code for code, staff_id in world.ids.items() if staff_id not in readers)


def test_the_next_is_warned_only_when_the_one_before_did_not_look(
    world: World, session: Session, box: Box
) -> None:
    chain(world, session, "een", "twee", "drie")
    urgent(world, session)
    assert box.taken == []  # nothing is sent in the request
    for minute in (0, 1, 9.9):
        work(world, box, later(minute))
        assert alarms(box) == ["een@sms.example"]
    work(world, box, later(10))
    assert alarms(box) == ["een@sms.example", "twee@sms.example"]
    work(world, box, later(20))
    work(world, box, later(30))
    work(world, box, later(300))
    assert alarms(box) == ["een@sms.example", "twee@sms.example", "drie@sms.example"]


@pytest.mark.parametrize("how", ["opens", "notices"])
def test_who_may_read_it_stops_the_chain(
    world: World, session: Session, box: Box, how: str
) -> None:
    chain(world, session, "een", "twee")
    case = urgent(world, session)
    work(world, box)
    reader = world.actor(session, world.mentor_of("1A"))
    assert [one.warned for one in acute.waiting(session, actor=reader)] == [1]
    stranger = world.actor(session, stranger_to(world, session, case))
    assert acute.waiting(session, actor=stranger) == []
    with pytest.raises(NotFoundError):
        acute.acknowledge(session, actor=stranger, case_id=case.id, now=later(1))
    transaction.rollback(session)
    work(world, box, later(5))
    if how == "opens":
        cases.note_reading(session, actor=reader, case_id=case.id, now=later(6))
    assert acute.acknowledge(session, actor=reader, case_id=case.id, now=later(6))
    assert not acute.acknowledge(session, actor=reader, case_id=case.id, now=later(6))
    transaction.commit(session)
    work(world, box, later(60))
    assert alarms(box) == ["een@sms.example"]
    kinds = told.events(session, world.school.id)
    assert [kind for kind in kinds if kind.startswith("alarm:")] == [
        "alarm:raised",
        "alarm:passed_on",
        "alarm:acknowledged",
    ]


def test_a_warning_says_nothing(world: World, session: Session, box: Box, service: Service) -> None:
    add(world, session, "een", "een@sms.example")
    add(world, session, "twee", service.address)
    switch_on(world, session)
    case = urgent(world, session)
    work(world, box)
    work(world, box, later(10))
    (message,) = [one for one in box.messages if one["Subject"] == "Portaal"]
    headers, body = service.taken[0]
    sent = "\n".join(
        [str(message), *(f"{key}: {value}" for key, value in headers.items()), body.decode()]
    )
    assert message.get_content().strip() == ALARM
    assert body.decode() == '{"text": "' + ALARM + '"}'
    ids = {case.id, case.label, case.school_id, *world.ids.values()}
    ids |= set(session.scalars(select(AcuteAlarm.id)))
    names = {word for one in session.scalars(select(StaffMember)) for word in (one.name, one.login)}
    names |= {world.school.name, world.school.slug, URGENT}
    assert [word for word in ids | names if word.casefold() in sent.casefold()] == []


def test_a_telephone_of_somebody_shut_out_is_passed_over(
    world: World, session: Session, box: Box
) -> None:
    accused = world.mentor_of("1A")
    add(world, session, "mentor", "mentor@sms.example", staff=world.ids[accused])
    reader = next(iter(set(world.with_role("schoolleiding")) - {accused}))
    add(world, session, "leiding", "leiding@sms.example", staff=world.ids[reader])
    add(world, session, "achter", "achter@sms.example")
    switch_on(world, session)
    case = urgent(world, session, readers={"exclude": [world.ids[accused]]})
    held = {one.id: acute._may_be_warned(session, one, case.id)
            for one in duty.contacts_of(session, world.school.id)}  # fmt: skip
    transaction.rollback(session)
    for minute in range(0, 60, 5):
        work(world, box, later(minute))
    assert "mentor@sms.example" not in alarms(box)
    assert alarms(box)[-1] == "achter@sms.example"
    assert len(alarms(box)) == sum(held.values())


def test_a_calm_report_warns_nobody_and_a_later_message_does(
    world: World, session: Session, box: Box
) -> None:
    chain(world, session, "een")
    receipt = told.report(world, session, told.answers(world, story=CALM))
    work(world, box)
    assert alarms(box) == []
    report_id, kept = reporter.enter(
        session, school=world.school, code=receipt.code, instance=world.keys
    )
    live = sessions.begin(
        session,
        kind="reporter",
        school_id=world.school.id,
        data=kept,
        now=NOW,
        report_id=report_id,
    )
    for _ in range(2):
        reporter.send_message(session, live=live, text=URGENT, now=NOW, dangers={"suicide"})
        transaction.commit(session)
    work(world, box)
    work(world, box, later(60))
    assert alarms(box) == ["een@sms.example"]
    session.expire_all()
    assert session.scalars(select(Case.urgent)).all() == [True]


def test_without_a_chain_nothing_is_warned(world: World, session: Session, box: Box) -> None:
    add(world, session, "een", "een@sms.example")
    transaction.commit(session)
    urgent(world, session)
    work(world, box, later(5))
    assert alarms(box) == []
    assert session.scalars(select(AcuteAlarm)).all() == []


def test_who_cannot_be_reached_costs_no_time_and_is_tried_again(
    world: World, session: Session, box: Box
) -> None:
    chain(world, session, "een", "twee", "drie")
    urgent(world, session)
    box.refuse = {"een@sms.example"}
    work(world, box)
    assert alarms(box) == ["twee@sms.example"]
    box.refuse = set()
    work(world, box, later(1))
    work(world, box, later(2))
    assert alarms(box) == ["twee@sms.example", "een@sms.example"]
    work(world, box, later(10))
    assert alarms(box)[-1] == "drie@sms.example"
    work(world, box, later(500))
    assert len(alarms(box)) == 3


def test_who_never_can_be_reached_is_given_up(world: World, session: Session, box: Box) -> None:
    chain(world, session, "een")
    urgent(world, session)
    box.refuse = {"een@sms.example"}
    for minute in range(10):
        work(world, box, later(minute))
    session.expire_all()
    (call,) = session.scalars(select(AcuteCall)).all()
    assert (call.attempts, call.sent_at, call.next_try_at) == (acute.MOST_TRIES, None, None)


def test_two_workers_and_a_restart_send_once(world: World, session: Session, box: Box) -> None:
    chain(world, session, "een", "twee")
    urgent(world, session)
    made = parts(world, box.port)
    with world.factory() as one, world.factory() as other:
        # Both decide on the same alarm, as when one has lost its lease without knowing.
        acute.advance(one, now=NOW)
        acute.advance(other, now=NOW)
        acute.work(one, settings=made.settings, now=NOW)
        acute.work(other, settings=made.settings, now=NOW)
    assert work(world, box, later(1), holder="a")
    assert not work(world, box, later(2), holder="b")
    assert alarms(box) == ["een@sms.example"]
    assert len(session.scalars(select(AcuteCall)).all()) == 1


def test_a_warning_that_may_have_gone_is_sent_again_under_the_same_key(
    world: World, session: Session, box: Box
) -> None:
    """The worker dies after sending and before writing that down: better twice than never."""
    chain(world, session, "een")
    urgent(world, session)

    class Dies:
        def send(self, *_contact: Any, **_more: Any) -> bool:
            raise KeyboardInterrupt

    with world.factory() as own:
        acute.advance(own, now=NOW)
        with pytest.raises(KeyboardInterrupt):
            acute.deliver(own, sender=Dies(), pause=PAUSE, now=NOW)  # type: ignore[arg-type]  # stands in for it
    work(world, box, later(0.5))
    assert alarms(box) == []
    work(world, box, later(1))
    work(world, box, later(2))
    assert alarms(box) == ["een@sms.example"]
    (call,) = session.scalars(select(AcuteCall)).all()
    (message,) = [one for one in box.messages if one["Subject"] == "Portaal"]
    assert message["Message-ID"] == f"<{call.id}@school.example>"


def test_a_webhook_gets_the_secret_from_a_file_and_follows_nobody(
    world: World, session: Session, box: Box, service: Service, tmp_path: Path
) -> None:
    (tmp_path / world.school.slug).write_text("geheim\n")
    (tmp_path / "andere-school").write_text("van een ander\n")
    add(world, session, "dienst", service.address)
    add(world, session, "twee", "twee@sms.example")
    switch_on(world, session)
    urgent(world, session)
    service.answer = b"HTTP/1.1 302 Found\r\nLocation: /elders\r\n\r\n"
    work(world, box, duty_secrets_dir=str(tmp_path))
    (sent,) = service.taken
    assert sent[0]["Authorization"] == "Bearer geheim"
    assert alarms(box) == ["twee@sms.example"]  # a redirect is no success
    service.answer = b"HTTP/1.1 200 OK\r\n\r\n"
    work(world, box, later(1), duty_secrets_dir=str(tmp_path))
    keys = {headers["Idempotency-Key"] for headers, _ in service.taken}
    assert len(service.taken) == 2
    assert len(keys) == 1
    work(world, box, later(5), duty_secrets_dir=str(tmp_path))
    assert len(service.taken) == 2


def test_a_service_that_answers_in_drops_does_not_hold_the_worker(
    world: World, session: Session, box: Box, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.services.alarm_sending.ANSWER_SECONDS", 0.2)
    add(world, session, "dienst", service.address)
    add(world, session, "twee", "twee@sms.example")
    switch_on(world, session)
    urgent(world, session)
    service.answer = b"HTTP/1.1"
    monkeypatch.setattr(BaseHTTPRequestHandler, "finish", lambda _self: threading.Event().wait(2))
    work(world, box)
    assert alarms(box) == ["twee@sms.example"]


def test_a_report_that_is_taken_back_unopened_takes_its_alarm_along(
    world: World, session: Session, box: Box
) -> None:
    chain(world, session, "een", "twee")
    receipt = told.report(world, session, told.answers(world, safety={"suicide": True}))
    work(world, box)
    report_id, kept = reporter.enter(
        session, school=world.school, code=receipt.code, instance=world.keys
    )
    live = sessions.begin(
        session,
        kind="reporter",
        school_id=world.school.id,
        data=kept,
        now=NOW,
        report_id=report_id,
    )
    withdrawal.withdraw(
        session, live=live, seen=withdrawal.UNOPENED, store=world.store, days=28, now=later(1)
    )
    transaction.commit(session)
    work(world, box, later(30))
    assert alarms(box) == ["een@sms.example"]
    assert session.scalars(select(AcuteAlarm)).all() == []
