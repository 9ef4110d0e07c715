"""School time: weekends, holidays, the change of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

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
