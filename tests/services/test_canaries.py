"""Nothing that was told lies in clear anywhere: a whole story, and then every byte on the disk."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.models import Case, Report
from portal.services import (
    case_keys,
    case_work,
    cases,
    diary,
    evidence,
    handing,
    packets,
    reins,
    renaming,
    reporter,
    sessions,
    transaction,
)
from portal.services.staff import StaffActor
from tests.services import world as told
from tests.services.world import NOW, World

MARK = "kanarie"
STORY = f"{MARK}-verhaal-7f1d ze duwden mij"
NAME, CONTACT = f"{MARK}-naam-19ab", f"{MARK}-contact-55c0@mail.example"
ACCUSED, PLACE = f"{MARK}-wie-c3d2", f"{MARK}-waar-8e8e"
URL = f"https://social.example/{MARK}-adres-0d4f"
NOTE, REPLY, ANSWER = f"{MARK}-notitie-31aa", f"{MARK}-antwoord-6b7c", f"{MARK}-bericht-d00d"
STEP, REASON = f"{MARK}-stap-4a4a", f"{MARK}-reden-b1b1"
CONTENT = f"{MARK}-inhoud-e9e9".encode()
TEXT_NAME, IMAGE_NAME = f"{MARK}-bestand-2f2f.txt", f"{MARK}-foto-7a7a.png"
ENTRY, STOP = f"{MARK}-aantekening-0a0a", f"{MARK}-wacht-9f9f"
WORDS = (STORY, ENTRY, STOP, NAME, CONTACT, ACCUSED, PLACE, URL, NOTE, REPLY, ANSWER, STEP, REASON)


def files() -> list[tuple[str, bytes]]:
    """A text of several frames full of the mark, and a picture that carries it as well."""
    picture, info = BytesIO(), PngImagePlugin.PngInfo()
    info.add_text("Comment", CONTENT.decode())
    Image.new("RGB", (640, 480), "#804020").save(picture, "PNG", pnginfo=info)
    return [(TEXT_NAME, (CONTENT + b"\n") * 60_000), (IMAGE_NAME, picture.getvalue())]


def forms(secret: bytes) -> set[bytes]:
    """Give a secret as it could lie about: plain, wide, hex, base64 at each alignment."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    if secret.isascii():
        found.add(secret.decode().encode("utf-16-le"))
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret)
        found.add(encoded[4 if shift else 0 : -4])
    return found


def needles(secrets: list[bytes]) -> set[bytes]:
    sought = {MARK.encode(), *(text.encode() for text in WORDS), CONTENT}
    sought |= {name.encode() for name in (TEXT_NAME, IMAGE_NAME)}
    for _, data in files():
        sought |= {hashlib.sha256(data).digest(), hashlib.sha256(data).hexdigest().encode()}
    return {form for item in {*sought, *secrets} for form in forms(item)}


def digests(folder: Path) -> dict[Path, bytes]:
    """What every file is now: one that stays so has nothing in it of what comes after."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in files}


def hits(
    folders: list[Path], sought: set[bytes], before: dict[Path, bytes] | None = None
) -> list[str]:
    """Look into every byte, and at every name, of everything below some folders.

    Args:
        before: digests of files that hold nothing when they are still the same.
    """
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            name = str(path.relative_to(folder)).encode()
            found += [f"name of {path}" for item in sought if item in name]
            if path.is_file():
                data = path.read_bytes()
                if (before or {}).get(path) == hashlib.sha256(data).digest():
                    continue
                data = data.rstrip(b"\0")  # of a log that PostgreSQL laid out beforehand
                found += [f"{path}: {item!r}" for item in sought if item in data]
    return found


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let all temporary files, also of child processes, go to a folder of ours."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    for name in ("TMPDIR", "TMP", "TEMP", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def database_folder(engine: Engine) -> Path:
    """Where the database itself keeps its files, its write-ahead log among them."""
    if engine.dialect.name == "sqlite":
        return Path(str(engine.url.database)).parent
    return Path(str(engine.url.query["host"])) / "data"


def answers(world: World) -> dict[str, Any]:
    return told.answers(
        world,
        story=STORY,
        people={"accused": ACCUSED},
        when={"where": PLACE},
        online={"happened": "yes", "incidents": [{"url": URL, "platform": "snapchat"}]},
        name={"who": "handlers", "name": NAME, "contact": CONTACT},
    )


def live_through(world: World, session: Session) -> list[bytes]:
    """Live a whole story; gives the secrets that must be nowhere either."""
    live = told.begin(world, session, answers(world))
    drafted = [value.encode() for value in live.data["keys"].values()]
    told.upload(world, session, live, *files())
    receipt = told.send(world, session, live)
    mentor = world.actor(session, world.mentor_of("1A"))
    case_id = session.scalars(select(Case.id)).one()
    report_id, data = reporter.enter(
        session, school=world.school, code=receipt.code, instance=world.keys
    )
    back = sessions.begin(
        session, kind="reporter", school_id=world.school.id, data=data, now=NOW, report_id=report_id
    )
    reporter.send_message(session, live=back, text=ANSWER, now=NOW)
    transaction.commit(session)
    reins.stop(session, live=back, text=STOP, now=NOW)
    renaming.choose(session, live=back, wanted=renaming.Named(who="handlers", name=NAME), now=NOW)
    transaction.commit(session)
    work(session, mentor, case_id)
    look(world, session, mentor, case_id)
    export(world, session, mentor, case_id)
    keys = [str(one).encode() for one in (*world.identities.values(), *world.recovery)]
    opened = [value.encode() for value in data["keys"].values()]
    kept = keep(world, session)
    return [live.cookie, back.cookie, receipt.code.encode(), *drafted, *opened, *keys, *kept]


def keep(world: World, session: Session) -> list[bytes]:
    """Keep a diary beside it, with an entry and a file, and stop the report; gives its secrets."""
    live = told.begin(world, session, {"story": STORY})
    diary.keep(session, live=live, school=world.school, instance=world.keys, days=180, now=NOW)
    transaction.commit(session)
    code = str(live.data[diary.KEPT_CODE])
    live.data["entry"] = diary.write(
        session, live=live, text=ENTRY, happened="2026-11-13", exact=False, now=NOW
    )
    told.upload(world, session, live, (TEXT_NAME, CONTENT))
    diary.code_seen(live)
    transaction.commit(session)
    return [live.cookie, code.encode(), *map(str.encode, live.data["keys"].values())]


def work(session: Session, mentor: StaffActor, case_id: str) -> None:
    common: dict[str, Any] = {"actor": mentor, "case_id": case_id, "now": NOW}
    report_id = session.scalars(select(Report.id).where(Report.case_id == case_id)).one()
    cases.note_reading(session, **common)
    case_work.write_note(session, text=NOTE, **common)
    case_work.reply(session, report_id=report_id, text=REPLY, **common)
    action = cases.show(session, **common).next_action
    case_work.record_step(session, action_key=action.key, outcome="done", text=STEP, **common)
    transaction.commit(session)
    other = case_keys.readers_of(session, session.get_one(Case, case_id), live_only=True)
    to = next(row.staff_id for row in other if row.part == "overseer")
    handing.hand_over(
        session, to_staff_id=to, role_key=told.role_of(session, to), reason=REASON, **common
    )
    transaction.commit(session)


def look(world: World, session: Session, mentor: StaffActor, case_id: str) -> None:
    view = cases.show(session, actor=mentor, case_id=case_id, now=NOW)
    for shown in view.evidence:
        item = evidence.find(session, actor=mentor, case_id=case_id, evidence_id=shown.id)
        evidence.log_download(session, actor=mentor, item=item, now=NOW)
        assert CONTENT in b"".join(evidence.stream(world.store, item))
        if shown.preview == "image":
            for kind in ("blurred", "clear"):
                made, _ = evidence.preview(
                    session, actor=mentor, store=world.store, item=item, kind=kind, now=NOW
                )
                assert made
        transaction.commit(session)
    assert {item.preview for item in view.evidence} >= {"image"}


def export(world: World, session: Session, mentor: StaffActor, case_id: str) -> None:
    view = cases.show(session, actor=mentor, case_id=case_id, now=NOW)
    wanted = packets.order(
        session,
        actor=mentor,
        case_id=case_id,
        chosen=[item.id for item in view.evidence],
        now=NOW,
    )
    transaction.commit(session)
    pieces = packets.build(
        session,
        actor=mentor,
        school=world.school,
        store=world.store,
        keys=world.keys,
        instance_dir=world.settings.instance_dir,
        wanted=wanted,
        now=NOW,
    )
    transaction.commit(session)
    data = b"".join(pieces)
    assert CONTENT in data
    assert all(json.dumps(name).encode() in data for name in (TEXT_NAME, IMAGE_NAME))


def test_no_byte_on_the_disk_tells_anything(
    world: World, session: Session, engine: Engine, temporary: Path
) -> None:
    before = digests(database_folder(engine))
    secrets = live_through(world, session)
    folders = [world.settings.instance_dir, database_folder(engine), temporary]
    assert all(os.access(folder, os.R_OK | os.X_OK) for folder in folders)
    sought = needles(secrets)
    assert hits(folders, sought, before) == []
    session.close()
    engine.dispose()
    assert hits(folders, sought, before) == []


def test_the_search_finds_what_is_there(
    world: World, session: Session, engine: Engine, temporary: Path
) -> None:
    """A school's name stands in clear, so the search must find it in the database's files."""
    place = [database_folder(engine)]
    session.connection().commit()
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.exec_driver_sql("CHECKPOINT")
    assert hits(place, {world.school.name.encode()})
    for number, form in enumerate(sorted(forms(STORY.encode()))):
        (temporary / str(number)).write_bytes(b"xx" + form + b"yy")
    sought = needles([])
    for number, _ in enumerate(sorted(forms(STORY.encode()))):
        assert hits([temporary], sought)
        (temporary / str(number)).unlink()
    assert hits([temporary], sought) == []
