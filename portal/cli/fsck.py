"""`portal fsck`: does the database say what its log says, and are all originals there."""

from __future__ import annotations

import click

from portal.cli.school import instance
from portal.config import load_settings
from portal.services import audit, storage


@click.command("fsck")
@click.option("--read-all", is_flag=True, help="Also hash every stored file.")
def fsck(read_all: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Check keys, readers, log and stored files; exit 0 when whole, 1 with each fault named."""
    with instance() as (session, keys):
        store = storage.open_store(load_settings().resolved_storage_url)
        findings = audit.check_all(session, instance=keys, store=store, read_all=read_all)
    for finding in findings:
        click.echo(str(finding))
    if findings:
        raise SystemExit(1)
    click.echo("Alles klopt.")
