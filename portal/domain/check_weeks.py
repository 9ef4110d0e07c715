"""The weeks after the agreements in which a school asks its reporter whether it is over.

A week without any school day is skipped, as it is for every deadline in weeks: nobody would read
the answer, and not answering in a holiday is no silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from portal.domain.deadlines import SchoolCalendar
from portal.domain.protocol import Protocol

USUAL_WEEKS = 4
BETTER, SAME, WORSE, TALK = "better", "same", "worse", "talk"
ANSWERS = (BETTER, SAME, WORSE, TALK)
CALLING = frozenset({WORSE, TALK})
SILENCES = 2
"""So many weeks in a row without an answer call for somebody."""


@dataclass(frozen=True, slots=True)
class Week:
    """One question: from its first day until the day before the last one named."""

    number: int
    opens_on: date
    closes_on: date


def weeks(since: date, calendar: SchoolCalendar, count: int) -> list[Week]:
    """Give the questions of a check phase that began on a day; the first is a week later."""
    days = [calendar.add_weeks(since, number) for number in range(1, count + 2)]
    return [
        Week(number, opens, closes)
        for number, (opens, closes) in enumerate(pairwise(days), start=1)
    ]


def weeks_of(protocol: Protocol, step_key: str) -> int:
    """Say how many weeks the protocol checks in a step; the usual number where it does not say."""
    deadlines = [due for part in protocol.parts(step_key) for due in part.deadlines]
    return max((due.amount for due in deadlines if due.unit == "week"), default=USUAL_WEEKS)
