"""Questions with ready answers, as staff find them before they change the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TapQuestion:
    """One question that is answered with a tap."""

    key: str
    title: str
    text: str
    options: tuple[str, ...]

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> TapQuestion:
        """Read one table of the data file."""
        return cls(table["key"], table["title"], table["text"], tuple(table["options"]))
