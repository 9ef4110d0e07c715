"""Sending a report: once, whole, and to those who may read it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.demo import samples
from portal.models import (
    Case,
    CaseReader,
    Compartment,
    CustodyEvent,
    OutboxMail,
    Record,
    Report,
    ReporterCode,
    School,
    StaffMember,
)
from portal.services import (
    cases,
    drafts,
    evidence,
    reporter,
    reports,
    schools,
    transaction,
    uploads,
)
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.reports import Receipt
from tests.services import world as told
from tests.services.world import NOW, World

FILES = (
    ("Schermafbeelding 1.png", samples.png()),
    ("WhatsApp-chat met 3A.zip", samples.whatsapp_zip()),
    ("WhatsApp-chat.txt", samples.whatsapp_text()),
)


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def at_once(number: int, job: Callable[[int], object]) -> list[object]:
    """Run a job in threads that all begin at the same moment; gives results or exceptions."""
    start = threading.Barrier(number)

    def run(place: int) -> object:
        start.wait()
        try:
            return job(place)
        except Exception as error:  # noqa: BLE001 - what a thread met is what is asked for
            return error

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_a_report_with_files_goes_from_the_first_answer_to_the_desk(
    world: World, session: Session
) -> None:
    live = told.begin(world, session, told.answers(world, online={"happened": "yes"}))
    listed = told.upload(world, session, live, *FILES)
    receipt = told.send(world, session, live)

    assert [item.name for item in receipt.files] == sorted(name for name, _ in FILES)
    assert {item.id for item in receipt.files} == {item.id for item in listed}
    assert len({reader.staff_id for reader in receipt.readers}) >= 2
    assert receipt.answer_by > NOW.date()
    assert [len(group) for group in receipt.code_groups] == [4, 4, 4, 4]

    mentor = world.actor(session, world.mentor_of("1A"))
    row = cases.all_rows(session, actor=mentor)[0]
    view = cases.show(session, actor=mentor, case_id=row.id, now=NOW)
    assert view.row.label == receipt.label
    assert view.reports[0].answers["story"]["value"] == told.STORY
    assert view.reports[0].answers["story"]["question"] == told.ASKED["story"]
    for name, data in FILES:
        shown = next(item for item in view.evidence if item.name == name)
        assert (shown.size, shown.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        item = evidence.find(session, actor=mentor, case_id=row.id, evidence_id=shown.id)
        assert b"".join(evidence.stream(world.store, item)) == data
        listing = next(one for one in receipt.files if one.name == name)
        assert listing.fingerprint.replace(" ", "").lower() == shown.sha256[:8]
    types = {item.name: (item.media_type, item.preview) for item in view.evidence}
    assert types[FILES[0][0]] == ("image/png", "image")
    assert types[FILES[1][0]][0] == "application/zip"


def test_sending_twice_in_a_session_gives_the_same_receipt(world: World, session: Session) -> None:
    live = told.begin(world, session, told.answers(world))
    receipt = told.send(world, session, live)
    again = told.resume(world, session, live)
    assert told.submit(world, session, again) == receipt
    assert told.submit(world, session, again, token="anything") == receipt
    assert reports.receipt(again) == receipt
    assert count(session, Case) == 1


def test_two_taps_at_once_make_one_report_and_one_receipt(world: World, session: Session) -> None:
    live = told.begin(world, session, told.answers(world))

    def tap(_place: int) -> Receipt:
        with world.factory() as own:
            mine = told.resume(world, own, live)
            try:
                receipt = told.submit(world, own, mine)
                transaction.commit(own)
            except ConflictError:
                transaction.rollback(own)
                return told.submit(world, own, told.resume(world, own, live))
            return receipt

    for results in [at_once(8, tap)]:
        assert all(isinstance(result, Receipt) for result in results), results
        assert len({result.code for result in results}) == 1
        assert len({result.label for result in results}) == 1
    counts = [count(session, table) for table in (Report, Case, ReporterCode)]
    assert counts == [1, 1, 1]
    assert told.events(session, world.school.id).count("report:received") == 1
    mails = list(session.scalars(select(OutboxMail.staff_id)))
    assert len(mails) == len(set(mails))


def test_thirty_reports_at_the_same_instant_are_all_accepted(
    world: World, session: Session
) -> None:
    lives = [told.begin(world, session, told.answers(world)) for _ in range(30)]

    def tap(place: int) -> Receipt:
        with world.factory() as own:
            return told.send(world, own, told.resume(world, own, lives[place]))

    results = at_once(30, tap)
    assert [result for result in results if not isinstance(result, Receipt)] == []
    assert len({result.code for result in results}) == 30
    assert [count(session, table) for table in (Report, Case)] == [30, 30]
    assert told.events(session, world.school.id).count("report:received") == 30


def test_a_story_of_200000_emoji_arrives_whole(world: World, session: Session) -> None:
    story = "😶‍🌫️🧕🏽"[:2] * 100_000
    assert len(story) == 200_000
    receipt = told.report(world, session, told.answers(world, story=story))
    report_id, data = reporter.enter(
        session, school=world.school, code=receipt.code, instance=world.keys
    )
    assert report_id
    live = told.sessions.begin(
        session, kind="reporter", school_id=world.school.id, data=data, now=NOW
    )
    assert reporter.view(session, live=live).answers["story"]["value"] == story


@pytest.mark.parametrize("story", ["", "   \n", None, {"unknown": True}, 7])
def test_without_a_story_nothing_is_sent(world: World, session: Session, story: object) -> None:
    live = told.begin(world, session, told.answers(world, story=story))
    refused(world, session, live, "story", "empty")


def test_the_token_of_another_draft_sends_nothing(world: World, session: Session) -> None:
    live = told.begin(world, session, told.answers(world))
    other = told.begin(world, session, told.answers(world))
    for token in (other.data["token"], "", "\u00e9"):
        refused(world, session, live, "token", "other", token=token)


def test_a_closed_school_takes_no_report_and_keeps_the_draft(
    world: World, session: Session
) -> None:
    live = told.begin(world, session, told.answers(world))
    session.execute(update(School).values(opened_at=None))
    session.commit()
    closed = schools.find(session, slug=world.school.slug)
    refused(world, session, live, "school", "closed", school=closed)


def test_too_few_readers_send_nothing_and_keep_the_draft(world: World, session: Session) -> None:
    everybody = list(world.ids.values())
    live = told.begin(world, session, told.answers(world, readers={"exclude": everybody[1:]}))
    refused(world, session, live, "readers", "too_few")


def test_readers_who_are_not_confirmed_do_not_count(world: World, session: Session) -> None:
    live = told.begin(world, session, told.answers(world))
    session.execute(update(StaffMember).values(confirmed_at=None))
    session.commit()
    refused(world, session, live, "readers", "too_few")


def refused(
    world: World, session: Session, live: object, field: str, problem: str, **other: object
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        told.submit(world, session, live, **other)
    assert (caught.value.field, caught.value.problem) == (field, problem)
    transaction.rollback(session)
    assert [count(session, table) for table in (Case, CaseReader, ReporterCode, OutboxMail)] == [
        0
    ] * 4
    assert "classes" in drafts.load(session, live=told.resume(world, session, live)).answers


def test_what_fails_at_sending_leaves_nothing_behind(
    world: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = told.begin(world, session, told.answers(world))
    size = count(session, CustodyEvent)
    told.submit(world, session, live)
    transaction.rollback(session)
    assert [count(session, table) for table in (Case, CaseReader, ReporterCode, OutboxMail)] == [
        0
    ] * 4
    assert count(session, CustodyEvent) == size
    session.expire_all()
    fresh = told.resume(world, session, live)
    assert reports.receipt(fresh) is None
    assert told.send(world, session, fresh).code


def test_an_answer_saved_while_sending_is_not_lost(world: World, session: Session) -> None:
    """Somebody shuts a teacher out in one window while another window is sending."""
    live = told.begin(world, session, told.answers(world))
    told.submit(world, session, live)  # not committed, not even flushed on purpose
    transaction.rollback(session)
    with world.factory() as slow, world.factory() as quick:
        sending = told.resume(world, slow, live)
        shut_out = world.ids[world.mentor_of("1A")]
        original = drafts.load(slow, live=sending)
        assert "readers" not in original.answers
        seen = told.seen_by(world, slow, sending)
        late = _load_then(
            lambda: told.answer(
                quick, told.resume(world, quick, live), "readers", {"exclude": [shut_out]}
            )
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drafts, "load", late)
            with pytest.raises(ConflictError):
                told.send(world, slow, sending, seen=seen)
        transaction.rollback(slow)
        receipt = told.send(world, slow, told.resume(world, slow, live))
    assert shut_out not in {reader.staff_id for reader in receipt.readers}


def test_a_file_taken_out_while_sending_does_not_stand_on_the_receipt(
    world: World, session: Session, plain_inspection: None
) -> None:
    live = told.begin(world, session, told.answers(world))
    (file,) = told.upload(world, session, live, ("een.txt", b"een"))
    with world.factory() as slow, world.factory() as quick:
        sending = told.resume(world, slow, live)
        seen = told.seen_by(world, slow, sending)

        def take_out() -> None:
            mine = told.resume(world, quick, live)
            uploads.remove(quick, live=mine, store=world.store, file_id=file.id)
            transaction.commit(quick)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drafts, "load", _load_then(take_out))
            with pytest.raises(ConflictError):
                told.send(world, slow, sending, seen=seen)
        transaction.rollback(slow)
        receipt = told.send(world, slow, told.resume(world, slow, live))
    assert receipt.files == []


def _load_then(meanwhile: Callable[[], None]) -> Callable[..., drafts.Draft]:
    """Load a draft, and let something else happen before it is used."""
    real = drafts.load

    def load(session: Session, **more: object) -> drafts.Draft:
        found = real(session, **more)
        meanwhile()
        return found

    return load


def test_a_draft_wiped_in_another_window_cannot_be_sent(world: World, session: Session) -> None:
    live = told.begin(world, session, told.answers(world))
    drafts.discard(session, live=told.resume(world, session, live), store=world.store)
    transaction.commit(session)
    with pytest.raises(NotFoundError):
        told.submit(world, session, told.resume(world, session, live))


def test_wiping_after_sending_touches_nothing(world: World, session: Session) -> None:
    live = told.begin(world, session, told.answers(world))
    receipt = told.send(world, session, live)
    drafts.discard(session, live=told.resume(world, session, live), store=world.store)
    transaction.commit(session)
    assert reporter.enter(session, school=world.school, code=receipt.code, instance=world.keys)


def test_wiping_and_sending_at_once_leave_all_or_nothing(world: World, session: Session) -> None:
    live = told.begin(world, session, told.answers(world))

    def act(place: int) -> object:
        with world.factory() as own:
            mine = told.resume(world, own, live)
            if place:
                drafts.discard(own, live=mine, store=world.store)
                transaction.commit(own)
                return None
            return told.send(world, own, mine)

    sent, wiped = at_once(2, act)
    assert wiped is None
    if isinstance(sent, Receipt):
        assert reporter.enter(session, school=world.school, code=sent.code, instance=world.keys)
    else:
        assert isinstance(sent, (ConflictError, NotFoundError)), repr(sent)
        assert [count(session, table) for table in (Case, Report, Compartment, Record)] == [0] * 4


def test_the_receipt_survives_an_upload_that_ends_later(
    world: World, session: Session, plain_inspection: None
) -> None:
    """A slow upload began before the report was sent and notes something in the same session."""
    live = told.begin(world, session, told.answers(world))
    with world.factory() as slow:
        uploading = told.resume(world, slow, live)
        receipt = told.send(world, session, told.resume(world, session, live))
        listed = told.upload(world, slow, uploading, ("laat.txt", b"laat"))
        uploading.data["notes"] = [{"name": "groot.mov", "problem": "too_large"}]
        told.sessions.save(uploading)
        transaction.commit(slow)
    session.expire_all()
    fresh = told.resume(world, session, live)
    assert reports.receipt(fresh) == receipt
    assert fresh.data["keys"] == {}
    assert fresh.data["notes"]
    mentor = world.actor(session, world.mentor_of("1A"))
    view = cases.show(
        session, actor=mentor, case_id=cases.all_rows(session, actor=mentor)[0].id, now=NOW
    )
    assert [item.id for item in view.evidence] == [item.id for item in listed]
