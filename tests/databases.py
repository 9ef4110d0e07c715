"""Databases for tests: SQLite in a folder, and a PostgreSQL server of our own on a socket."""

from __future__ import annotations

import atexit
import functools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from portal.db import make_engine
from portal.migrations.run import upgrade
from portal.models import Base

DEBIAN = Path("/usr/lib/postgresql")


@functools.cache
def _migrated_once() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="migrated"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "portal.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


def migrated_engine(folder: Path) -> Engine:
    """Give an engine on a migrated SQLite file in a folder: a copy, for migrating takes long."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = shutil.copy(_migrated_once(), folder)
    return make_engine(f"sqlite:///{copy}")


def empty(engine: Engine) -> None:
    """Take every row out of a PostgreSQL database, whoever else still holds on to it."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
    others += "current_database() AND pid <> pg_backend_pid()"
    rows = "; ".join(f'DELETE FROM "{name}"' for name in Base.metadata.tables)
    engine.dispose()
    with engine.begin() as connection:
        connection.execute(text(others))
        connection.execute(text(f"SET LOCAL session_replication_role = replica; {rows}"))
    engine.dispose()


def postgres_programs() -> Path | None:
    """Find the folder with initdb and pg_ctl."""
    found = sorted(DEBIAN.glob("*/bin/pg_ctl"))
    if found:
        return found[-1].parent
    on_path = shutil.which("pg_ctl")
    return Path(on_path).parent if on_path else None


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server in a folder; gives an address with the database name left open."""
    programs = postgres_programs()
    if programs is None:
        message = "PostgreSQL is not installed (apt install postgresql)"
        raise RuntimeError(message)
    as_postgres: list[str] = []
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_postgres = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"
    run = [*as_postgres, str(programs / "initdb"), "-D", str(data), "-U", "portal", "-A", "trust"]
    subprocess.run([*run, "-E", "UTF8"], check=True, capture_output=True, cwd="/")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    control = [*as_postgres, str(programs / "pg_ctl"), "-D", str(data), "-w"]
    log = ["-l", str(folder / "log")]
    subprocess.run([*control, *log, "-o", options, "start"], check=True, cwd="/")
    try:
        yield f"postgresql+psycopg://portal@/{{name}}?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, cwd="/")
