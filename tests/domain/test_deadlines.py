"""School time: weekends, holidays, the change of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.domain.deadlines import Holiday, SchoolCalendar, due_date, local_date
from portal.domain.protocol import Deadline

CHRISTMAS = Holiday(date(2026, 12, 19), date(2027, 1, 3), "kerstvakantie")
CALENDAR = SchoolCalendar((CHRISTMAS, Holiday(date(2026, 11, 20), date(2026, 11, 20), "studiedag")))


def due(amount: int, unit: str, start: date) -> date:
    deadline = Deadline(key="k", label="l", quote="q", action="a", amount=amount, unit=unit)
    return due_date(deadline, start, CALENDAR)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (date(2026, 11, 18), date(2026, 11, 18)),  # Wednesday: the same day
        (date(2026, 11, 21), date(2026, 11, 23)),  # Saturday: Monday
        (date(2026, 11, 20), date(2026, 11, 23)),  # a day without lessons, then the weekend
        (date(2026, 12, 24), date(2027, 1, 4)),  # Christmas: the first day back
    ],
)
def test_same_day_is_the_first_day_there_is_school(start, expected):
    assert due(0, "school_day", start) == expected


def test_school_days_skip_weekends_and_holidays():
    assert due(2, "school_day", date(2026, 11, 18)) == date(2026, 11, 23)
    assert due(1, "school_day", date(2026, 12, 18)) == date(2027, 1, 4)


def test_four_weeks_are_four_weeks_with_school():
    assert due(4, "week", date(2026, 10, 26)) == date(2026, 11, 23)
    # From 7 December: two weeks of school, two of Christmas that do not count, two of school.
    assert due(4, "week", date(2026, 12, 7)) == date(2027, 1, 18)
    # Ending on the day without lessons moves on to Monday.
    assert due(4, "week", date(2026, 10, 23)) == date(2026, 11, 23)


def test_dates_are_those_on_the_wall_in_the_netherlands():
    assert local_date(datetime(2026, 11, 18, 23, 30, tzinfo=UTC)) == date(2026, 11, 19)
    assert local_date(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == date(2026, 7, 2)
    # The night the clock goes back: 00:30 UTC is 02:30 summer time, 01:30 UTC is 02:30 winter time.
    assert local_date(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == date(2026, 10, 25)
    assert local_date(datetime(2026, 10, 25, 22, 59, tzinfo=UTC)) == date(2026, 10, 25)
    assert local_date(datetime(2026, 10, 25, 23, 0, tzinfo=UTC)) == date(2026, 10, 26)
    with pytest.raises(ValueError, match="zone"):
        local_date(datetime(2026, 11, 18))  # noqa: DTZ001 - the mistake under test


def test_a_calendar_without_school_days_is_refused():
    calendar = SchoolCalendar((Holiday(date(2026, 1, 1), date(2028, 1, 1)),))
    with pytest.raises(ValueError, match="no school day"):
        calendar.add_weeks(date(2026, 3, 2), 1)


# --- the clocks of a school year -----------------------------------------------------------------

YEAR = SchoolCalendar(
    (
        Holiday(date(2026, 10, 17), date(2026, 10, 25), "herfst"),
        Holiday(date(2026, 12, 19), date(2027, 1, 3), "kerst"),
        Holiday(date(2027, 2, 20), date(2027, 2, 28), "voorjaar"),
        Holiday(date(2027, 3, 26), date(2027, 3, 29), "Pasen"),
        Holiday(date(2027, 4, 24), date(2027, 5, 9), "mei"),
        Holiday(date(2027, 7, 10), date(2027, 8, 22), "zomer"),
    ),
    (
        Holiday(date(2027, 1, 18), date(2027, 1, 22), "toetsweek"),
        Holiday(date(2027, 6, 21), date(2027, 7, 2), "toetsweken"),
    ),
)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        # over the night the clock goes back (25 October, in the holidays that do not count)
        (date(2026, 10, 6), date(2026, 11, 10)),
        # over Christmas and the week of exams
        (date(2026, 12, 8), date(2027, 1, 26)),
        # over the night the clock goes forward (28 March) and Easter, which is not a whole week
        (date(2027, 3, 8), date(2027, 4, 5)),
        # ending on Easter Monday: the Tuesday after
        (date(2027, 3, 1), date(2027, 3, 30)),
        # begun in the holidays: counted from the first lesson on
        (date(2027, 4, 28), date(2027, 6, 7)),
        # two weeks of exams, then the summer
        (date(2027, 6, 10), date(2027, 9, 2)),
    ],
)
def test_four_weeks_anywhere_in_the_year(start, expected):
    due = YEAR.add_weeks(start, 4)
    assert due == expected
    assert YEAR.is_school_day(due)


def test_no_start_in_a_whole_year_gives_a_day_without_school_or_one_too_early():
    day = date(2026, 9, 1)
    latest = day
    while day < date(2027, 7, 1):
        due = YEAR.add_weeks(day, 4)
        assert YEAR.is_school_day(due)
        assert (due - day).days >= 4 * 7
        # who starts later is never due earlier
        assert due >= latest
        latest = due
        # the same day, one, two and five school days on: in order, on days of school
        terms = [YEAR.add_days(day, count) for count in (0, 1, 2, 5)]
        assert terms == sorted(set(terms))
        assert all(map(YEAR.is_school_day, terms))
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("clock", "day"),
    [
        # the last hour before the clock goes forward, and the first after it
        ("2027-03-28T00:59:59+00:00", date(2027, 3, 28)),
        ("2027-03-28T21:59:59+00:00", date(2027, 3, 28)),
        ("2027-03-28T22:00:00+00:00", date(2027, 3, 29)),
        # in winter the day in the Netherlands ends an hour before midnight UTC
        ("2026-12-08T22:30:00+00:00", date(2026, 12, 8)),
        ("2026-12-08T23:00:00+00:00", date(2026, 12, 9)),
        # New Year
        ("2026-12-31T23:00:00+00:00", date(2027, 1, 1)),
    ],
)
def test_the_day_is_that_of_the_school(clock, day):
    assert local_date(datetime.fromisoformat(clock)) == day
