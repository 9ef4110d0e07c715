"""From the tables of a protocol file to a Protocol, naming every fault with its place."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterable
from functools import cache
from typing import Any

from portal.domain import protocol as model
from portal.domain.protocol import Item, Protocol, Step

TABLES = ("roles", "steps", "hard_rules")


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a protocol file: where, what, and what to do about it."""

    place: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.place}: {self.message} — {self.remedy}"


class ProtocolError(ValueError):
    """The file is no protocol; `faults` says why, `made` is what could be read of it."""

    def __init__(self, faults: list[Fault], made: Protocol | None = None) -> None:
        """Keep every fault; the message shows them all."""
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults
        self.made = made


def merge(own: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """Add our own roles, steps and staff rule to a school's file where it has none.

    A school that names a head of its own (rector, directeur) does not get a second one.
    """
    merged = dict(own)
    for table in TABLES:
        mine = own.get(table, [])
        if not isinstance(mine, list):
            continue
        named = {str(row.get("key")) for row in mine if isinstance(row, dict)}
        ranks = {str(row.get("rank")) for row in mine if isinstance(row, dict)}
        merged[table] = mine + [
            row
            for row in common.get(table, [])
            if row["key"] not in named and not (row.get("rank") == "head" and "head" in ranks)
        ]
    merged.setdefault("staff", common["staff"])
    return merged


def parse_protocol(tables: dict[str, Any]) -> Protocol:
    """Build the Protocol, or raise ProtocolError with every structural fault found."""
    reader = _Reader(str(tables.get("seed", "")))
    made = reader.table(Protocol, tables, "bestand")
    if made is not None and made.format != model.FORMAT:
        reader.fault("format", f"versie {made.format} is onbekend", f"gebruik {model.FORMAT}")
    if reader.faults or made is None:
        whole = made is not None and made.staff is not None
        raise ProtocolError(reader.faults, made if whole else None)
    return typing.cast("Protocol", made)


def to_json(thing: object) -> Any:
    """Dataclasses as plain JSON values; the indexes of a Protocol are left out."""
    if dataclasses.is_dataclass(thing):
        return {
            entry.name: to_json(getattr(thing, entry.name))
            for entry in dataclasses.fields(thing)
            if entry.init
        }
    if isinstance(thing, tuple):
        return [to_json(part) for part in thing]
    return thing


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


class _Reader:
    """Reads tables by the types of the dataclasses and gathers faults."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.faults: list[Fault] = []

    def fault(self, place: str, message: str, remedy: str) -> None:
        self.faults.append(Fault(place, message, remedy))

    def table(self, kind: Any, given: object, place: str) -> Any:
        if not isinstance(given, dict):
            self.fault(place, "is geen tabel", "schrijf sleutels met waarden")
            return None
        here = f"{place} '{given['key']}'" if isinstance(given.get("key"), str) else place
        hints = _hints(kind)
        fields = {entry.name: entry for entry in dataclasses.fields(kind) if entry.init}
        for key in sorted(set(given) - set(fields)):
            remedy = like(key, fields) or "haal weg of verbeter de spelling"
            self.fault(here, f"onbekende sleutel '{key}'", remedy)
        values: dict[str, Any] = {}
        for name, entry in fields.items():
            if name in given:
                values[name] = self.value(hints[name], given[name], f"{here}.{name}")
            elif entry.default is dataclasses.MISSING:
                self.fault(here, f"'{name}' ontbreekt", f"vul '{name}' in")
                values[name] = _empty(hints[name])
        if issubclass(kind, Item) and not values.get("file"):
            values["file"] = self.seed
        return kind(**values)

    def value(self, hint: Any, given: object, place: str) -> Any:
        origin = typing.get_origin(hint)
        if origin is tuple:
            return self.sequence(typing.get_args(hint)[0], given, place)
        if origin in (types.UnionType, typing.Union):
            if given is None:  # only from JSON; TOML leaves a thing out
                return None
            hint = next(part for part in typing.get_args(hint) if part is not type(None))
        if dataclasses.is_dataclass(hint):
            return self.table(hint, given, place)
        if type(given) is not hint:
            self.fault(place, "heeft de verkeerde soort waarde", f"verwacht: {_word(hint)}")
            return _empty(hint)
        return given

    def sequence(self, hint: Any, given: object, place: str) -> tuple[Any, ...]:
        if not isinstance(given, list):
            self.fault(place, "is geen lijst", "schrijf [ … ] of herhaal [[ … ]]")
            return ()
        read = (
            self.value(hint, part, f"{place}[{number}]") for number, part in enumerate(given, 1)
        )
        return tuple(part for part in read if part is not None)


def like(key: str, known: Iterable[str]) -> str:
    """The word that was probably meant, as a question; empty where none comes near."""
    near = difflib.get_close_matches(key, [word for word in known if word], n=1, cutoff=0.6)
    return f"bedoelt u '{near[0]}'?" if near else ""


def _empty(hint: Any) -> Any:
    """What stands for a value that could not be read, so that the rest can still be looked at."""
    if typing.get_origin(hint) is tuple:
        return ()
    return hint() if hint in (str, int, bool) else None


def _word(hint: Any) -> str:
    return {str: "tekst", int: "een geheel getal", bool: "true of false"}.get(hint, str(hint))


def items(protocol: Protocol) -> list[tuple[str, Item]]:
    """Every item of a protocol with its place, in the order of the file."""
    found: list[tuple[str, Item]] = [("staff", protocol.staff)]
    groups: list[tuple[str, tuple[Item, ...]]] = [
        ("roles", protocol.roles),
        ("intake", protocol.intake),
        ("intake_also", protocol.intake_also),
        ("steps", protocol.steps),
        ("hard_rules", protocol.hard_rules),
        ("guidance", protocol.guidance),
    ]
    for name, group in groups:
        found += [(f"{name} '{item.key}'", item) for item in group]
    for step in protocol.steps:
        found += [(f"steps '{step.key}'.{name} '{item.key}'", item) for name, item in inside(step)]
    return found


def inside(step: Step) -> list[tuple[str, Item]]:
    """The items within a step, each with the name of its table."""
    groups: list[tuple[str, tuple[Item, ...]]] = [
        ("actions", step.actions),
        ("gates", step.gates),
        ("deadlines", step.deadlines),
        ("communications", step.communications),
        ("registrations", step.registrations),
        ("conditions", step.conditions),
    ]
    return [(name, item) for name, group in groups for item in group]
