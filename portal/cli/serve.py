"""`portal serve` and `portal worker`: the running portal."""

from __future__ import annotations

import os
import signal
import socket
import time
from datetime import UTC, datetime
from threading import Event

import click

from evidence_store.inspect import sandbox_status
from portal.config import Settings, SettingsError, load_settings
from portal.db import make_engine, make_session_factory
from portal.migrations.run import upgrade
from portal.serve.supervisor import UnsafeAddressError, supervise
from portal.services import instance_keys, storage
from portal.services.worker import run_once

ROUND_SECONDS = 15


@click.command()
@click.option("--host", help="address to listen on")
@click.option("--port", type=int, help="port to listen on")
@click.option("--cert", "tls_cert", help="TLS certificate (PEM)")
@click.option("--key", "tls_key", help="key of the certificate (PEM)")
@click.option("--workers", type=int, help="web processes")
def serve(**options: str | int | None) -> None:
    """Serve the portal, with its background worker beside it."""
    try:
        settings = load_settings(**{name: value for name, value in options.items() if value})
        run(settings)
    except (SettingsError, UnsafeAddressError) as error:
        raise click.ClickException(str(error)) from error


def run(settings: Settings) -> None:
    """Bring the database up to date and serve until told to stop."""
    upgrade(make_engine(settings.resolved_database_url))
    click.echo(f"Looking at files is confined by: {sandbox_status()}")
    raise SystemExit(supervise(settings, worker=work))


@click.command()
def worker() -> None:
    """Do the background work: mail, sweeping, checkpoints. `serve` starts one itself."""
    try:
        work(load_settings())
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def work(settings: Settings) -> None:
    """Do rounds of background work until told to stop."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    factory = make_session_factory(make_engine(settings.resolved_database_url))
    store = storage.open_store(settings.resolved_storage_url)
    keys = instance_keys.load_or_create(settings.instance_dir)
    holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{time.monotonic_ns()}"[:64]
    while not stop.is_set():
        run_once(
            factory,
            settings=settings,
            store=store,
            keys=keys,
            holder=holder,
            now=datetime.now(UTC),
        )
        stop.wait(ROUND_SECONDS)
