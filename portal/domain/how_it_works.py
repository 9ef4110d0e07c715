"""What a school's public page says its protocol does: five steps, each with the sentence behind it.

A protocol may come with words of its own for pupils. Any other gets general ones, each bound to an
item of that protocol, or named as ours where the protocol says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.domain.protocol import Item, Protocol

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
    """One step or tip, in words for a pupil; `role` fills its ``{role}``."""

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

    def steps(self, protocol: Protocol) -> tuple[Point, ...]:
        """The five steps of a protocol."""
        for table in self.tables["protocol"]:
            if table["key"] == protocol.key:
                return tuple(_point(step, table["file"]) for step in table["step"])
        return tuple(_derived(step, protocol) for step in self.tables["derived"])

    def tips(self) -> tuple[Point, ...]:
        """What to do when it happens online, in the order to do it."""
        return tuple(_point(tip, tip["file"]) for tip in self.tables["tip"])


def _point(table: Mapping[str, Any], file: str) -> Point:
    because = tuple(Sentence(one["quote"], file, one["line"]) for one in table["because"])
    return Point(table["title"], table["text"], because, table.get("picture", ""))


def _derived(table: Mapping[str, Any], protocol: Protocol) -> Point:
    first = protocol.intake[-1] if protocol.intake else None
    wanted = table["from"]
    found: Item | None = first if INTAKE in wanted else next(_actions(protocol, wanted), None)
    because = (
        (Sentence(found.quote, found.file or protocol.seed, found.line),)
        if found is not None
        else (Sentence(table["text"], OURS, 0),)
    )
    role = protocol.label(first.role) if first is not None else ""
    return Point(table["title"], table["text"], because, table["picture"], role)


def _actions(protocol: Protocol, kinds: Iterable[str]) -> Iterator[Item]:
    """The actions of these kinds that rest on the school's own words, the first kind's first."""
    for kind in kinds:
        for step in protocol.steps:
            yield from (one for one in step.actions if one.kind == kind and one.line)
