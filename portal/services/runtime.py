"""The parts that are made once and shared: settings, database, store, keys, clock."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session, sessionmaker

from evidence_store import EvidenceStore
from portal.config import Settings, SettingsError
from portal.db import make_engine, make_session_factory
from portal.migrations.run import upgrade
from portal.services import instance_keys, storage
from portal.services.instance_keys import InstanceKeys

COUNTERS = {"memory": "", "redis": "redis", "rediss": "redis"}
"""Where failed attempts may be counted, and the package that this needs."""


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


def check(settings: Settings) -> None:
    """Say before anything starts what this version or this machine cannot work with.

    Raises:
        SettingsError: for storage or counters that it does not offer.
    """
    storage.open_store(settings.resolved_storage_url)
    kind = settings.redis_url.partition(":")[0]
    if kind not in COUNTERS:
        raise SettingsError(f"redis_url: {kind!r} is not offered; use memory:// or redis://")
    package = COUNTERS[kind]
    if package and importlib.util.find_spec(package) is None:
        message = f"redis_url: {kind}: needs the Python package {package}, which is not installed"
        raise SettingsError(message)


def migrate(settings: Settings) -> None:
    """Bring the database up to date."""
    engine = make_engine(settings.resolved_database_url)
    upgrade(engine)
    engine.dispose()
