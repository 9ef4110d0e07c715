"""Help lines as dated data: who helps in which situation, and who picks up the telephone now."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

from portal import data
from portal.domain import reading_hours
from portal.domain.deadlines import local_date
from portal.domain.reading_hours import Hours, Opening

CHECK_AFTER = dt.timedelta(days=365)
PAID = "0900"


@dataclass(frozen=True)
class Helpline:
    """One row of portal/data/helplines.toml; `title` and `note` are what a page shows."""

    key: str
    name: str
    title: str
    note: str
    free: bool
    anonymous: bool
    open: str
    holidays: bool
    languages: tuple[str, ...]
    situations: tuple[str, ...]
    audience: tuple[str, ...]
    source: str
    checked_on: dt.date
    phone: str = ""
    url: str = ""
    chat: str = ""
    email: str = ""
    recalled: tuple[str, ...] = ()

    @property
    def tel(self) -> str:
        """The number as a tel: link wants it."""
        return self.phone.replace("-", "").replace(" ", "")

    @cached_property
    def hours(self) -> Hours | None:
        """When it answers; None when nobody found out."""
        return reading_hours.parse(self.open) if self.open else None

    def opening(self, moment: dt.datetime) -> Opening | None:
        """Say whether somebody answers now, or when; None when that is not known."""
        if self.hours is None:
            return None
        free_days = frozenset() if self.holidays else data.public_holidays()
        return reading_hours.opening(self.hours, moment, free_days.__contains__)

    def answers(self, moment: dt.datetime) -> bool:
        """Whether somebody surely answers now."""
        found = self.opening(moment)
        return found is not None and found.is_open


@cache
def every_line() -> tuple[Helpline, ...]:
    text = resources.files("portal").joinpath("data/helplines.toml").read_text(encoding="utf-8")
    lines = [_row(row) for row in tomllib.loads(text)["line"]]
    return tuple(sorted(lines, key=lambda line: not line.free))


def for_situation(
    situation: str, audience: str | None = "pupil", moment: dt.datetime | None = None
) -> tuple[Helpline, ...]:
    """Give the lines for a situation: who answers now first, numbers that cost money last.

    Args:
        audience: whose lines; None means everybody's.
        moment: now; without one the order of the file stands, free numbers first.
    """
    found = [
        line
        for line in every_line()
        if situation in line.situations and (audience is None or audience in line.audience)
    ]
    if moment is not None:
        found.sort(key=lambda line: (line.phone.startswith(PAID), not line.answers(moment)))
    return tuple(found)


def overdue(moment: dt.datetime) -> list[Helpline]:
    """Give the lines that nobody compared with their source for a year."""
    today = local_date(moment)
    return [line for line in every_line() if today - line.checked_on > CHECK_AFTER]


def _row(row: dict[str, object]) -> Helpline:
    lists = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Helpline(**lists)  # type: ignore[arg-type]  # an unknown or missing key fails loudly at the first page
