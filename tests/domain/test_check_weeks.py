"""The weeks after the agreements: across summer time, and around holidays."""

from datetime import date, timedelta

import pytest

from portal import protocols
from portal.domain.check_weeks import USUAL_WEEKS, weeks, weeks_of
from portal.domain.deadlines import Holiday, SchoolCalendar

PLAIN = SchoolCalendar()
CHRISTMAS = SchoolCalendar((Holiday(date(2026, 12, 19), date(2027, 1, 3)),))


def test_four_questions_a_week_apart_the_first_after_a_week():
    found = weeks(date(2026, 11, 17), PLAIN, 4)
    days = [date(2026, 11, 24), date(2026, 12, 1), date(2026, 12, 8), date(2026, 12, 15)]
    assert [one.opens_on for one in found] == days
    assert [one.closes_on for one in found] == [*days[1:], date(2026, 12, 22)]
    assert [one.number for one in found] == [1, 2, 3, 4]


@pytest.mark.parametrize("since", [date(2027, 3, 16), date(2026, 10, 13)])
def test_the_clocks_change_and_the_weekday_stays(since):
    found = weeks(since, PLAIN, 4)
    assert {one.opens_on.weekday() for one in found} == {since.weekday()}
    assert {one.closes_on - one.opens_on for one in found} == {timedelta(days=7)}


def test_weeks_without_school_are_skipped_and_no_silence():
    found = weeks(date(2026, 12, 8), CHRISTMAS, 4)
    assert [one.opens_on for one in found] == [
        date(2026, 12, 15),
        date(2027, 1, 5),
        date(2027, 1, 12),
        date(2027, 1, 19),
    ]
    assert found[0].closes_on == date(2027, 1, 5)
    assert all(CHRISTMAS.is_school_day(one.opens_on) for one in found)


def test_the_protocol_says_how_many_weeks_and_else_it_is_four():
    cals = protocols.load("cals")
    checked = {weeks_of(cals, step.key) for step in cals.steps}
    assert 4 in checked
    assert USUAL_WEEKS == 4
    assert weeks_of(cals, "no-such-step") == 4
