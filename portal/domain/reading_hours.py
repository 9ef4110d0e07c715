"""Opening hours of a week, and when somebody next reads: school time, summer and winter.

Hours are written as people say them, one line or comma apart: ``ma-vr 8.30-16.30``. Days with
other hours carry their dates, as ``2027-01-18 2027-01-22 8.30-12.00`` for a week of exams; a date
alone is one day, and ``dicht`` closes it. The later line wins over an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from portal.domain.deadlines import LONGEST_BREAK, ZONE

DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
MIDNIGHT = 24 * 60
CLOSED = "dicht"
SCHOOL_HOURS = "ma-vr 8.30-16.30"
"""When a school reads that has not said otherwise."""

_CLOCK = re.compile(r"(\d{1,2})(?:[.:](\d{2}))?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
Spans = tuple[tuple[int, int], ...]
"""From and until, in minutes of the wall clock."""


class HoursError(ValueError):
    """A line of hours that cannot be understood; the text is that line."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours for each weekday, and days with hours of their own."""

    week: tuple[Spans, ...]
    special: tuple[tuple[date, date, Spans], ...] = ()

    def on(self, day: date) -> Spans:
        """Give the hours of a day. A week of exams leaves its weekend as it was."""
        usual = self.week[day.weekday()]
        for first, last, spans in reversed(self.special):
            if first <= day <= last and (usual or first == last):
                return spans
        return usual

    @property
    def always(self) -> bool:
        """Whether it is open day and night."""
        return not self.special and all(spans == ((0, MIDNIGHT),) for spans in self.week)


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether it is open at an instant, and when it opens next; None when that is far off."""

    is_open: bool
    opens_at: datetime | None = None


def parse(text: str) -> Hours:
    """Read hours.

    Raises:
        HoursError: names the line that cannot be understood.
    """
    week: list[Spans] = [()] * 7
    special = []
    for line in re.split(r"[\n,;]", text):
        words = line.split()
        if not words:
            continue
        try:
            if _DATE.fullmatch(words[0]):
                special.append(_special(words))
            else:
                for number in _weekdays(words[0]):
                    week[number] = _merged(week[number], _spans(words[1:]))
        except ValueError as error:
            raise HoursError(line.strip()) from error
    return Hours(tuple(week), tuple(special))


def _special(words: list[str]) -> tuple[date, date, Spans]:
    days = [date.fromisoformat(word) for word in words if _DATE.fullmatch(word)]
    first, last = days[0], days[-1]
    if len(days) > 2 or last < first:  # noqa: PLR2004 - a first and a last day
        raise ValueError(words)
    return first, last, _spans(words[len(days) :])


def _weekdays(word: str) -> range:
    first, _, last = word.partition("-")
    numbers = DAYS.index(first), DAYS.index(last or first)
    if numbers[0] > numbers[1]:
        raise ValueError(word)
    return range(numbers[0], numbers[1] + 1)


def _spans(words: list[str]) -> Spans:
    if words == [CLOSED]:
        return ()
    found: list[tuple[int, int]] = []
    for word in words:
        start, _, end = word.partition("-")
        span = _minutes(start), _minutes(end)
        if span[0] >= span[1]:
            raise ValueError(word)
        found.append(span)
    if not found:
        raise ValueError(words)
    return tuple(sorted(found))


def _merged(known: Spans, more: Spans) -> Spans:
    return tuple(sorted({*known, *more})) if more else ()


def _minutes(text: str) -> int:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(text)
    minutes = int(found.group(1)) * 60 + int(found.group(2) or 0)
    if minutes > MIDNIGHT or int(found.group(2) or 0) > 59:  # noqa: PLR2004 - a clock's
        raise ValueError(text)
    return minutes


def opening(hours: Hours, moment: datetime, is_free: Callable[[date], bool]) -> Opening:
    """Say whether it is open at an instant, or when it opens next.

    Args:
        moment: an instant that knows its zone.
        is_free: whether a day is a holiday, on which nobody is there.
    """
    local = moment.astimezone(ZONE)
    for ahead in range(LONGEST_BREAK):
        day = local.date() + timedelta(days=ahead)
        if is_free(day):
            continue
        for start, end in hours.on(day):
            if ahead == 0 and start <= local.hour * 60 + local.minute < end:
                return Opening(is_open=True)
            if ahead or local.hour * 60 + local.minute < start:
                return Opening(is_open=False, opens_at=_at(day, start))
    return Opening(is_open=False)


def _at(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time(minutes // 60, minutes % 60), ZONE)


def write(week: tuple[Spans, ...]) -> list[str]:
    """Write the hours of a week, days with the same hours together."""
    lines: list[str] = []
    first = 0
    for number in range(1, len(DAYS) + 1):
        if number < len(DAYS) and week[number] == week[first]:
            continue
        if week[first]:
            last = f"-{DAYS[number - 1]}" if number - 1 > first else ""
            lines.append(f"{DAYS[first]}{last} {' '.join(map(_said, week[first]))}")
        first = number
    return lines


def _said(span: tuple[int, int]) -> str:
    return "-".join(f"{minutes // 60}.{minutes % 60:02}" for minutes in span)
