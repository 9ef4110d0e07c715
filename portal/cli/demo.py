"""`portal demo`: fictional schools, filled and served on this machine only."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import click
import pyotp

from portal.cli.serve import run
from portal.config import PROJECT_ROOT, Settings, SettingsError, load_settings
from portal.demo.build import ACCOUNTS_FILE, fill
from portal.serve.supervisor import UnsafeAddressError
from portal.services import runtime

DEFAULT_DATA = PROJECT_ROOT / "instance" / "demo"
SHOWN_ROLES = ("mentor", "coach", "leerlingcoordinator", "teamleider", "schoolleiding")


@click.command()
@click.option("--port", type=int, default=8000, show_default=True, help="port on 127.0.0.1")
@click.option("--data", type=click.Path(path_type=Path), default=DEFAULT_DATA, help="state folder")
@click.option("--reset", is_flag=True, help="throw the state away and begin again")
@click.option("--totp", "login", metavar="SCHOOL/LOGIN", help="print the six digits of now")
@click.option("--fill-only", is_flag=True, help="fill the state folder and do not serve")
def demo(port: int, data: Path, reset: bool, login: str | None, fill_only: bool) -> None:  # noqa: FBT001 - click's flags
    """Fill fictional schools and serve them on http://127.0.0.1:PORT."""
    if login:
        click.echo(_digits(data, login))
        return
    if reset and (data / ACCOUNTS_FILE).exists():
        shutil.rmtree(data)
    try:
        settings = load_settings(data, host="127.0.0.1", port=port)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    _prepare(settings)
    _say_hello(settings)
    if not fill_only:
        try:
            run(settings)
        except UnsafeAddressError as error:
            raise click.ClickException(str(error)) from error


def _prepare(settings: Settings) -> None:
    """Fill the state folder once; a half-filled one is begun again."""
    data = settings.instance_dir
    if (data / ACCOUNTS_FILE).exists():
        return
    if data.exists() and any(data.iterdir()):
        if not (data / "instance.key").exists():
            raise click.ClickException(f"{data} is not empty and not a demo; choose another --data")
        shutil.rmtree(data)
    started = time.monotonic()
    click.echo("Filling five fictional schools …")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    runtime.migrate(settings)
    fill(settings, now=runtime.build(settings).now())
    click.echo(f"Filled in {time.monotonic() - started:.0f} s.")


def _accounts(data: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((data / ACCOUNTS_FILE).read_text("utf-8"))
    return found


def _digits(data: Path, login: str) -> str:
    slug, _, wanted = login.partition("/")
    for school in _accounts(data):
        for person in school["staff"]:
            if (school["slug"], person["login"]) == (slug, wanted):
                return pyotp.TOTP(person["totp"]).now()
    raise click.ClickException(f"nobody logs in as {login}; see {data / ACCOUNTS_FILE}")


def _say_hello(settings: Settings) -> None:
    address = f"http://127.0.0.1:{settings.port}"
    click.echo(f"\n  All schools:  {address}/\n")
    for school in _accounts(settings.instance_dir):
        click.echo(f"  {school['name']} ({school['protocol']})  {address}/{school['slug']}/")
        for person in _shown(school):
            role = person["roles"][0]
            click.echo(f"    {role:22} {person['login']:8} {person['passphrase']}")
    click.echo(
        f"\n  Staff log in at {address}/SCHOOL/bureau/ with log-in name, passphrase and six digits:"
        "\n    .venv/bin/portal demo --totp SCHOOL/LOGIN"
        f"\n  All log-ins, and codes of some reports: {settings.instance_dir / ACCOUNTS_FILE}"
        "\n  Stop with Ctrl-C.\n"
    )


def _shown(school: dict[str, Any]) -> list[dict[str, Any]]:
    """Choose two people of different roles to try; who handles the first story leads."""
    first = school.get("handles_first", "")
    by_role: dict[str, dict[str, Any]] = {}
    for person in sorted(school["staff"], key=lambda one: one["login"] != first):
        by_role.setdefault(person["roles"][0], person)
    lead = [person for person in by_role.values() if person["login"] == first]
    rest = [by_role[role] for role in SHOWN_ROLES if role in by_role]
    return [*lead, *(person for person in rest if person not in lead)][:2]
