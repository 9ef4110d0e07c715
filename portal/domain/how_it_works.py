"""What a school's public page says its protocol does: five steps, each with the sentence behind it.

A protocol may come with words of its own for pupils. Any other gets general ones, each bound to an
item of that protocol, or named as ours where the protocol says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.domain.protocol import Item, Protocol
from portal.domain.questionnaire import PARENT, SUBJECT, wording

INTAKE = "intake"
OURS = "portal"
"""The file of a step that no sentence of the protocol stands behind."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a source, and where it begins."""

    quote: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Point:
    """One step or tip, in words for who reads it; `role` fills its ``{role}``."""

    title: str
    text: str
    because: tuple[Sentence, ...]
    picture: str = ""
    role: str = ""

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of the school's own protocol behind it."""
        return tuple(sorted(one.line for one in self.because if one.line))


@dataclass(frozen=True, slots=True)
class HowItWorks:
    """The texts of `how_it_works.toml`."""

    tables: Mapping[str, Any]

    def steps(self, protocol: Protocol, *, formal: bool = False) -> tuple[Point, ...]:
        """The five steps of a protocol."""
        for table in self.tables["protocol"]:
            if table["key"] == protocol.key:
                return tuple(_point(step, table["file"], formal=formal) for step in table["step"])
        return tuple(_derived(step, protocol, formal=formal) for step in self.tables["derived"])

    def tips(self, *, formal: bool = False) -> tuple[Point, ...]:
        """What to do when it happens online, in the order to do it."""
        return tuple(_point(tip, tip["file"], formal=formal) for tip in self.tables["tip"])


def _point(table: Mapping[str, Any], file: str, *, formal: bool) -> Point:
    because = tuple(Sentence(one["quote"], file, one["line"]) for one in table["because"])
    return Point(*_words(table, formal=formal), because, table.get("picture", ""))


def _derived(table: Mapping[str, Any], protocol: Protocol, *, formal: bool) -> Point:
    first = protocol.intake[-1] if protocol.intake else None
    wanted = table["from"]
    title, text = _words(table, formal=formal)
    found: Item | None = first if INTAKE in wanted else next(_actions(protocol, wanted), None)
    because = (
        (Sentence(found.quote, found.file or protocol.seed, found.line),)
        if found is not None
        else (Sentence(text, OURS, 0),)
    )
    role = protocol.label(first.role) if first is not None else ""
    return Point(title, text, because, table["picture"], role)


def _words(table: Mapping[str, Any], *, formal: bool) -> tuple[str, str]:
    """The title and the text as a pupil reads them, or who speaks for somebody else."""
    who = PARENT if formal else SUBJECT
    return wording(table["title"], who), wording(table["text"], who)


def _actions(protocol: Protocol, kinds: Iterable[str]) -> Iterator[Item]:
    """The actions of these kinds that rest on the school's own words, the first kind's first."""
    for kind in kinds:
        for step in protocol.steps:
            yield from (one for one in step.actions if one.kind == kind and one.line)
