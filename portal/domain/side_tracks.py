"""Tracks beside the protocol: meldcode, the police, a report about staff; dated data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

MELDCODE, POLICE, STAFF = "meldcode", "police", "staff"
TRACKS = (MELDCODE, POLICE, STAFF)


@dataclass(frozen=True, slots=True)
class TrackStep:
    """One thing to do, and what can come of it."""

    key: str
    label: str
    help: str
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Track:
    """One track, with where it comes from and when that was last compared."""

    key: str
    title: str
    about: str
    source: str
    checked_on: date
    steps: tuple[TrackStep, ...]

    def step(self, key: str) -> TrackStep | None:
        """The step with this key, if there is one."""
        return next((one for one in self.steps if one.key == key), None)


def parse_side_tracks(tables: Mapping[str, Any]) -> dict[str, Track]:
    """Read the tracks.

    Raises:
        ValueError: when one is missing, or one more is there.
    """
    found = {
        one["key"]: Track(
            key=one["key"],
            title=one["title"],
            about=one["about"],
            source=one["source"],
            checked_on=tables["checked_on"],
            steps=tuple(_step(step) for step in one["step"]),
        )
        for one in tables["track"]
    }
    if set(found) != set(TRACKS):
        raise ValueError(sorted(found))
    return found


def _step(table: Mapping[str, Any]) -> TrackStep:
    answers = tuple((str(key), str(label)) for key, label in table.get("answers", ()))
    return TrackStep(table["key"], table["label"], table["help"], answers)
