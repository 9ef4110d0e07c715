"""How to hold a talk, as data: guides of ours that a school may replace, and the words of notes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

WITH = ("subject", "accused", "class", "parents", "joint")
"""With whom a talk is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A sentence of a school's text that is no advice: shown to staff as a quotation only."""

    protocol: str
    text: str
    file: str
    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkGuide:
    """One guide; `ours` unless the school wrote it."""

    kind: str
    title: str
    aim: str
    do: tuple[str, ...]
    avoid: tuple[str, ...]
    after: str
    source: str
    checked_on: dt.date
    quotes: tuple[Quote, ...] = ()
    ours: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkGuides:
    """All guides, the question whether something may be named, and the words of notes."""

    every: tuple[TalkGuide, ...]
    may_be_named: str
    options: tuple[str, ...]
    refused: tuple[str, ...]
    team: str
    yes_days: int
    """How long a pupil's yes to a talk together counts; a default of ours."""

    def with_own(self, own: Iterable[TalkGuide]) -> TalkGuides:
        """A school's own guides instead of ours."""
        theirs = {guide.kind: guide for guide in own}
        return replace(self, every=tuple(theirs.get(one.kind, one) for one in self.every))

    def shown(self, protocol: str) -> list[TalkGuide]:
        """The guides for a school, each with the quotations from its own protocol only."""
        return [
            replace(one, quotes=tuple(said for said in one.quotes if said.protocol == protocol))
            for one in self.every
        ]

    def question(self, detail: str) -> str:
        """What the reporter is asked about a detail."""
        return self.may_be_named % detail


def parse_talk_guides(tables: Mapping[str, Any]) -> TalkGuides:
    """Read the tables of `talk_guides.toml`."""
    asked, notes = tables["may_be_named"], tables["notes"]
    return TalkGuides(
        every=tuple(guide_from(table) for table in tables["guide"]),
        may_be_named=asked["text"],
        options=tuple(asked["options"]),
        refused=tuple(notes["refused"]),
        team=notes["team"],
        yes_days=tables["together"]["yes_days"],
    )


def guide_from(table: Mapping[str, Any], *, ours: bool = True) -> TalkGuide:
    """Read one guide."""
    given = dict(table)
    kind = given.pop("with")
    if kind not in WITH:
        raise ValueError(kind)
    quotes = tuple(Quote(**one) for one in given.pop("quotes", ()))
    do, avoid = tuple(given.pop("do")), tuple(given.pop("avoid"))
    return TalkGuide(kind=kind, do=do, avoid=avoid, **given, quotes=quotes, ours=ours)
