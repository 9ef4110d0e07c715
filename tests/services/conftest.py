"""Fixtures of the service tests: every test runs on SQLite, and on PostgreSQL too."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from portal.db import make_engine, make_session_factory
from portal.migrations.run import upgrade
from portal.models import School
from portal.services import schools, transaction, uploads
from portal.services.schools import SchoolView
from tests.databases import empty, migrated_engine, postgres_server
from tests.services.world import World, make_world

NOW = datetime(2026, 11, 16, 9, 30, 12, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask PostgreSQL every question once; with other values of the same in the full sweeps."""
    asked = set()
    for item in items:
        given = getattr(item, "callspec", None)
        if given is not None and given.params.get("engine") == "postgresql":
            question = (item.path, item.originalname)
            if question in asked:
                item.add_marker(pytest.mark.sweep)
            asked.add(question)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Run one PostgreSQL server for the whole session."""
    with (
        tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder,
        postgres_server(Path(folder)) as address,
    ):
        yield address


@pytest.fixture(scope="session")
def migrated(postgres: str) -> Engine:
    """Migrate one PostgreSQL database, which every test finds empty."""
    made = make_engine(postgres.format(name="postgres"))
    upgrade(made)
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give an engine on an empty, migrated database of each kind."""
    if request.param == "sqlite":
        made = migrated_engine(tmp_path)
        yield made
        made.dispose()
        return
    made = request.getfixturevalue("migrated")
    yield made
    empty(made)


@pytest.fixture
def factory(engine: Engine) -> sessionmaker[Session]:
    """Give a session factory on it."""
    return make_session_factory(engine)


@pytest.fixture
def session(factory: sessionmaker[Session]) -> Iterator[Session]:
    """Give one session."""
    with factory() as made:
        yield made


@pytest.fixture
def world(factory: sessionmaker[Session], tmp_path: Path) -> World:
    """Give a school with staff who can read, open for reports."""
    return make_world(factory, tmp_path / "instance")


@pytest.fixture
def plain_inspection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files in without the child process that looks at them, where that is not the point."""
    facts = {"type": "application/octet-stream", "preview": "none", "warnings": [], "facts": {}}
    monkeypatch.setattr(uploads, "describe", lambda *_args, **_more: dict(facts))


@pytest.fixture
def school(session: Session) -> SchoolView:
    """Give a school that is open for reports."""
    row = School(slug="waterkant", name="Lyceum Waterkant", protocol_key="cals", opened_at=NOW)
    session.add(row)
    transaction.commit(session)
    return schools.view_of(row)
