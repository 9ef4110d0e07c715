"""What a reporter decides after sending: stop, withdraw, a new code, who may know the name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from portal.models import (
    AcuteAlarm,
    Case,
    Compartment,
    EvidenceItem,
    LiveSession,
    OutboxMail,
    Record,
    Report,
    School,
    Wrap,
)
from portal.services import (
    acute,
    audit,
    case_work,
    cases,
    codes,
    keys,
    new_code,
    reins,
    renaming,
    reporter,
    sessions,
    transaction,
    withdrawal,
)
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.renaming import Named
from tests.services import opening
from tests.services import world as told
from tests.services.story import FILE, Story, make_story
from tests.services.world import NOW, World

DAYS = 28
NAME = "Wolkje Zonderling"


@pytest.fixture
def story(world: World, session: Session, plain_inspection: None) -> Story:
    return make_story(world, session)


def shown(story: Story):
    return cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)


def read_it(story: Story) -> None:
    cases.note_reading(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)
    transaction.commit(story.session)


def withdraw(story: Story, seen: str) -> str:
    done = withdrawal.withdraw(
        story.session, live=story.live, seen=seen, store=story.world.store, days=DAYS, now=NOW
    )
    transaction.commit(story.session)
    return done


def findings(story: Story) -> list[str]:
    checked = audit.check_all(story.session, instance=story.world.keys, store=story.world.store)
    return [str(one) for one in checked if not one.code.startswith("recipient")]


def test_stop_stands_with_the_case_until_it_is_lifted(story: Story) -> None:
    reins.stop(story.session, live=story.live, text="Ik wil eerst nadenken.", now=NOW)
    transaction.commit(story.session)
    held = shown(story).reports[0].reins
    assert (held.stopped, held.stop_text) == (True, "Ik wil eerst nadenken.")
    handler = story.case.handler_id
    mails = story.session.scalars(select(OutboxMail).where(OutboxMail.template == "changed")).all()
    assert [mail.staff_id for mail in mails] == [handler]
    assert story.case.waiting_for_staff
    reins.resume(story.session, live=story.live, now=NOW + timedelta(minutes=1))
    transaction.commit(story.session)
    assert not shown(story).reports[0].reins.stopped
    kinds = told.events(story.session, story.world.school.id)
    assert [kind for kind in kinds if kind.startswith("report:s") or kind == "report:resumed"] == [
        "report:stopped",
        "report:resumed",
    ]
    assert findings(story) == []


def test_what_nobody_opened_is_destroyed_with_its_keys_records_and_files(story: Story) -> None:
    assert withdrawal.state(story.session, live=story.live) == withdrawal.UNOPENED
    assert withdraw(story, withdrawal.UNOPENED) == withdrawal.UNOPENED
    session, world = story.session, story.world
    for model in (Record, Compartment, Wrap, EvidenceItem):
        assert session.scalar(select(func.count()).select_from(model)) == 0
    assert not world.store.fsck().objects
    everybody = [*world.identities.values(), *world.recovery]
    left = opening.ciphertexts(session, world.settings.instance_dir / "evidence")
    assert [data for data in left if opening.opens(data, everybody)] == []
    with pytest.raises(NotFoundError):
        reporter.enter(session, school=world.school, code=story.code, instance=world.keys)
    with pytest.raises(NotFoundError):
        shown(story)
    assert story.case.status == "closed"
    assert session.scalar(select(func.count()).select_from(LiveSession)) == 0
    assert told.events(session, world.school.id)[-1] == "report:withdrawn"
    assert findings(story) == []


def test_what_somebody_opened_stays_for_a_while_and_staff_see_why(story: Story) -> None:
    read_it(story)
    assert withdraw(story, withdrawal.OPENED) == withdrawal.OPENED
    report = shown(story).reports[0]
    assert report.reins.withdrawn
    assert report.reins.kept_until == NOW.date() + timedelta(days=DAYS)
    assert report.answers["story"]["value"] == told.STORY
    before = NOW + timedelta(days=DAYS)
    assert withdrawal.sweep(story.session, store=story.world.store, now=before) == 0
    after = before + timedelta(days=1)
    assert withdrawal.sweep(story.session, store=story.world.store, now=after) == 1
    transaction.commit(story.session)
    seen = shown(story)
    assert seen.reports[0].gone
    assert seen.evidence == []
    assert not story.world.store.fsck().objects
    assert findings(story) == []


def test_a_reason_of_safety_or_law_keeps_it_and_stays_in_the_case(story: Story) -> None:
    read_it(story)
    withdraw(story, withdrawal.OPENED)
    given = {"actor": story.mentor, "case_id": story.case_id, "report_id": story.report_id}
    with pytest.raises(InvalidInputError):
        withdrawal.hold(story.session, reason=" ", now=NOW, **given)
    transaction.rollback(story.session)
    withdrawal.hold(story.session, reason="Er is aangifte gedaan.", now=NOW, **given)
    transaction.commit(story.session)
    late = NOW + timedelta(days=400)
    assert withdrawal.sweep(story.session, store=story.world.store, now=late) == 0
    assert any("aangifte" in entry.text for entry in told.entries(shown(story)))
    assert reins.of_session(story.session, live=story.live).kept_until is None


def test_an_opening_after_the_page_was_shown_asks_for_a_fresh_choice(story: Story) -> None:
    seen = withdrawal.state(story.session, live=story.live)
    read_it(story)
    with pytest.raises(InvalidInputError) as refused:
        withdraw(story, seen)
    transaction.rollback(story.session)
    assert refused.value.problem == withdrawal.OPENED
    assert shown(story).reports[0].answers["story"]["value"] == told.STORY
    assert story.session.get_one(Report, story.report_id).status == "sent"


def test_a_reader_who_does_not_handle_it_has_opened_it_too(story: Story) -> None:
    other = story.world.actor(story.session, story.world.code_of(story.of_part("overseer")))
    cases.note_reading(story.session, actor=other, case_id=story.case_id, now=NOW)
    transaction.commit(story.session)
    assert story.case.read_at is None
    assert withdrawal.state(story.session, live=story.live) == withdrawal.OPENED


def test_the_case_of_another_reporter_is_left_alone(story: Story) -> None:
    told.report(story.world, story.session, told.answers(story.world), FILE)
    withdraw(story, withdrawal.UNOPENED)
    other = story.session.scalars(select(Case).where(Case.id != story.case_id)).one()
    seen = cases.show(story.session, actor=story.mentor, case_id=other.id, now=NOW)
    assert seen.reports[0].answers["story"]["value"] == told.STORY
    assert len(seen.evidence) == 1


def new(story: Story) -> str:
    new_code.replace(story.session, live=story.live, instance=story.world.keys, now=NOW)
    transaction.commit(story.session)
    return str(story.live.data[new_code.NEW_CODE])


def enter(story: Story, code: str) -> sessions.SealedSession:
    world, session = story.world, story.session
    report_id, data = reporter.enter(session, school=world.school, code=code, instance=world.keys)
    live = sessions.begin(
        session, kind="reporter", school_id=world.school.id, data=data, now=NOW, report_id=report_id
    )
    transaction.commit(session)
    return live


def test_a_new_code_opens_all_of_it_and_the_old_one_nothing(story: Story) -> None:
    elsewhere = enter(story, story.code)
    code = new(story)
    assert code != story.code
    with pytest.raises(NotFoundError):
        enter(story, story.code)
    found = sessions.resume(
        story.session, cookie=elsewhere.cookie, school_id=story.world.school.id, now=NOW
    )
    assert found is None
    live = enter(story, code)
    seen = reporter.view(story.session, live=live)
    assert seen.answers["story"]["value"] == told.STORY
    reporter.send_message(story.session, live=live, text="Met de nieuwe code.", now=NOW)
    told.upload(story.world, story.session, live, ("later.txt", b"later"))
    view = shown(story)
    assert view.reports[0].messages[-1].text == "Met de nieuwe code."
    assert {item.name for item in view.evidence} == {FILE[0], "later.txt"}
    case_work.reply(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        report_id=story.report_id,
        text="Gelezen.",
        now=NOW + timedelta(minutes=1),
    )
    transaction.commit(story.session)
    assert reporter.view(story.session, live=enter(story, code)).messages[-1].text == "Gelezen."
    assert findings(story) == []


def test_who_enters_with_the_old_code_while_a_new_one_is_made_gets_nothing(
    story: Story, factory: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = codes.find

    def find_and_lose(session: Session, **given: Any) -> Any:
        row = found(session, **given)
        new(story)
        return row

    monkeypatch.setattr(codes, "find", find_and_lose)
    with factory() as other, pytest.raises(NotFoundError):
        reporter.enter(other, school=story.world.school, code=story.code, instance=story.world.keys)


def test_who_copied_the_database_with_the_old_code_reads_nothing_later(story: Story) -> None:
    before = set(story.live.data["keys"].values())
    code = new(story)
    reporter.send_message(story.session, live=enter(story, code), text="Alleen nieuw.", now=NOW)
    transaction.commit(story.session)
    identities = [opening.Identity.parse(secret) for secret in before]
    folder = story.world.settings.instance_dir / "evidence"
    text = b"".join(
        opening.decrypt(data, identities)
        for data in opening.ciphertexts(story.session, folder)
        if opening.opens(data, identities)
    )
    assert told.STORY.encode() in text
    assert b"Alleen nieuw." not in text


def rename(story: Story, **wanted: object) -> list[str]:
    given = {"name": NAME, **wanted}
    done = renaming.choose(story.session, live=story.live, wanted=Named(**given), now=NOW)  # type: ignore[arg-type]
    transaction.commit(story.session)
    return done


def holders(story: Story) -> set[str]:
    query = (
        select(Wrap.holder_id)
        .join(Compartment, Compartment.id == Wrap.compartment_id)
        .where(Compartment.kind == keys.IDENTITY, Wrap.holder_kind == keys.STAFF)
    )
    return set(story.session.scalars(query))


def test_a_name_is_given_later_to_one_person_and_to_nobody_else(story: Story) -> None:
    handler = story.case.handler_id
    assert rename(story, who="persons", staff=(handler,)) == [handler]
    assert holders(story) == {handler}
    actor = story.world.actor(story.session, story.world.code_of(handler))
    report = cases.show(story.session, actor=actor, case_id=story.case_id, now=NOW).reports[0]
    assert report.identity is not None
    assert report.identity["name"] == NAME
    other = story.world.actor(story.session, story.world.code_of(story.of_part("overseer")))
    seen = cases.show(story.session, actor=other, case_id=story.case_id, now=NOW).reports[0]
    assert seen.identity is None
    assert findings(story) == []


def test_a_name_taken_back_opens_for_nobody_at_school_and_not_for_two_holders(story: Story) -> None:
    assert len(rename(story, who="handlers")) > 1
    rename(story, who="nobody", name="")
    assert holders(story) == set()
    assert renaming.current(story.session, live=story.live) == Named()
    found = opening.with_pair(story.session, story.world.recovery)
    folder = story.world.settings.instance_dir / "evidence"
    text = b"".join(opening.everything(story.session, folder, found))
    assert told.STORY.encode() in text
    assert NAME.encode() not in text
    report = shown(story).reports[0]
    assert (report.identity, report.name_choice) == (None, "nobody")
    assert findings(story) == []


def test_a_name_goes_to_readers_only_and_needs_a_name(story: Story) -> None:
    stranger = story.newcomer()
    for wanted, problem in (
        ({"who": "persons", "staff": (stranger,)}, "staff"),
        ({"who": "handlers", "name": " "}, "name"),
        ({"who": "everybody"}, "unknown"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            rename(story, **wanted)
        transaction.rollback(story.session)
        assert refused.value.problem == problem
    assert holders(story) == set()


def test_no_telephone_rings_for_what_was_withdrawn(story: Story) -> None:
    story.session.get_one(School, story.world.school.id).acute_on = True
    acute.raise_alarm(story.session, case_id=story.case_id, now=NOW)
    transaction.commit(story.session)
    assert story.session.scalar(select(func.count()).select_from(AcuteAlarm)) == 1
    withdraw(story, withdrawal.UNOPENED)
    assert story.session.scalar(select(func.count()).select_from(AcuteAlarm)) == 0
    acute.advance(story.session, now=NOW + timedelta(hours=1))
