"""What is known about a report when it is routed; every fact may be unknown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

CHOICES: dict[str, tuple[str, ...]] = {
    "class_relation": ("same", "different", "unknown"),
    "accused": ("pupil", "staff", "unknown"),
    "reporter": ("subject", "bystander", "parent", "staff"),
}
FLAGS = ("cyber", "group", "ongoing", "structural")


class FactsError(ValueError):
    """The facts cannot be used; the message is one line and names the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`None` and `"unknown"` both mean: not known yet."""

    class_relation: str = "unknown"
    cyber: bool | None = None
    group: bool | None = None
    ongoing: bool | None = None
    structural: bool | None = None
    report_count: int | None = None
    accused: str = "unknown"
    accused_roles: tuple[str, ...] = ()
    reporter: str | None = None

    @property
    def about_staff(self) -> bool:
        """A named role of an accused means staff, whatever `accused` says: the careful reading."""
        return self.accused == "staff" or bool(self.accused_roles)

    @property
    def level(self) -> int:
        """How many reports count: `ongoing` means that an earlier one was already acted on."""
        return max(self.report_count or 1, 2 if self.ongoing else 1)


def parse_facts(data: bytes) -> Facts:
    """Read one UTF-8 JSON object strictly; nothing is guessed or dropped."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise FactsError("facts: not UTF-8") from None
    try:
        value = json.loads(text, object_pairs_hook=_unique_pairs, parse_constant=_no_constant)
    except RecursionError:
        raise FactsError("facts: nested too deeply") from None
    except FactsError:
        raise
    except ValueError as error:
        raise FactsError(f"facts: not valid JSON ({' '.join(str(error).split())})") from None
    if not isinstance(value, dict):
        raise FactsError("facts: must be one JSON object")
    return facts_from(value)


def facts_from(value: dict[str, Any]) -> Facts:
    """Check a mapping of facts; raises FactsError naming the first wrong key."""
    checked: dict[str, Any] = {}
    for key, given in value.items():
        if key in CHOICES:
            checked[key] = _choice(key, given)
        elif key in FLAGS:
            checked[key] = _flag(key, given)
        elif key == "report_count":
            checked[key] = _count(given)
        elif key == "accused_roles":
            checked[key] = _roles(given)
        else:
            raise FactsError(f"{_shown(key)}: unknown key")
    return Facts(**checked)


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise FactsError(f"{_shown(key)}: given twice")
        seen[key] = value
    return seen


def _no_constant(name: str) -> Any:
    raise FactsError(f"facts: {name} is not JSON")


def _choice(key: str, given: object) -> str:
    if not isinstance(given, str):
        raise FactsError(f"{key}: must be text")
    if given not in CHOICES[key]:
        raise FactsError(f"{key}: {_shown(given)} is not one of {', '.join(CHOICES[key])}")
    return given


def _flag(key: str, given: object) -> bool:
    if not isinstance(given, bool):
        raise FactsError(f"{key}: must be true or false")
    return given


def _count(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool):
        raise FactsError("report_count: must be a whole number")
    if given < 1:
        raise FactsError("report_count: must be 1 or more")
    return given


def _roles(given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(role, str) for role in given):
        raise FactsError("accused_roles: must be a list of text")
    if not all(role.strip() for role in given):
        raise FactsError("accused_roles: a role may not be empty")
    if any("\ud800" <= sign <= "\udfff" for role in given for sign in role):
        raise FactsError("accused_roles: half a character")
    return tuple(dict.fromkeys(given))


def _shown(text: str) -> str:
    """Input quoted back on one line, short, with control characters escaped."""
    return json.dumps(text[:60])
