"""The order of files: as they arrived, within one request by name, the same before and after.

A sealed file has no name any more, so it keeps its place among those it came with: exhibits are
numbered by this order, and a number that was said aloud must not move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

T = TypeVar("T")
Body = Mapping[str, Any]


def in_order(items: Iterable[T], body_of: Callable[[T], Body]) -> list[T]:
    """Order files by what their listings or records say."""
    by_name = sorted(items, key=lambda item: _key(body_of(item)))
    found: list[T] = []
    for _, group in groupby(by_name, key=lambda item: str(body_of(item)["at"])):
        together = list(group)
        standing = [item for item in together if "place" not in body_of(item)]
        placed = [item for item in together if "place" in body_of(item)]
        for item in sorted(placed, key=lambda item: int(body_of(item)["place"])):
            standing.insert(int(body_of(item)["place"]), item)
        found += standing
    return found


def place_of(ordered: Sequence[Body], evidence_id: str) -> int:
    """Give the place of a file among those that came with it, to be kept when it is sealed."""
    one = next(body for body in ordered if body["evidence"] == evidence_id)
    together = [body["evidence"] for body in ordered if body["at"] == one["at"]]
    return together.index(evidence_id)


def _key(body: Body) -> tuple[str, str, str]:
    return str(body["at"]), str(body["name"]), str(body["evidence"])
