"""The parts that are made once and shared: settings, database, store, keys, clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session, sessionmaker

from evidence_store import EvidenceStore
from portal.config import Settings
from portal.db import make_engine, make_session_factory
from portal.migrations.run import upgrade
from portal.services import instance_keys, storage
from portal.services.instance_keys import InstanceKeys


@dataclass(frozen=True, slots=True)
class Portal:
    """One running portal, whoever uses it: the web, the worker or a command."""

    settings: Settings
    session_factory: sessionmaker[Session]
    store: EvidenceStore
    keys: InstanceKeys
    clock: Callable[[], datetime]

    def now(self) -> datetime:
        """Give the present instant in UTC."""
        return self.clock().astimezone(UTC)


def build(
    settings: Settings,
    *,
    clock: Callable[[], datetime] | None = None,
    store: EvidenceStore | None = None,
    kept_connections: int = 0,
) -> Portal:
    """Make the parts from the settings; nothing is written but a missing instance key."""
    engine = make_engine(settings.resolved_database_url, kept_connections=kept_connections)
    return Portal(
        settings=settings,
        session_factory=make_session_factory(engine),
        store=store or storage.open_store(settings.resolved_storage_url),
        keys=instance_keys.load_or_create(settings.instance_dir),
        clock=clock or (lambda: datetime.now(UTC)),
    )


def migrate(settings: Settings) -> None:
    """Bring the database up to date."""
    engine = make_engine(settings.resolved_database_url)
    upgrade(engine)
    engine.dispose()
