"""What each role does when an image of somebody naked came in; the words are dated data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.domain.questionnaire import PARENT, SUBJECT, wording

ROLES = ("everybody", "mentor", "coordinator", "leadership")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, with where it comes from and when that was last compared."""

    role: str
    text: str
    source: str
    checked_on: date


@dataclass(frozen=True, slots=True)
class IntimateSteps:
    """The steps in order, and what the reporter is told."""

    steps: tuple[Step, ...]
    notice: str
    notice_formal: str

    @property
    def by_role(self) -> list[tuple[str, list[Step]]]:
        """The steps of each role that has any."""
        return [(role, found) for role in ROLES if (found := self.of_role(role))]

    def of_role(self, role: str) -> list[Step]:
        """The steps of one role, in order."""
        return [step for step in self.steps if step.role == role]


def parse_intimate_steps(tables: Mapping[str, Any]) -> IntimateSteps:
    """Read the steps; every one has its source and the day it was checked.

    Raises:
        ValueError: for a role that is not known.
    """
    steps = tuple(Step(**table) for table in tables["step"])
    strange = {step.role for step in steps} - set(ROLES)
    if strange:
        raise ValueError(sorted(strange))
    told = tables["notice"]["text"]
    return IntimateSteps(steps, wording(told, SUBJECT), wording(told, PARENT))
