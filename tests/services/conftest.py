"""Fixtures of the service tests: every test runs on SQLite, and on PostgreSQL too."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from portal.db import make_engine, make_session_factory
from portal.migrations.run import upgrade
from portal.models import School, new_id
from portal.services import schools, transaction
from portal.services.schools import SchoolView
from tests.databases import postgres_server

NOW = datetime(2026, 11, 16, 9, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Run one PostgreSQL server for the whole session."""
    with (
        tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder,  # noqa: S108 - short socket path
        postgres_server(Path(folder)) as address,
    ):
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give an engine on a fresh, migrated database of each kind."""
    if request.param == "sqlite":
        made = make_engine(f"sqlite:///{tmp_path / 'portal.sqlite3'}")
    else:
        address = request.getfixturevalue("postgres")
        name = f"t_{new_id()}"
        server = create_engine(address.format(name="postgres"), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        server.dispose()
        made = make_engine(address.format(name=name))
    upgrade(made)
    yield made
    made.dispose()


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
def school(session: Session) -> SchoolView:
    """Give a school that is open for reports."""
    row = School(slug="waterkant", name="Lyceum Waterkant", protocol_key="cals", opened_at=NOW)
    session.add(row)
    transaction.commit(session)
    return schools.view_of(row)
