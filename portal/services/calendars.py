"""The school's calendar: holidays as the school wrote them down."""

from __future__ import annotations

from datetime import date

from portal.domain.deadlines import Holiday, SchoolCalendar
from portal.models import School


def calendar_of(school: School) -> SchoolCalendar:
    """Read holidays, one a line: ``2026-12-19 2027-01-03 Kerstvakantie``."""
    return SchoolCalendar(tuple(_holiday(line) for line in school.holidays.splitlines() if line))


def _holiday(line: str) -> Holiday:
    first, last, *name = line.split(maxsplit=2)
    return Holiday(date.fromisoformat(first), date.fromisoformat(last), " ".join(name))
