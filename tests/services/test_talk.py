"""Both ways: questions to tap, who has it, what is withheld, and conversations that stay apart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.models import Case, CustodyEvent, OutboxMail, Record, Report
from portal.services import (
    audit,
    case_keys,
    case_records,
    case_work,
    cases,
    disclosure,
    handing,
    keys,
    packets,
    reporter,
    sessions,
    transaction,
)
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.reporter import ReporterView
from tests.services import opening
from tests.services import world as told
from tests.services.story import Story, make_story
from tests.services.world import NOW, World

LATER = NOW + timedelta(days=1)
OPTIONS = ["Ja", "Nee", "Eerst overleggen"]


@pytest.fixture
def story(world: World, session: Session) -> Story:
    return make_story(world, session)


def seen(story: Story) -> ReporterView:
    """Come back with the code once more: keys made since are there then."""
    story.session.expire_all()
    _, data = reporter.enter(
        story.session, school=story.world.school, code=story.code, instance=story.world.keys
    )
    story.live.data |= data
    return reporter.view(story.session, live=story.live)


def ask(story: Story, text: str = "Mag ik het je mentor vertellen?", options=OPTIONS) -> str:
    case_work.reply(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        report_id=story.report_id,
        text=text,
        options=options,
        now=NOW,
    )
    transaction.commit(story.session)
    return seen(story).open_questions[-1].id


def tap(story: Story, question: str, chosen: int, text: str = "", now=NOW) -> None:
    reporter.answer_question(
        story.session, live=story.live, question_id=question, chosen=chosen, text=text, now=now
    )
    transaction.commit(story.session)


def read(story: Story, staff_id: str | None = None, now=NOW) -> None:
    code = story.world.code_of(staff_id) if staff_id else story.world.mentor_of("1A")
    actor = story.world.actor(story.session, code)
    cases.note_reading(story.session, actor=actor, case_id=story.case_id, now=now)
    transaction.commit(story.session)


def hand_over(story: Story, *, keep: bool = True, now=NOW) -> str:
    to = story.newcomer()
    handing.hand_over(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        to_staff_id=to,
        role_key=told.role_of(story.session, to),
        reason="andere rol",
        keep_reading=keep,
        now=now,
    )
    transaction.commit(story.session)
    return to


def withhold(story: Story, lines: list[str], *, onward: bool, now=NOW) -> None:
    disclosure.withhold(
        story.session,
        actor=story.world.actor(story.session, story.world.code_of(story.of_part("overseer"))),
        case_id=story.case_id,
        lines=lines,
        onward=onward,
        ground="home",
        text="De ouder leest mee op de telefoon.",
        now=now,
    )
    transaction.commit(story.session)


def what(view: ReporterView) -> list[str]:
    return [trace.what for trace in view.told]


def findings(story: Story) -> list[str]:
    found = audit.check_all(story.session, instance=story.world.keys, store=story.world.store)
    # The accounts of this world got their keys without the log.
    return [str(one) for one in found if one.code not in {"recipient", "wrap"}]


def test_a_question_is_answered_with_one_tap_and_the_newest_answer_stands(story: Story) -> None:
    question = ask(story)
    assert seen(story).status == "talking"
    tap(story, question, 1)
    assert story.case.waiting_for_staff
    tap(story, question, 2, "maar niet vandaag", LATER)
    answers = seen(story).answers_to(question)
    assert [(one.choice, one.text) for one in answers] == [
        ("Nee", ""),
        ("Eerst overleggen", "maar niet vandaag"),
    ]
    assert seen(story).open_questions == []
    page = cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=LATER)
    (report,) = page.reports
    assert [one.choice for one in report.messages if one.question == question] == [
        "Nee",
        "Eerst overleggen",
    ]
    assert page.unanswered
    assert findings(story) == []


@pytest.mark.parametrize("chosen", [-1, 3, 99])
def test_an_answer_that_the_question_does_not_have_is_none(story: Story, chosen: int) -> None:
    question = ask(story)
    with pytest.raises(InvalidInputError):
        tap(story, question, chosen)
    with pytest.raises(NotFoundError):
        tap(story, "x" * 26, 0)


@pytest.mark.parametrize("options", [["Ja"], ["Ja", "Ja"], list("abcde"), ["Ja", "x" * 121]])
def test_a_question_has_two_to_four_short_answers(story: Story, options: list[str]) -> None:
    with pytest.raises(InvalidInputError):
        ask(story, options=options)


def test_the_reporter_sees_who_read_it_and_every_hand_over_and_packet(story: Story) -> None:
    read(story)
    to = hand_over(story, keep=False, now=LATER)
    actor = story.world.actor(story.session, story.world.code_of(to))
    packets.order(story.session, actor=actor, case_id=story.case_id, chosen=[], now=LATER)
    transaction.commit(story.session)
    view = seen(story)
    assert sorted(what(view)) == ["exported", "handed_over", "opened"]
    opened = next(one for one in view.told if one.what == "opened")
    assert (opened.staff, opened.day) == (story.world.ids[story.world.mentor_of("1A")], NOW.date())
    assert opened.who
    assert opened.role == "mentor"
    assert {one.what for one in view.stream if not hasattr(one, "kind")} == {
        "handed_over",
        "exported",
    }
    assert dict(view.trail)["read"] == NOW.date()
    assert to in {one.staff_id for one in view.readers}
    assert findings(story) == []


def test_what_is_withheld_leaves_no_gap_and_comes_back_with_its_own_day(story: Story) -> None:
    before = seen(story)
    read(story)
    (line,) = seen(story).told
    withhold(story, [line.id], onward=True)
    to = hand_over(story, keep=False, now=LATER)
    read(story, to, now=LATER)
    after = seen(story)
    assert (after.status, after.trail, after.told, after.stream, after.readers) == (
        before.status,
        before.trail,
        before.told,
        before.stream,
        before.readers,
    )
    disclosure.lift(
        story.session,
        actor=story.world.actor(story.session, story.world.code_of(to)),
        case_id=story.case_id,
        now=LATER + timedelta(days=3),
    )
    transaction.commit(story.session)
    lifted = seen(story)
    days = {(one.what, one.staff): one.day for one in lifted.told}
    assert days[("opened", line.staff)] == NOW.date()
    assert days[("opened", to)] == LATER.date()
    assert to in {one.staff_id for one in lifted.readers}
    assert line.staff not in {one.staff_id for one in lifted.readers}
    assert findings(story) == []


def test_withholding_that_somebody_read_it_takes_every_reading_of_that_day(story: Story) -> None:
    read(story)
    read(story, now=NOW + timedelta(hours=2))
    (line,) = seen(story).told
    withhold(story, [line.id], onward=False)
    assert seen(story).told == []
    page = cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)
    assert page.disclosed.shown == []
    assert [trace.what for trace in page.disclosed.withheld] == ["opened"]
    read(story, now=LATER)  # only what was chosen is withheld
    assert [one.day for one in seen(story).told] == [LATER.date()]


def test_the_keys_of_a_code_open_nothing_of_what_is_withheld(story: Story) -> None:
    withhold(story, [], onward=True)
    to = hand_over(story)
    name = story.world.actor(story.session, story.world.code_of(to)).name
    identities = list(reporter._identities(story.live).values())
    rows = story.session.scalars(select(Record)).all()
    events = story.session.scalars(select(CustodyEvent)).all()
    sealed = [row.ciphertext for row in rows] + [row.sealed for row in events if row.sealed]
    opened = [
        opening.decrypt(data, identities) for data in sealed if opening.opens(data, identities)
    ]
    assert opened
    assert [data for data in opened if name.encode() in data] == []


def test_withholding_needs_a_reason_and_says_whose(story: Story) -> None:
    for ground, text in (("", "x"), ("home", " "), ("mood", "x")):
        with pytest.raises(InvalidInputError):
            disclosure.withhold(
                story.session,
                actor=story.mentor,
                case_id=story.case_id,
                lines=[],
                onward=True,
                ground=ground,
                text=text,
                now=NOW,
            )
    with pytest.raises(InvalidInputError):
        disclosure.lift(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)
    withhold(story, [], onward=True)
    page = cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)
    (reason,) = page.disclosed.reasons
    overseer = story.world.actor(story.session, story.world.code_of(story.of_part("overseer")))
    assert (reason.who, reason.ground) == (overseer.name, "home")
    assert "disclosure:withheld" in told.events(story.session, story.world.school.id)
    with pytest.raises(NotFoundError):
        disclosure.lift(
            story.session,
            actor=story.world.actor(story.session, story.world.code_of(story.newcomer())),
            case_id=story.case_id,
            now=NOW,
        )


def with_second_report(story: Story) -> sessions.SealedSession:
    """Hang a parent's report on the pupil's case, in the session of a reader of both."""
    receipt = told.report(
        story.world, story.session, told.answers(story.world, story="Mijn kind slaapt niet meer.")
    )
    session = story.session
    other = session.scalars(select(Case).where(Case.label == receipt.label)).one()
    _, theirs = case_records.open_for(session, actor=story.mentor, case_id=other.id)
    _, ours = case_records.open_for(session, actor=story.mentor, case_id=story.case_id)
    report = session.scalars(select(Report).where(Report.case_id == other.id)).one()
    items = [*theirs.of_report(report.id, keys.STORY), *theirs.of_report(report.id, keys.EVIDENCE)]
    case_keys.attach_report(session, case_key=ours.current, opened=items)
    report.case_id = story.case_id
    transaction.commit(session)
    report_id, data = reporter.enter(
        session, school=story.world.school, code=receipt.code, instance=story.world.keys
    )
    live = sessions.begin(
        session,
        kind="reporter",
        school_id=story.world.school.id,
        data=data,
        now=NOW,
        report_id=report_id,
    )
    transaction.commit(session)
    return live


def test_conversations_of_one_case_stay_apart(story: Story) -> None:
    parent = with_second_report(story)
    question = ask(story, "Alleen voor jou")
    tap(story, question, 0, "niet tegen mijn ouders zeggen")
    theirs = reporter.view(story.session, live=parent)
    assert theirs.messages == []
    assert "foto" not in str(theirs.answers)
    with pytest.raises(NotFoundError):
        reporter.answer_question(
            story.session, live=parent, question_id=question, chosen=0, text="", now=NOW
        )
    case_work.reply(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        report_id=parent.data["report"],
        text="Alleen voor de ouder",
        now=NOW,
    )
    transaction.commit(story.session)
    assert "Alleen voor de ouder" not in {one.text for one in seen(story).messages}
    assert [one.text for one in reporter.view(story.session, live=parent).messages] == [
        "Alleen voor de ouder"
    ]
    read(story)
    hand_over(story)
    assert sorted(what(seen(story))) == ["handed_over", "opened"]
    assert sorted(what(reporter.view(story.session, live=parent))) == ["handed_over", "opened"]
    page = cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)
    assert len(page.reports) == 2


def test_danger_in_a_later_message_marks_it_for_today_and_tells_every_reader(story: Story) -> None:
    assert not story.case.urgent
    reporter.send_message(
        story.session, live=story.live, text="ik wil niet meer", now=NOW, dangers={"suicide"}
    )
    transaction.commit(story.session)
    story.session.expire_all()
    assert story.case.urgent
    readers = case_keys.readers_of(story.session, story.case, live_only=True)
    query = select(OutboxMail.staff_id).where(OutboxMail.template == "reply")
    assert set(story.session.scalars(query)) == {row.staff_id for row in readers}


def test_who_waits_longer_than_promised_stands_with_what_is_late(story: Story) -> None:
    read(story)
    case_work.reply(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        report_id=story.report_id,
        text="Dank je.",
        now=NOW,
    )
    story.case.due_on = None
    assert story.case.answer_by is None
    transaction.commit(story.session)
    for day in (0, 1):  # writing again does not move what was promised for the first message
        moment = NOW + timedelta(days=day)
        reporter.send_message(story.session, live=story.live, text="En nu?", now=moment)
        transaction.commit(story.session)
    story.session.expire_all()
    promised = story.case.answer_by
    assert promised == local_date(NOW) + timedelta(days=2)
    assert seen(story).answer_by == promised
    lists = {}
    for days in (2, 3):
        moment = NOW + timedelta(days=days)
        lists[days] = cases.desk(story.session, actor=story.mentor, now=moment)
    assert lists[2].first.late(promised) is False
    assert lists[3].first.late(local_date(NOW + timedelta(days=3)))
    assert lists[3].first.task == "answer"
