"""Check weeks: the worker asks and counts without a key, and a bad answer or silence calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import CheckRound, OutboxMail, School
from portal.services import case_work, cases, checks, reporter, transaction
from portal.services.errors import InvalidInputError, NotFoundError
from tests.services import opening
from tests.services.story import Story, make_story
from tests.services.world import NOW, World

WEEK = timedelta(days=7)


@pytest.fixture
def story(world: World, session: Session) -> Story:
    made = make_story(world, session)
    begin(made, NOW)
    return made


def begin(story: Story, moment: datetime, status: str = "checking") -> None:
    """Let the handler record something, and say that the school checks from now on."""
    page = cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=moment)
    action = page.next_action
    case_work.record_step(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        action_key=action.key,
        outcome="agreed" if action.kind == "gate" else "done",
        text="besproken",
        status=status,
        now=moment,
    )
    transaction.commit(story.session)


def work(story: Story, moment: datetime) -> tuple[int, int]:
    """Do what the worker does; it is given no key."""
    done = (
        checks.open_due(story.session, now=moment),
        checks.count_silences(story.session, now=moment),
    )
    transaction.commit(story.session)
    story.session.expire_all()
    return done


def answer(story: Story, chosen: str, moment: datetime, text: str = "", dangers=()) -> None:
    asked = checks.question_for(story.session, live=story.live, now=moment)
    assert asked is not None
    checks.answer(
        story.session,
        live=story.live,
        round_id=asked.id,
        chosen=chosen,
        text=text,
        now=moment,
        dangers=dangers,
    )
    transaction.commit(story.session)
    story.session.expire_all()


def rounds(story: Story) -> list[CheckRound]:
    query = select(CheckRound).order_by(CheckRound.opens_on)
    return list(story.session.scalars(query))


def on_desk(story: Story, moment: datetime) -> str:
    desk = cases.desk(story.session, actor=story.mentor, now=moment)
    return desk.first.task if desk.first else ""


def test_four_rounds_each_asked_once(story: Story) -> None:
    for hours in range(0, 24 * 36, 11):
        work(story, NOW + timedelta(hours=hours))
    assert [row.week for row in rounds(story)] == [1, 2, 3, 4]
    assert checks.question_for(story.session, live=story.live, now=NOW + timedelta(days=36)) is None


def test_an_answer_stands_in_the_conversation_and_only_there(story: Story) -> None:
    work(story, NOW + WEEK)
    asked = checks.question_for(story.session, live=story.live, now=NOW + WEEK)
    assert asked is not None
    assert (asked.week, asked.weeks) == (1, 4)
    answer(story, "better", NOW + WEEK)
    assert checks.question_for(story.session, live=story.live, now=NOW + WEEK) is None
    with pytest.raises(NotFoundError):
        checks.answer(
            story.session,
            live=story.live,
            round_id=asked.id,
            chosen="worse",
            text="",
            now=NOW + WEEK,
        )
    (said,) = [
        one
        for one in reporter.view(story.session, live=story.live).messages
        if one.kind == reporter.CHECK
    ]
    assert (said.choice, said.week) == ("better", 1)
    assert not story.case.check_call
    assert not story.case.waiting_for_staff
    assert b"better" not in b"\n".join(opening.all_values(story.session))


@pytest.mark.parametrize("chosen", ["worse", "talk"])
def test_a_bad_answer_stands_on_the_desk_until_staff_answer(story: Story, chosen: str) -> None:
    moment = NOW + WEEK
    work(story, moment)
    answer(story, chosen, moment)
    assert story.case.check_call
    read = cases.note_reading
    read(story.session, actor=story.mentor, case_id=story.case_id, now=moment)
    transaction.commit(story.session)
    story.session.expire_all()
    assert on_desk(story, moment) == "check"
    assert story.session.scalar(select(OutboxMail).where(OutboxMail.template == "due")) is not None
    case_work.reply(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        report_id=story.report_id,
        text="Ik bel je vandaag.",
        now=moment,
    )
    transaction.commit(story.session)
    story.session.expire_all()
    assert not story.case.check_call


def test_one_silence_is_nothing_and_two_in_a_row_call(story: Story) -> None:
    calls = []
    for week in range(1, 6):
        if week == 2:
            answer(story, "same", NOW + week * WEEK - timedelta(days=1))
        _, called = work(story, NOW + week * WEEK)
        calls.append((week, called, story.case.check_call))
    # Weeks 2, 3 and 4 stay silent; week 1 was answered just before week 2 began.
    assert calls == [(1, 0, False), (2, 0, False), (3, 0, False), (4, 1, True), (5, 0, True)]
    assert [row.silent for row in rounds(story)] == [False, True, True, True]


def test_a_silence_after_an_answer_counts_anew(story: Story) -> None:
    for week in range(1, 6):
        _, called = work(story, NOW + week * WEEK)
        assert called == 0
        if week in {2, 4}:
            answer(story, "better", NOW + week * WEEK)
    assert [row.silent for row in rounds(story)] == [True, False, True, False]


def test_nobody_is_asked_in_a_holiday_and_keeping_silent_then_counts_for_nothing(
    world: World, session: Session
) -> None:
    made = make_story(world, session)
    school = session.scalars(select(School)).one()
    school.holidays = "2026-11-21 2026-12-06 Vakantie"
    transaction.commit(session)
    begin(made, NOW)
    for days in range(22):
        assert work(made, NOW + timedelta(days=days)) == ((1, 0) if days == 21 else (0, 0))
    (row,) = rounds(made)
    assert row.opens_on.isoformat() == "2026-12-07"


@pytest.mark.parametrize(
    ("since", "before", "after"),
    [
        # The evening before, school time, is 22:30 UTC in winter and 21:30 in summer.
        (
            datetime(2027, 3, 22, 9, tzinfo=UTC),
            "2027-03-28T21:59:00+00:00",
            "2027-03-28T22:01:00+00:00",
        ),
        (
            datetime(2026, 10, 19, 9, tzinfo=UTC),
            "2026-10-25T22:59:00+00:00",
            "2026-10-25T23:01:00+00:00",
        ),
    ],
)
def test_a_week_begins_at_midnight_in_school_also_when_the_clocks_change(
    world: World, session: Session, since: datetime, before: str, after: str
) -> None:
    made = make_story(world, session)
    begin(made, since)
    assert work(made, datetime.fromisoformat(before)) == (0, 0)
    assert work(made, datetime.fromisoformat(after)) == (1, 0)


def test_a_case_that_is_closed_or_talks_again_is_asked_nothing(story: Story) -> None:
    work(story, NOW + WEEK)
    begin(story, NOW + WEEK, "agreements")
    assert checks.question_for(story.session, live=story.live, now=NOW + WEEK) is None
    assert work(story, NOW + 3 * WEEK) == (0, 0)
    assert not story.case.check_call


def test_a_worker_that_was_away_asks_nothing_afterwards(story: Story) -> None:
    assert work(story, NOW + 3 * WEEK) == (1, 0)
    assert [row.week for row in rounds(story)] == [3]


def test_what_is_no_answer_is_refused_and_danger_beside_one_counts(story: Story) -> None:
    work(story, NOW + WEEK)
    with pytest.raises(InvalidInputError):
        answer(story, "maybe", NOW + WEEK)
    answer(story, "same", NOW + WEEK, "ik wil dood", {"suicide"})
    assert story.case.urgent
