"""`portal protocol list | check | show | route`: the protocols, and who gets a report and why."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

import click

from portal import protocols
from portal.cli.protocol_words import shown
from portal.domain.facts import FactsError, parse_facts
from portal.domain.protocol import Protocol
from portal.domain.protocol_check import check_tables
from portal.domain.protocol_parse import Fault, items, to_json
from portal.domain.routing import Decision, route

FACTS_LIMIT = 1_000_000  # bytes; a facts file is a few hundred


@click.group("protocol")
def protocol() -> None:
    """The schools' protocols: list, check, show, and route a report."""


@protocol.command("list")
def list_command() -> None:
    """Print the protocol keys, one per line."""
    for key in protocols.known():
        click.echo(key)


@protocol.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source",
    type=click.Path(path_type=Path),
    help="The protocol's own text, to check the quotes against; by default looked for beside FILE.",
)
def check_command(file: Path, source: Path | None) -> None:
    """Name every fault of a protocol FILE. Exit 0 when it is sound, 1 when not."""
    try:
        own = tomllib.loads(_read(file).decode("utf-8"))
    except UnicodeDecodeError:
        _faulty([Fault(file.name, "is geen UTF-8", "sla het bestand op als UTF-8")])
    except RecursionError:
        _faulty([Fault(file.name, "is te diep genest", "schrijf het vlakker")])
    except tomllib.TOMLDecodeError as error:
        _faulty([_no_toml(file, str(error))])
    text = _source_text(str(own.get("seed", "")), file, source)
    found, faults = check_tables(protocols.complete(own), text)
    if faults or found is None:
        _faulty(faults)
    looked = "" if text is not None else " (bron niet gevonden: citaten niet nagekeken)"
    count = len(found.steps)
    click.echo(f"{found.key}: in orde, {count} stappen, {len(items(found))} onderdelen{looked}")


@protocol.command("show")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(key: str, *, as_json: bool) -> None:
    """Print everything protocol KEY says, each item with the sentence behind it."""
    found = _load(key)
    if as_json:
        _say(json.dumps(to_json(found), ensure_ascii=False, indent=2))
    else:
        _say("\n".join(shown(found)))


@protocol.command("route")
@click.argument("key")
@click.option(
    "--facts", "facts_file", required=True, help="JSON file with what is known; - reads stdin."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def route_command(key: str, facts_file: str, *, as_json: bool) -> None:
    """Print who handles a report under protocol KEY, at which step, and why."""
    found = _load(key)
    data = sys.stdin.buffer.read(FACTS_LIMIT) if facts_file == "-" else _read(Path(facts_file))
    try:
        decision = route(found, parse_facts(data))
    except FactsError as error:
        _stop(str(error))
    if as_json:
        _say(json.dumps(decision.answer(), ensure_ascii=False, indent=2))
    else:
        _say("\n".join(_told(found, decision)))


def _load(key: str) -> Protocol:
    try:
        return protocols.load(key)
    except protocols.UnknownProtocolError:
        _stop(f"{json.dumps(key)}: unknown protocol; known: {', '.join(protocols.known())}")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FACTS_LIMIT)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        _stop(f"{json.dumps(str(path))}: cannot be read ({reason})")


def _no_toml(file: Path, error: str) -> Fault:
    """What stops the file from being read: the first such place only, nothing after it is known."""
    place = re.search(r"line (\d+), column (\d+)", error)
    where = f"{file.name} regel {place[1]}, teken {place[2]}" if place else file.name
    remedy = "kijk of een aanhalingsteken, haak of = ontbreekt; daarna ziet u de rest"
    return Fault(where, "is geen TOML", remedy)


def _source_text(seed: str, file: Path, source: Path | None) -> str | None:
    """The seed as text with its own line feeds, or None when it is not at hand."""
    if source is None:
        beside = file.parent / Path(seed).name
        if not beside.is_file():
            return None
        source = beside
    return _read(source).decode("utf-8", "replace")


def _say(text: str) -> None:
    """UTF-8 whatever the terminal's locale is: quotes are passed on sign by sign."""
    click.echo(text.encode("utf-8"))


def _stop(message: str) -> NoReturn:
    click.echo(f"portal protocol: {message}", err=True)
    raise SystemExit(2)


def _faulty(faults: list[Fault]) -> NoReturn:
    for fault in faults:
        click.echo(str(fault), err=True)
    raise SystemExit(1)


def _told(found: Protocol, decision: Decision) -> list[str]:
    step = found.step(decision.step)
    waiting = dict(decision.gated)
    also = [
        found.label(role) + (" (na de voorwaarde)" if role in waiting else "")
        for role in decision.also
    ]
    lines = [
        f"Behandelt:   {found.label(decision.role)} [{decision.role}]",
        f"Stap:        {step.label if step else decision.step} [{decision.step}]",
        f"Weet het ook: {', '.join(also) or 'niemand'}",
        f"Mag het niet weten: {', '.join(decision.excluded) or 'niemand genoemd'}",
        "Waarom:",
    ]
    for why in decision.explanation:
        where = f"{why.file} r. {why.line}" if why.line else why.file
        lines.append(f"  - {why.quote} ({where}; {why.rule})")
    return lines
