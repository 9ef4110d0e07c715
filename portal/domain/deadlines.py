"""School days, school weeks and due dates, as local dates in Europe/Amsterdam."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from portal.domain.protocol import Deadline

ZONE = ZoneInfo("Europe/Amsterdam")
WEEKEND = (5, 6)
LONGEST_BREAK = 200  # days; a calendar without a school day for longer is a mistake


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days without school, both ends included."""

    first: date
    last: date
    name: str = ""


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """Monday to Friday, but for the holidays.

    In a week of exams there is school, but nobody sees how it goes in class: its days count, the
    week does not.
    """

    holidays: tuple[Holiday, ...] = ()
    exams: tuple[Holiday, ...] = ()

    def is_school_day(self, day: date) -> bool:
        if day.weekday() in WEEKEND:
            return False
        return not _within(day, self.holidays)

    def this_or_next(self, day: date) -> date:
        """The day itself if there is school, else the next school day."""
        for offset in range(LONGEST_BREAK):
            candidate = day + timedelta(days=offset)
            if self.is_school_day(candidate):
                return candidate
        raise ValueError(f"no school day within {LONGEST_BREAK} days of {day}")

    def add_days(self, start: date, count: int) -> date:
        """`count` school days on; 0 is the first day there is school."""
        day = self.this_or_next(start)
        for _ in range(count):
            day = self.this_or_next(day + timedelta(days=1))
        return day

    def add_weeks(self, start: date, count: int) -> date:
        """`count` weeks on, from the first lesson on.

        A week without lessons does not count, nor what is left of one: nobody can look then.
        """
        day = self._first_lesson(start)
        for _ in range(count):
            day = self._with_lessons(day + timedelta(days=7))
        return self.this_or_next(day)

    def _first_lesson(self, day: date) -> date:
        for offset in range(LONGEST_BREAK):
            later = day + timedelta(days=offset)
            if self.is_school_day(later) and not _within(later, self.exams):
                return later
        raise ValueError(f"no school day with lessons within {LONGEST_BREAK} days of {day}")

    def _with_lessons(self, day: date) -> date:
        for weeks in range(LONGEST_BREAK // 7):
            later = day + timedelta(days=7 * weeks)
            if self._has_lessons(later):
                return later
        raise ValueError(f"no lessons within {LONGEST_BREAK} days of {day}")

    def _has_lessons(self, day: date) -> bool:
        """Are there lessons on any day of the week (from Monday) that this day is in?"""
        monday = day - timedelta(days=day.weekday())
        week = (monday + timedelta(days=offset) for offset in range(5))
        return any(self.is_school_day(one) and not _within(one, self.exams) for one in week)


def _within(day: date, spans: tuple[Holiday, ...]) -> bool:
    return any(span.first <= day <= span.last for span in spans)


def local_date(instant: datetime) -> date:
    """The date on the wall in the school at an instant that knows its zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return instant.astimezone(ZONE).date()


def due_date(deadline: Deadline, start: date, calendar: SchoolCalendar) -> date:
    """When something is due that began to count on `start`."""
    if deadline.unit == "week":
        return calendar.add_weeks(start, deadline.amount)
    return calendar.add_days(start, deadline.amount)
