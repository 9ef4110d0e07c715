"""Engine and sessions. Reads run without a transaction; the first write begins one.

SQLite writes begin IMMEDIATE at the first flush: a deferred transaction that turns into a
writer fails under load with SQLITE_BUSY, and an early one would hold the lock while keys are
derived or files encrypted. SQLite's own wait for the lock looks again after ever longer sleeps,
and the unlucky starve; so the threads of a process take turns before they ask for it.
PostgreSQL keeps its ordinary transactions.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

BUSY_TIMEOUT_MS = 30_000
_TURNS, _HAS_TURN = "turns", "has_turn"


def make_engine(url: str, *, kept_connections: int = 0) -> Engine:
    """Make the engine for a database address, with SQLite set up for durable writing.

    Args:
        kept_connections: SQLite connections that stay open between sessions. Only for a process
            that forks no more: a child that inherits one can break the file's locks.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=20, max_overflow=180)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Without a bound, which would make the 16th slow upload wait for the 15 others. Closing the
    # last connection copies the whole log into the file: a server keeps some open.
    pool: dict[str, Any] = {"poolclass": NullPool}
    if kept_connections:
        pool = {"poolclass": QueuePool, "pool_size": kept_connections, "max_overflow": -1}
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _stay_in_autocommit)
    turns = threading.Lock()
    event.listen(engine, "connect", lambda _raw, record: record.info.update({_TURNS: turns}))
    event.listen(engine, "checkin", _end_turn)
    return engine


def make_session_factory(engine: Engine) -> sessionmaker[Session]:
    """Make sessions that flush only when asked, so that a write begins when all is ready."""
    factory = sessionmaker(engine, autoflush=False, expire_on_commit=False)
    if engine.dialect.name == "sqlite":
        event.listen(factory, "before_flush", _begin_immediate)
        event.listen(factory, "do_orm_execute", _begin_for_statement)
    return factory


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
        "temp_store=MEMORY",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _stay_in_autocommit(_connection: Connection) -> None:
    """Send no BEGIN: `_begin_immediate` does, when there is something to write."""


def _begin_immediate(session: Session, *_args: object) -> None:
    begin_write(session)


def _begin_for_statement(state: ORMExecuteState) -> None:
    """Without this an UPDATE or DELETE before the first flush would commit by itself."""
    if not state.is_select:
        begin_write(state.session)


def begin_write(session: Session) -> None:
    """Begin the write transaction now, for a locked read just before a write."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        raw = connection.connection.driver_connection
        if raw is not None and not raw.in_transaction:
            _take_turn(connection)
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def _take_turn(connection: Connection) -> None:
    """Wait for the other writers of this process; after that SQLite's own wait decides."""
    if not connection.info.get(_HAS_TURN):
        turns: threading.Lock = connection.info[_TURNS]
        connection.info[_HAS_TURN] = turns.acquire(timeout=BUSY_TIMEOUT_MS / 1000)


def _end_turn(_raw: object, record: ConnectionPoolEntry) -> None:
    """Every end of a transaction gives the connection back, whatever became of it."""
    if record.info.pop(_HAS_TURN, False):
        record.info[_TURNS].release()


def forget_deleted(session: Session) -> None:
    """Empty SQLite's write-ahead log, where what was overwritten in the file still stands.

    Where somebody reads meanwhile it is emptied next time. PostgreSQL's own log is not ours.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
