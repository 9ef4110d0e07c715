"""Help lines as dated data: who helps in which situation, free numbers first."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Helpline:
    """One row of portal/data/helplines.toml; `title` and `note` are what a page shows."""

    key: str
    name: str
    title: str
    note: str
    phone: str
    free: bool
    hours: str
    situations: tuple[str, ...]
    audience: tuple[str, ...]
    source: str
    checked_on: dt.date
    url: str = ""

    @property
    def tel(self) -> str:
        """The number as a tel: link wants it."""
        return self.phone.replace("-", "").replace(" ", "")


@cache
def every_line() -> tuple[Helpline, ...]:
    text = resources.files("portal").joinpath("data/helplines.toml").read_text(encoding="utf-8")
    lines = [_row(row) for row in tomllib.loads(text)["line"]]
    return tuple(sorted(lines, key=lambda line: not line.free))


def for_situation(situation: str, audience: str | None = "pupil") -> tuple[Helpline, ...]:
    """Give the lines for a situation; audience None means everybody's."""
    return tuple(
        line
        for line in every_line()
        if situation in line.situations and (audience is None or audience in line.audience)
    )


def _row(row: dict[str, object]) -> Helpline:
    lists = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Helpline(**lists)  # type: ignore[arg-type]  # an unknown or missing key fails loudly at the first page
