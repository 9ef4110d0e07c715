"""The documentation keeps up with the code: tables, columns, words, tests and links."""

import re

import pytest

import portal.cli
from portal import models
from portal.domain.custody_kinds import CustodyKind
from portal.models import Base
from portal.services.packets import EVENT_WORDS
from tests.architecture.source import ROOT, files
from tests.architecture.test_documented import click_commands

DOCS = ROOT / "docs"
EVERYWHERE = {"id", "school_id"}
"""Columns that the inventory names once, for all tables."""
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
TEST_FILE = re.compile(r"tests/[a-z_/]+\.py")


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def inventory() -> dict[str, set[str]]:
    """What the threat model lists, by table: every word in code marks of that row."""
    rows = {}
    for line in page("threat-model.md").splitlines():
        cells = line.strip("|").split("|")
        named = CODE.fullmatch(cells[0].strip())
        if named and named.group(1) in Base.metadata.tables:
            rows[named.group(1)] = set(CODE.findall("|".join(cells[1:])))
    return rows


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_the_threat_model_lists_every_column(table):
    columns = {column.name for column in Base.metadata.tables[table].columns}
    assert columns - EVERYWHERE - inventory()[table] == set()


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_the_threat_model_lists_no_column_that_is_gone(table):
    columns = {column.name for column in Base.metadata.tables[table].columns}
    assert {word for word in inventory()[table] if word.islower()} - columns == set()


def test_the_threat_model_lists_no_table_that_is_gone():
    assert set(inventory()) == set(Base.metadata.tables)


def test_every_model_and_custody_kind_stands_in_the_glossary():
    words = set(CODE.findall(page("glossary.md")))
    needed = {name for name in models.__all__ if name[0].isupper()} - {"Base"}
    needed |= {kind.value for kind in CustodyKind}
    assert needed - words == set()


def test_the_glossary_has_the_words_of_the_dossier():
    lines = page("glossary.md").splitlines()
    missing = [
        kind.value
        for kind, words in EVENT_WORDS.items()
        if not any(line.startswith(f"| `{kind.value}` | {words}") for line in lines)
    ]
    assert missing == []


def test_every_command_has_its_line():
    pages = page("commands.md")
    commands = list(click_commands(portal.cli.main, "portal"))
    assert [name for name in commands if f"| `{name}` " not in pages] == []


def test_every_test_that_is_named_as_a_proof_exists():
    named = {name for text in texts().values() for name in TEST_FILE.findall(text)}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_links_lead_somewhere():
    broken = [
        f"{name}: {target}"
        for name, text in texts().items()
        for target, _anchor in LINK.findall(text)
        if "://" not in target and not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []


def texts() -> dict[str, str]:
    pages = [*ROOT.glob("*.md"), *files("docs", endings=(".md",))]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in pages}
