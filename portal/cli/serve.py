"""`portal serve` and `portal worker`: the running portal."""

from __future__ import annotations

import os
import signal
import socket
import time
from threading import Event
from typing import Any

import click

from evidence_store.inspect import sandbox_status
from portal.config import Settings, SettingsError, load_settings
from portal.serve.supervisor import UnsafeAddressError, supervise
from portal.services import runtime
from portal.services.worker import Orphans, run_once

ROUND_SECONDS = 15


@click.command()
@click.option("--host", help="address to listen on")
@click.option("--port", type=int, help="port to listen on")
@click.option("--cert", "tls_cert", help="TLS certificate (PEM)")
@click.option("--key", "tls_key", help="key of the certificate (PEM)")
@click.option("--workers", type=int, help="web processes")
def serve(**options: Any) -> None:
    """Serve the portal, with its background worker beside it."""
    try:
        settings = load_settings(**{name: value for name, value in options.items() if value})
        run(settings)
    except (SettingsError, UnsafeAddressError) as error:
        raise click.ClickException(str(error)) from error


def run(settings: Settings) -> None:
    """Bring the database up to date and serve until told to stop."""
    runtime.check(settings)
    runtime.migrate(settings)
    click.echo(f"Looking at files is confined by: {sandbox_status()}")
    raise SystemExit(supervise(settings, worker=work))


@click.command()
def worker() -> None:
    """Do the background work: mail, sweeping, checkpoints. `serve` starts one itself."""
    try:
        settings = load_settings()
        runtime.check(settings)
        work(settings)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def work(settings: Settings) -> None:
    """Do rounds of background work until told to stop."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = runtime.build(settings)
    holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{time.monotonic_ns()}"[:64]
    orphans = Orphans()
    while not stop.is_set():
        run_once(parts, holder=holder, now=parts.now(), orphans=orphans)
        stop.wait(ROUND_SECONDS)
