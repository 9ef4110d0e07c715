"""What a school can set, run or find in its log stands in the documentation."""

import argparse
import dataclasses
import re

import click
import pytest

import evidence_store.cli
import portal.cli
from portal.config import Settings
from portal.domain.custody_kinds import CustodyKind
from tests.architecture.source import documentation


@pytest.fixture(scope="module")
def pages() -> str:
    return documentation()


def test_every_setting_is_documented(pages):
    names = [field.name for field in dataclasses.fields(Settings)]
    assert [name for name in names if f"PORTAL_{name.upper()}" not in pages] == []


def test_every_portal_command_is_documented(pages):
    commands = list(click_commands(portal.cli.main, "portal"))
    assert len(commands) > 5
    assert [name for name in commands if name not in pages] == []


def test_every_evidence_store_command_is_documented(pages):
    commands = library_commands()
    assert {"keygen", "put", "get", "fsck", "inspect", "verify"} <= commands
    assert [name for name in commands if f"evidence-store {name}" not in pages] == []


def test_every_custody_event_is_documented(pages):
    assert [kind.value for kind in CustodyKind if f"`{kind.value}`" not in pages] == []


def test_custody_events_have_one_grammar():
    assert all(re.fullmatch(r"[a-z]+:[a-z_]+", kind.value) for kind in CustodyKind)


def click_commands(command: click.Command, name: str):
    if not isinstance(command, click.Group):
        yield name
        return
    for part, below in command.commands.items():
        if not below.hidden:
            yield from click_commands(below, f"{name} {part}")


def library_commands() -> set[str]:
    parser = evidence_store.cli._parser()
    groups = [
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    ]
    return set(groups[0].choices)
