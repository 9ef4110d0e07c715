"""`portal init`, `roster`, `staff`, `open`, `recover`: setting a school up, and getting back in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy.orm import Session

from evidence_store import EvidenceStoreError, parse_identities
from portal import protocols
from portal.config import SettingsError, load_settings
from portal.db import make_engine, make_session_factory
from portal.migrations.run import upgrade
from portal.services import (
    accounts,
    founding,
    instance_keys,
    printed_codes,
    roster,
    schools,
    staff_list,
    transaction,
)
from portal.services.custody import Actor
from portal.services.errors import ConflictError, InvalidInputError, ServiceError
from portal.services.founding import Holder, Invited
from portal.services.instance_keys import InstanceKeys
from portal.services.roster_files import RosterFiles, RosterFilesError, read_pair
from portal.services.schools import SchoolView

COMMAND_LINE = Actor("command-line")
HOLDERS_SHOWN = """
Herstelsleutels. Drie mensen bewaren elk een eigen geprinte sleutel; twee samen kunnen een zaak
openen, niemand alleen. Iedere houder doet zelf, op een eigen computer:
    evidence-store keygen > herstelsleutel.txt
print dat bestand, bewaart de print in de kluis, wist het bestand, en geeft u alleen de regel
die met age1 begint.
"""
GAPS = "Deze meldingen komen nu bij minder dan twee mensen uit:"
SAID = {
    ("slug", "malformed"): "--slug: kleine letters, cijfers en streepjes, zoals lindecollege",
    ("name", "missing"): "--name: de naam van de school ontbreekt",
    ("protocol", "unknown"): "--protocol: bekend zijn {protocols}",
    ("holder", "too_few"): "--holder: er zijn minstens drie houders nodig",
    ("holder", "recipient"): "--holder-recipient: dit is geen age-ontvanger (age1 en 58 tekens)",
    ("holder", "same_key"): "--holder-recipient: twee houders hebben dezelfde sleutel",
    ("founder", "unknown"): "--founder: deze code staat niet in staff.csv",
    ("school", "unknown"): "--school: deze school is er niet",
}
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@contextmanager
def instance() -> Iterator[tuple[Session, InstanceKeys]]:
    """Open this installation's database, made and migrated when it is new."""
    try:
        settings = load_settings()
    except (SettingsError, OSError, ValueError) as error:
        fail(str(error))
    keys = instance_keys.load_or_create(settings.instance_dir)
    engine = make_engine(settings.resolved_database_url)
    upgrade(engine)
    session = make_session_factory(engine)()
    try:
        yield session, keys
    except InvalidInputError as error:
        fail(say(error))
    except RosterFilesError as error:
        fail("\n".join(map(str, error.problems)))
    except ServiceError as error:
        fail(str(error))
    finally:
        transaction.rollback(session)
        session.close()
        engine.dispose()


def fail(text: str) -> NoReturn:
    """End with a plain line on standard error and exit code 1."""
    click.echo(text, err=True)
    raise SystemExit(1)


def say(error: InvalidInputError) -> str:
    """Give the Dutch sentence for a refusal."""
    found = SAID.get((error.field, error.problem), str(error))
    return found.format(protocols=", ".join(protocols.known()))


def school_of(session: Session, slug: str) -> SchoolView:
    """Find a school or end with a plain line."""
    school = schools.find(session, slug=slug)
    if school is None:
        raise InvalidInputError("school", "unknown")
    return school


def moment() -> datetime:
    """Give the present instant: commands are the edge, as requests are."""
    return datetime.now(UTC)


@click.command("init")
@click.option("--slug", required=True, help="Name in the address, such as lindecollege.")
@click.option("--name", required=True, help="Name of the school.")
@click.option("--protocol", "protocol_key", required=True, help="See `portal protocol list`.")
@click.option("--place", default="", help="Town.")
@click.option("--staff", "staff_file", required=True, type=FILE, help="staff.csv")
@click.option("--classes", "classes_file", required=True, type=FILE, help="classes.csv")
@click.option(
    "--holder",
    "holder_names",
    multiple=True,
    help="Who keeps a recovery key: a name, or the code of somebody in staff.csv. Three times.",
)
@click.option(
    "--holder-recipient",
    "holder_recipients",
    multiple=True,
    help="That holder's age1… recipient, or a file that holds it; in the same order.",
)
@click.option("--founder", required=True, help="Code of the first administrator in staff.csv.")
def init(
    slug: str,
    name: str,
    protocol_key: str,
    place: str,
    staff_file: Path,
    classes_file: Path,
    holder_names: tuple[str, ...],
    holder_recipients: tuple[str, ...],
    founder: str,
) -> None:
    """Found a school: protocol, roster, recovery holders; prints the activation codes once."""
    files = read_files(protocol_key, staff_file, classes_file)
    holders = holders_from(holder_names, holder_recipients, files)
    with instance() as (session, keys):
        try:
            invited = founding.found(
                session,
                slug=slug,
                name=name,
                protocol_key=protocol_key,
                place=place,
                files=files,
                holders=holders,
                founder_code=founder,
                keys=keys,
                now=moment(),
            )
        except ConflictError:
            fail(f"School {slug} bestaat al. Er is niets veranderd.")
        transaction.commit(session)
    click.echo(f"School {slug} is gemaakt, met {len(files.classes)} klassen.\n")
    show_codes(slug, invited)
    click.echo(
        f"\n{founder} begint: die sleutel telt meteen en kan die van de anderen bevestigen."
        f"\nDaarna: portal open --school {slug}"
    )


def read_files(protocol_key: str, staff_file: Path, classes_file: Path) -> RosterFiles:
    """Read the CSV pair, or end with each mistake on a line of its own."""
    try:
        protocol = protocols.load(protocol_key)
        return read_pair(staff_file.read_bytes(), classes_file.read_bytes(), protocol)
    except protocols.UnknownProtocolError:
        fail(say(InvalidInputError("protocol", "unknown")))
    except RosterFilesError as error:
        fail("\n".join(map(str, error.problems)))


def holders_from(
    names: Sequence[str], recipients: Sequence[str], files: RosterFiles
) -> list[Holder]:
    """Join names and recipients; ask on the terminal for what is missing."""
    names, recipients = list(names), list(recipients)
    if not names or len(recipients) < len(names):
        click.echo(HOLDERS_SHOWN)
    while len(names) < founding.FEWEST_HOLDERS:
        names.append(click.prompt(f"Naam of code van houder {len(names) + 1}"))
    while len(recipients) < len(names):
        recipients.append(click.prompt(f"Ontvanger (age1…) van {names[len(recipients)]}"))
    if len(recipients) > len(names):
        fail("--holder-recipient: er zijn meer ontvangers dan houders")
    codes = {line.code.casefold(): line for line in files.staff}
    holders = []
    for name, recipient in zip(names, recipients, strict=True):
        line = codes.get(name.casefold())
        holders.append(
            Holder(line.name if line else name, public_half(recipient), line.code if line else "")
        )
    return holders


def public_half(text: str) -> str:
    """Take the recipient from what was given: itself, or a file with it or its identity."""
    text = text.strip()
    if text.startswith("age1"):
        return text
    if "SECRET" in text.upper():
        fail("--holder-recipient: geef de regel die met age1 begint, nooit de sleutel zelf")
    try:
        content = Path(text).read_text("utf-8")
    except (OSError, ValueError):
        fail(f"--holder-recipient: {text[:60]} is geen age1-ontvanger en geen bestand")
    words = content.split()
    found = next((word for word in words if word.startswith("age1")), None)
    if found is not None:
        return found
    try:
        return str(parse_identities(content)[0].recipient)
    except EvidenceStoreError as error:
        fail(f"--holder-recipient: {text[:60]}: {error}")


def show_codes(slug: str, invited: Sequence[Invited]) -> None:
    """Print activation codes, the only time that they can be seen."""
    width = max((len(item.name) for item in invited), default=0)
    click.echo("Activeringscodes. Ze staan nergens anders; elk werkt 14 dagen, één keer.")
    click.echo(f"Open hiermee /{slug}/bureau/activeren\n")
    for item in invited:
        click.echo(f"{item.name:<{width}}  {item.login:<12}  {printed_codes.shown(item.code)}")


@click.group("roster")
def roster_group() -> None:
    """Who works at a school and who stands before which class."""


@roster_group.command("import")
@click.argument("staff_file", type=FILE)
@click.argument("classes_file", type=FILE)
@click.option("--school", "slug", required=True, help="Name in the address.")
@click.option("--dry-run", is_flag=True, help="Show the difference and change nothing.")
def import_command(staff_file: Path, classes_file: Path, slug: str, dry_run: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Take over STAFF.csv and CLASSES.csv; prints every difference."""
    with instance() as (session, _):
        plan = roster.plan_from(
            session,
            school=school_of(session, slug),
            staff=staff_file.read_bytes(),
            classes=classes_file.read_bytes(),
        )
        click.echo("\n".join(plan.lines()))
        if dry_run:
            click.echo("\nProef: er is niets veranderd.")
            return
        added = roster.apply(session, plan, actor=COMMAND_LINE, now=moment())
        transaction.commit(session)
    if added:
        click.echo(f"\nNieuw: {len(added)}. Nodig ze uit met: portal staff invite --school {slug}")


@click.group("staff")
def staff_group() -> None:
    """Accounts of a school's staff."""


@staff_group.command("list")
@click.option("--school", "slug", required=True)
def list_command(slug: str) -> None:
    """Print everybody with the state of the account."""
    with instance() as (session, _):
        school = school_of(session, slug)
        for entry in staff_list.listing(session, school_id=school.id, now=moment()):
            click.echo(f"{entry.code}\t{entry.state}\t{entry.name}\t{', '.join(entry.roles)}")


@staff_group.command("invite")
@click.argument("codes", nargs=-1)
@click.option("--school", "slug", required=True)
def invite_command(codes: tuple[str, ...], slug: str) -> None:
    """Print new activation codes for CODES, or for everybody who never had one."""
    with instance() as (session, keys):
        school = school_of(session, slug)
        entries = staff_list.listing(session, school_id=school.id, now=moment())
        chosen = _chosen(entries, codes)
        invited = [
            Invited(
                entry.name,
                entry.login,
                accounts.invite(
                    session,
                    actor=COMMAND_LINE,
                    school_id=school.id,
                    staff_id=entry.id,
                    keys=keys,
                    now=moment(),
                ),
            )
            for entry in chosen
        ]
        transaction.commit(session)
    show_codes(slug, invited)


@staff_group.command("reset")
@click.argument("code")
@click.option("--school", "slug", required=True)
def reset_command(code: str, slug: str) -> None:
    """Give CODE, who lost every way in, an empty keyring; prints a new activation code."""
    with instance() as (session, keys):
        school = school_of(session, slug)
        entry = _one(session, school, code)
        try:
            fresh = accounts.reset(
                session,
                actor=COMMAND_LINE,
                school_id=school.id,
                staff_id=entry.id,
                keys=keys,
                now=moment(),
            )
        except ConflictError:
            fail(f"{code}: dit account is niet actief; gebruik portal staff invite")
        transaction.commit(session)
    show_codes(slug, [Invited(entry.name, entry.login, fresh)])


@staff_group.command("disable")
@click.argument("code")
@click.option("--school", "slug", required=True)
def disable_command(code: str, slug: str) -> None:
    """End the account of CODE: sessions and keys are gone at once, for good."""
    with instance() as (session, _):
        school = school_of(session, slug)
        entry = _one(session, school, code)
        try:
            accounts.disable(
                session,
                actor=COMMAND_LINE,
                school_id=school.id,
                staff_id=entry.id,
                now=moment(),
            )
        except ConflictError:
            fail(f"{code}: dit account was al beëindigd")
        transaction.commit(session)
        gaps = founding.reasons_closed(session, school_id=school.id)
    click.echo(f"Het account van {entry.name} is beëindigd.")
    if gaps:
        click.echo("\n".join([f"Let op. {GAPS}", *(f"- {gap}" for gap in gaps)]))


def _one(session: Session, school: SchoolView, code: str) -> staff_list.StaffEntry:
    entries = staff_list.listing(session, school_id=school.id, now=moment())
    found = next((entry for entry in entries if entry.code.casefold() == code.casefold()), None)
    if found is None:
        fail(f"{code}: deze code is er niet op school")
    return found


def _chosen(
    entries: Sequence[staff_list.StaffEntry], codes: Sequence[str]
) -> list[staff_list.StaffEntry]:
    if not codes:
        return [entry for entry in entries if entry.state == staff_list.NEW]
    by_code = {entry.code.casefold(): entry for entry in entries}
    chosen = []
    for code in codes:
        entry = by_code.get(code.casefold())
        if entry is None:
            fail(f"{code}: deze code is er niet op school")
        if entry.state not in (staff_list.NEW, staff_list.INVITED, staff_list.EXPIRED):
            fail(f"{code}: dit account is al geactiveerd of beëindigd")
        chosen.append(entry)
    return chosen


@click.command("open")
@click.option("--school", "slug", required=True, help="Name in the address.")
def open_command(slug: str) -> None:
    """Open a school for reports, when each route of its protocol ends in two readers."""
    with instance() as (session, _):
        school = school_of(session, slug)
        if school.is_open:
            _report_open(session, school)
            return
        reasons = founding.open_school(session, slug=slug, actor=COMMAND_LINE, now=moment())
        transaction.commit(session)
    if reasons:
        fail("\n".join(["Nog niet open:", *(f"- {reason}" for reason in reasons)]))
    click.echo(f"School {slug} is open voor meldingen.")


def _report_open(session: Session, school: SchoolView) -> None:
    """Say of a school that is open what does not reach two readers now; exit code 1 if so."""
    click.echo(f"School {school.slug} is al open voor meldingen.")
    gaps = founding.reasons_closed(session, school_id=school.id)
    if gaps:
        fail("\n".join([GAPS, *(f"- {gap}" for gap in gaps)]))
