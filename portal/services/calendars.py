"""The school's calendar: holidays as the school wrote them down."""

from __future__ import annotations

from datetime import date, datetime

from portal import data
from portal.domain import reading_hours
from portal.domain.deadlines import Holiday, SchoolCalendar
from portal.domain.reading_hours import SCHOOL_HOURS, Hours, HoursError, Opening
from portal.models import School
from portal.services.schools import SchoolView

EXAMS = ("toetsweek", "proefwerkweek", "examenweek", "examens", "schoolexamen")
"""How the name of a span begins in which there is school, but no lessons."""


def calendar_of(school: School | SchoolView) -> SchoolCalendar:
    """Read holidays and weeks of exams, one a line: ``2026-12-19 2027-01-03 Kerstvakantie``."""
    spans = [holiday(line) for line in school.holidays.splitlines() if line.strip()]
    exams = tuple(one for one in spans if one.name.lower().startswith(EXAMS))
    return SchoolCalendar(tuple(one for one in spans if one not in exams), exams)


def hours_of(school: School | SchoolView) -> Hours:
    """Give the hours in which the school reads; what nobody can understand any more is left out."""
    try:
        return reading_hours.parse(school.reading_hours or SCHOOL_HOURS)
    except HoursError:
        return reading_hours.parse(SCHOOL_HOURS)


def reading(school: School | SchoolView, now: datetime) -> Opening:
    """Say whether somebody at school reads now, or when."""
    holidays = calendar_of(school).holidays
    public = data.public_holidays()

    def is_free(day: date) -> bool:
        return day in public or any(one.first <= day <= one.last for one in holidays)

    return reading_hours.opening(hours_of(school), now, is_free)


def holiday(line: str) -> Holiday:
    """Read one holiday.

    Raises:
        ValueError: for a line that is none.
    """
    first, last, *name = line.split(maxsplit=2)
    return Holiday(date.fromisoformat(first), date.fromisoformat(last), " ".join(name))
