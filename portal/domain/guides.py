"""How to keep what happened in an app: the guides as data, and which one belongs to an address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TELLS, FADES = "tells", "fades"
# What is warned of first, and then what to do, in the order of the page.
WARNINGS = (TELLS, FADES)
STEPS = ("screenshot", "export", "post", "profile", "save")
KINDS = (*WARNINGS, *STEPS)
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to know or to do; `iphone` and `android` only where they differ."""

    kind: str
    source: str
    title: str = ""
    lines: tuple[str, ...] = ()
    iphone: tuple[str, ...] = ()
    android: tuple[str, ...] = ()
    picture: str = ""
    notice: str = ""
    records: bool = False
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """Everything about one app, dated."""

    key: str
    platform: str
    name: str
    heading: str
    small: str
    checked_on: dt.date
    hosts: tuple[str, ...]
    steps: tuple[Step, ...]

    def step(self, kind: str) -> Step:
        """The step about this."""
        return next(step for step in self.steps if step.kind == kind)


@dataclass(frozen=True, slots=True)
class StillPossible:
    """What can be done when nothing was kept."""

    title: str
    text: str
    icon: str
    source: str
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class Guides:
    """All guides, what holds for each, and what is left when nothing was kept."""

    every: tuple[Guide, ...]
    always: Mapping[str, Step]
    nothing: tuple[StillPossible, ...]

    def find(self, key: str) -> Guide | None:
        """The guide with this key, if there is one."""
        return next((guide for guide in self.every if guide.key == key), None)

    def of_platform(self, platform: str) -> Guide | None:
        """The guide of a platform of the questionnaire, if there is one."""
        return next((one for one in self.every if platform and one.platform == platform), None)

    def platform_of(self, address: str) -> str:
        """The platform that an address belongs to, by its host; empty where it is not known."""
        host = host_of(address)
        for guide in self.every:
            if any(host == known or host.endswith(f".{known}") for known in guide.hosts):
                return guide.platform
        return ""


def parse_guides(tables: Mapping[str, Any]) -> Guides:
    """Read the tables of `guides.toml`."""
    always = [_step(table) for table in tables["always"]]
    return Guides(
        every=tuple(_guide(table) for table in tables["guide"]),
        always={step.kind: step for step in always},
        nothing=tuple(StillPossible(**table) for table in tables["nothing"]),
    )


def host_of(address: str) -> str:
    """The host of what was typed or pasted, with or without ``https://`` and text before it."""
    for word in reversed(address.lower().split()):
        host = word.partition("://")[2] or word
        host = host.partition("/")[0].partition("?")[0].rpartition("@")[2].partition(":")[0]
        if "." in host.strip("."):
            return host.strip(".").removeprefix("www.")
    return ""


def looks_like_address(text: str) -> bool:
    """Whether a browser could make something of it."""
    return bool(host_of(text))


def tracking_in(address: str) -> str:
    """What a share link carries behind its question mark; it is kept as it was typed."""
    return address.partition("?")[2]


def _guide(table: Mapping[str, Any]) -> Guide:
    given = dict(table)
    steps = tuple(_step(step) for step in given.pop("steps"))
    return Guide(**{**given, "hosts": tuple(given["hosts"]), "steps": steps})


def _step(table: Mapping[str, Any]) -> Step:
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return Step(**given)
