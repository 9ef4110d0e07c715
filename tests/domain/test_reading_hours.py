"""When somebody reads: across weekends, holidays, weeks of exams and the change of the clock."""

from datetime import UTC, date, datetime

import pytest

from portal import data
from portal.domain.deadlines import ZONE
from portal.domain.reading_hours import (
    SCHOOL_HOURS,
    HoursError,
    Opening,
    opening,
    parse,
    write,
)

CHRISTMAS = (date(2026, 12, 19), date(2027, 1, 3))
EXAMS = f"{SCHOOL_HOURS}\n2027-01-18 2027-01-24 8.30-12.00\n2027-02-12 dicht"


def is_free(day):
    return CHRISTMAS[0] <= day <= CHRISTMAS[1] or day in data.public_holidays()


def at(text, hours=SCHOOL_HOURS):
    """Ask at a time of the wall clock in school."""
    return opening(parse(hours), datetime.fromisoformat(text).replace(tzinfo=ZONE), is_free)


@pytest.mark.parametrize(
    ("moment", "reads_at"),
    [
        ("2026-11-20T08:29", "2026-11-20T08:30"),  # Friday, just before
        ("2026-11-20T16:30", "2026-11-23T08:30"),  # and just after: Monday
        ("2026-11-21T12:00", "2026-11-23T08:30"),
        ("2026-12-18T17:00", "2027-01-04T08:30"),  # the holiday of Christmas
        ("2026-12-25T10:00", "2027-01-04T08:30"),
        ("2027-03-26T10:00", "2027-03-30T08:30"),  # Good Friday to the Tuesday after Easter
        ("2027-04-27T10:00", "2027-04-28T08:30"),  # King's Day
        ("2026-10-24T20:00", "2026-10-26T08:30"),  # the night the clock goes back
        ("2027-03-27T20:00", "2027-03-30T08:30"),  # the night it goes forward
    ],
)
def test_nobody_reads_now_and_then_somebody_does(moment, reads_at):
    expected = datetime.fromisoformat(reads_at).replace(tzinfo=ZONE)
    found = at(moment)
    assert found == Opening(is_open=False, opens_at=expected)
    assert found.opens_at.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize("moment", ["2026-11-20T08:30", "2026-11-20T16:29", "2027-03-30T12:00"])
def test_somebody_reads_now(moment):
    assert at(moment) == Opening(is_open=True)


def test_an_instant_of_another_zone_is_one_of_the_school():
    summer, winter = (
        datetime(2027, 6, 1, 6, 30, tzinfo=UTC),
        datetime(2027, 2, 1, 6, 30, tzinfo=UTC),
    )
    assert opening(parse(SCHOOL_HOURS), summer, is_free).is_open
    assert not opening(parse(SCHOOL_HOURS), winter, is_free).is_open


@pytest.mark.parametrize(
    ("moment", "reads_at"),
    [
        ("2027-01-18T12:00", "2027-01-19T08:30"),
        ("2027-01-22T13:00", "2027-01-25T08:30"),  # the weekend of the exams stays one
        ("2027-02-11T17:00", "2027-02-15T08:30"),  # a day that is closed
    ],
)
def test_a_week_of_exams_has_hours_of_its_own(moment, reads_at):
    expected = datetime.fromisoformat(reads_at).replace(tzinfo=ZONE)
    assert at(moment, EXAMS).opens_at == expected
    assert at("2027-01-20T11:59", EXAMS).is_open
    assert at("2027-01-27T15:00", EXAMS).is_open


def test_two_times_on_one_day_and_a_day_without():
    hours = "ma-di 9-12 13.15-16\nvr 9-10"
    assert at("2026-11-23T12:30", hours).opens_at.hour == 13
    assert at("2026-11-25T09:30", hours).opens_at.date() == date(2026, 11, 27)
    assert write(parse(hours).week) == ["ma-di 9.00-12.00 13.15-16.00", "vr 9.00-10.00"]


def test_who_never_reads_is_not_waited_for():
    assert at("2026-11-23T12:30", "ma-zo dicht") == Opening(is_open=False)


def test_day_and_night_is_always():
    assert parse("ma-zo 0-24").always
    assert at("2026-11-23T23:59", "ma-zo 0-24").is_open
    assert not parse(SCHOOL_HOURS).always


@pytest.mark.parametrize(
    "line",
    ["maandag 8-9", "ma 9-8", "ma", "ma 8.60-9", "ma 8-25", "vr-ma 8-9", "2027-13-01 8-9",
     "2027-01-22 2027-01-18 8-9", "2027-01-18 2027-01-19 2027-01-20 8-9", "2027-01-18"],
)  # fmt: skip
def test_a_line_that_cannot_be_understood_is_named(line):
    with pytest.raises(HoursError, match=line):
        parse(f"{SCHOOL_HOURS}\n{line}")


def test_public_holidays_are_known_for_the_year_to_come():
    listed = sorted(data.public_holidays())
    for year in range(listed[0].year + 1, listed[-1].year):
        assert date(year, 4, 27) in listed
        assert _easter(year) in listed
        assert sum(day.year == year for day in listed) == 10


def _easter(year):
    """Gauss's rule in the form of Lichtenberg, valid for these years."""
    a, k = year % 19, year // 100
    m = 15 + (3 * k + 3) // 4 - (8 * k + 13) // 25
    s = 2 - (3 * k + 3) // 4
    d = (19 * a + m) % 30
    r = (d + a // 11) // 29
    og = 21 + d - r
    os = 7 - (og - (7 - (year + year // 4 + s) % 7)) % 7
    day = og + os
    return date(year, 3, day) if day <= 31 else date(year, 4, day - 31)
