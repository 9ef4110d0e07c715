"""The schools' protocols as data files, and how they are found.

`_portal.toml` holds what is ours in every protocol (reports about staff, the board); it is merged
in when a protocol is read, so a stored protocol stands by itself.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from portal.domain.protocol import OURS, Protocol
from portal.domain.protocol_parse import merge, parse_protocol

COMMON = "_portal"


class UnknownProtocolError(LookupError):
    """There is no protocol with this key."""


def known() -> tuple[str, ...]:
    """The keys of the protocols that come with the portal, sorted."""
    names = (entry.name for entry in resources.files(__name__).iterdir())
    found = (name.removesuffix(".toml") for name in names if name.endswith(".toml"))
    return tuple(sorted(key for key in found if key != COMMON))


@cache
def load(key: str) -> Protocol:
    """The protocol that comes with the portal under this key."""
    return parse_protocol(load_tables(key))


def load_tables(key: str) -> dict[str, Any]:
    """Its tables with ours merged in: plain values, fit to be stored with a case."""
    if key not in known():
        raise UnknownProtocolError(key)
    return complete(_read(key))


def complete(tables: dict[str, Any]) -> dict[str, Any]:
    """A school's own tables with ours merged in."""
    return merge(tables, _read(COMMON))


def with_rules_of_today(tables: dict[str, Any]) -> dict[str, Any]:
    """A stored protocol with today's rules of law and of ours: those change under running cases."""
    kept = [row for row in tables.get("hard_rules", []) if row.get("file", "") not in OURS]
    return {**tables, "hard_rules": kept + _read(COMMON)["hard_rules"]}


def _read(key: str) -> dict[str, Any]:
    text = (resources.files(__name__) / f"{key}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
