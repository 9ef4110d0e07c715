"""`portal recover`: two recovery holders with their printed keys get back into a case."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError, Identity, parse_identities
from portal.cli.school import FILE, fail, instance, moment, school_of
from portal.config import load_settings
from portal.services import evidence, recovery, storage, transaction
from portal.services import meldcode as meldcode_track
from portal.services.errors import ForbiddenError, InvalidInputError, NotFoundError
from portal.services.recovery import Recovered

SAID = {
    "two_needed": "Er zijn twee sleutels nodig, van twee verschillende houders.",
    "same": "Dit is twee keer dezelfde sleutel. Er zijn er twee nodig, van verschillende houders.",
    "unknown": "Een van deze sleutels is niet die van een houder van deze school.",
}
SEALED_FOLDER = "verzegeld"
PRIVATE_DIR, PRIVATE_FILE = 0o700, 0o600


@click.command("recover")
@click.option("--school", "slug", required=True, help="Name in the address.")
@click.option("--case", "label", help="Label of the case; without it the cases are listed.")
@click.option(
    "--identity",
    "identity_files",
    multiple=True,
    type=FILE,
    help="File with a printed key (AGE-SECRET-KEY-1…). Twice; what is missing is asked for.",
)
@click.option("--reason", default="", help="Why; it stands in the log of the case.")
@click.option("--give-to", "staff_code", help="Code of a confirmed colleague who may read it.")
@click.option("--handles", is_flag=True, help="That colleague handles the case from now on.")
@click.option(
    "--meldcode", is_flag=True, help="With --give-to: also the track of the meldcode, if any."
)
@click.option("--name", "names", is_flag=True, help="Show the reporter's name; they are told.")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    help="Write the originals in this new folder.",
)
@click.option("--sealed", is_flag=True, help="With --to: also what is kept for the police.")
def recover(
    slug: str,
    label: str | None,
    identity_files: tuple[Path, ...],
    reason: str,
    staff_code: str | None,
    handles: bool,  # noqa: FBT001 - click passes flags by name
    meldcode: bool,  # noqa: FBT001 - click passes flags by name
    names: bool,  # noqa: FBT001 - click passes flags by name
    folder: Path | None,
    sealed: bool,  # noqa: FBT001 - click passes flags by name
) -> None:
    """Open a case with two printed keys, and give it to a colleague or write it out."""
    with instance() as (session, _):
        school = school_of(session, slug)
        if label is None:
            list_cases(session, school.id)
            return
        identities = read_identities(identity_files)
        why = reason or click.prompt("Reden (komt in het logboek van de zaak)")
        try:
            found = recovery.open_case(
                session,
                school_id=school.id,
                label=label,
                identities=identities,
                reason=why,
                now=moment(),
            )
            click.echo(f"Zaak {found.case.label} is open voor {found.pair.actor.name}.")
            use(session, found, staff_code, handles=handles, track=meldcode, names=names)
            if folder is not None:
                write_out(session, found, folder, sealed=sealed)
        except NotFoundError:
            fail("Deze zaak is er niet, of deze twee houders kunnen haar niet openen.")
        except InvalidInputError as error:
            fail(SAID.get(error.problem, str(error)))


def use(
    session: Session,
    found: Recovered,
    staff_code: str | None,
    *,
    handles: bool,
    track: bool,
    names: bool,
) -> None:
    """Do what was asked, and commit the log before anything is shown or written."""
    told = None
    if staff_code:
        give(session, found, staff_code, handles=handles, track=track)
    if names:
        try:
            told = recovery.reveal_name(session, found, now=moment())
        except NotFoundError:
            fail("Bij deze zaak staat geen naam die deze twee houders kunnen openen.")
    transaction.commit(session)
    for identity in told or []:
        click.echo(json.dumps(identity, ensure_ascii=False, indent=2))


def give(
    session: Session, found: Recovered, staff_code: str, *, handles: bool, track: bool
) -> None:
    """Let a colleague read the case again."""
    try:
        member = recovery.give_to(
            session, found, staff_code=staff_code, now=moment(), handles=handles
        )
        if track and not found.tracks:
            click.echo("Bij deze zaak is geen spoor dat deze twee houders kunnen openen.")
        elif track:
            meldcode_track.give_recovered(session, found, member=member, now=moment())
    except InvalidInputError:
        fail(f"{staff_code}: deze code is er niet op school")
    except ForbiddenError:
        fail(f"{staff_code} heeft geen bevestigde sleutel, of is van deze zaak uitgesloten.")
    click.echo(f"{member.name} kan de zaak nu lezen.")


def list_cases(session: Session, school_id: str) -> None:
    """Print the cases, those that the fewest people can read first."""
    for state in recovery.cases(session, school_id=school_id):
        word = "lezer" if state.readers == 1 else "lezers"
        click.echo(f"{state.label}\t{state.opened_at:%d-%m-%Y}\t{state.readers} {word}")


def read_identities(files: Sequence[Path]) -> list[Identity]:
    """Read two printed keys from files, or ask for them without showing what is typed."""
    found: list[Identity] = []
    try:
        for file in files:
            found += parse_identities(file.read_text("utf-8"))
        while len(found) < recovery.PAIR_SIZE:
            text = click.prompt(f"Sleutel {len(found) + 1} (AGE-SECRET-KEY-1…)", hide_input=True)
            found += parse_identities(text)
    except (EvidenceStoreError, OSError, UnicodeDecodeError) as error:
        fail(f"Deze sleutel is niet te lezen: {error}")
    return found


def write_out(session: Session, found: Recovered, folder: Path, *, sealed: bool) -> None:
    """Write the originals and every record of the case into a new folder, readable to us alone."""
    kept = opened_sealed(session, found) if sealed else []
    try:
        folder.mkdir(mode=PRIVATE_DIR, parents=True)
    except FileExistsError:
        fail(f"{folder} bestaat al. Kies een nieuwe map.")
    store = storage.open_store(load_settings().resolved_storage_url)
    told = recovery.stories(session, found)
    text = json.dumps(told, ensure_ascii=False, indent=2)
    write(folder / "zaak.json", text.encode())
    everything = evidence.open_items(session, found.case, found.keys)
    items = [item for item in everything if not item.sealed]
    for number, item in enumerate(items, 1):
        write_original(store, item, folder / f"{number:03d}-{plain_name(item.body['name'])}")
    click.echo(f"{len(items)} bestanden en zaak.json staan in {folder}. Ze zijn niet versleuteld.")
    closed = len(everything) - len(items)
    if kept:
        (folder / SEALED_FOLDER).mkdir(mode=PRIVATE_DIR)
        for number, one in enumerate(kept, 1):
            name = f"{number:03d}-{plain_name(one.body['name'])}"
            write_original(store, one, folder / SEALED_FOLDER / name)
        click.echo(f"{len(kept)} verzegelde bestanden staan in {folder / SEALED_FOLDER}.")
    elif closed:
        word = "bestand bleef" if closed == 1 else "bestanden bleven"
        click.echo(f"{closed} {word} verzegeld. Neem ze mee met --sealed.")


def opened_sealed(session: Session, found: Recovered) -> list[evidence.SealedItem]:
    """Open what is kept for the police, with that in the log before a byte is written."""
    try:
        kept = recovery.open_sealed(session, found, now=moment())
    except NotFoundError:
        fail("Bij deze zaak is niets verzegeld dat deze twee houders kunnen openen.")
    transaction.commit(session)
    return kept


def write_original(
    store: EvidenceStore, item: evidence.OpenItem | evidence.SealedItem, path: Path
) -> None:
    """Write one original, piece by piece."""
    path.touch(mode=PRIVATE_FILE, exist_ok=False)
    with path.open("wb") as target:
        for piece in evidence.stream_of(store, item.row, item.identity):
            target.write(piece)


def write(path: Path, data: bytes) -> None:
    """Write a small file that only we can read."""
    path.touch(mode=PRIVATE_FILE, exist_ok=False)
    path.write_bytes(data)


def plain_name(name: str) -> str:
    """Give a name that can be no path and no option, with its extension."""
    kept = "".join(sign if sign.isalnum() or sign in " ._-" else "_" for sign in name)
    return kept[-100:].strip() or "zonder naam"
