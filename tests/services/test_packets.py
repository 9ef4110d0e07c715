"""A packet verifies, shows its own case only, and is never made from harmed originals."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStoreError, Recipient, encrypt
from evidence_store.custody import (
    commit,
    leaf_hash,
    merkle_root,
    verify_inclusion,
)
from evidence_store.packet import verify_packet
from portal.models import Case, Compartment, CustodyEvent, EvidenceItem, Report
from portal.services import (
    case_work,
    cases,
    checkpoints,
    custody,
    evidence,
    handing,
    packets,
    protecting,
    quarantine,
    transaction,
)
from portal.services.errors import InvalidInputError
from tests.services import world as told
from tests.services.story import FILE, Story, make_story
from tests.services.world import NOW, World


@pytest.fixture
def story(world: World, session: Session, plain_inspection: None) -> Story:
    return make_story(world, session)


def act(it: Story) -> None:
    """Do several things in the case, so that the log has something to tell."""
    common = {"actor": it.mentor, "case_id": it.case_id, "now": NOW}
    case_work.write_note(it.session, text="notitie", **common)
    case_work.reply(it.session, report_id=it.report_id, text="dag", **common)
    cases.note_reading(it.session, **common)
    handing.hand_over(
        it.session,
        to_staff_id=it.newcomer(),
        role_key=told.role_of(it.session, it.newcomer()),
        reason="andere rol",
        **common,
    )
    transaction.commit(it.session)


def packet(
    it: Story, folder: Path, chosen: list[str], between: Callable[[], None] = lambda: None
) -> Path:
    """Export a packet as the page does."""
    wanted = packets.order(it.session, actor=it.mentor, case_id=it.case_id, chosen=chosen, now=NOW)
    transaction.commit(it.session)
    between()
    pieces = packets.build(
        it.session,
        actor=it.mentor,
        school=it.world.school,
        store=it.world.store,
        keys=it.world.keys,
        instance_dir=folder,
        wanted=wanted,
        now=NOW,
    )
    transaction.commit(it.session)
    path = folder / packets.FILE_NAME
    with path.open("wb") as file:
        file.writelines(pieces)
    return path


def items_of(it: Story) -> list[str]:
    query = select(EvidenceItem.id).where(EvidenceItem.report_id == it.report_id)
    return list(it.session.scalars(query))


def test_a_packet_verifies_and_shows_its_own_events_only(story: Story, tmp_path: Path) -> None:
    act(story)
    others = [told.report(story.world, story.session, told.answers(story.world), FILE)]
    path = packet(story, tmp_path, items_of(story))
    report = verify_packet(path)
    assert report.faults == ()
    with zipfile.ZipFile(path) as bag:
        folder = bag.namelist()[0].split("/")[0]
        lines = bag.read(f"{folder}/custody.jsonl").splitlines()
        originals = [name for name in bag.namelist() if "/originals/" in name]
        assert [bag.read(name) for name in originals] == [FILE[1]]
        everything = b"".join(bag.read(name) for name in bag.namelist())
    events = [json.loads(line) for line in lines]
    assert {"case:opened", "report:received", "evidence:taken_in", "packet:exported"} <= {
        event["public"]["kind"] for event in events
    }
    for foreign in foreign_ids(story):
        assert foreign.encode() not in everything
    assert others[0].label.encode() not in everything
    assert_disclosed(story, events)


def test_what_was_asked_to_be_sealed_after_the_order_stays_behind(
    story: Story, tmp_path: Path
) -> None:
    item = items_of(story)[0]

    def ask() -> None:
        protecting.ask_to_seal(story.session, live=story.live, file_id=item, now=NOW)
        transaction.commit(story.session)

    path = packet(story, tmp_path, [item], ask)
    assert verify_packet(path).faults == ()
    with zipfile.ZipFile(path) as bag:
        for name in bag.namelist():
            assert FILE[1] not in bag.read(name)
            assert FILE[0].encode() not in bag.read(name)


def test_what_is_closed_off_goes_by_digest_time_and_size_alone(
    story: Story, tmp_path: Path
) -> None:
    """Its name was a good one for a reader, and is nobody's business in a packet."""
    item = items_of(story)[0]
    opened = evidence.find(
        story.session, actor=story.mentor, case_id=story.case_id, evidence_id=item
    )
    evidence.log_download(story.session, actor=story.mentor, item=opened, now=NOW)
    transaction.commit(story.session)
    quarantine.close_off(
        story.session,
        actor=story.mentor,
        store=story.world.store,
        case_id=story.case_id,
        evidence_id=item,
        now=NOW,
    )
    transaction.commit(story.session)
    with pytest.raises(InvalidInputError):
        packet(story, tmp_path, [item])
    path = packet(story, tmp_path, [])
    assert verify_packet(path).faults == ()
    with zipfile.ZipFile(path) as bag:
        unpacked = [bag.read(name) for name in bag.namelist()]
        dossier = next(bag.read(name) for name in bag.namelist() if name.endswith("dossier.pdf"))
    (tmp_path / "dossier.pdf").write_bytes(dossier)
    command = ["pdftotext", "-layout", str(tmp_path / "dossier.pdf"), "-"]
    told_there = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    for data in [*unpacked, told_there.encode()]:
        assert FILE[0].encode() not in data
        assert FILE[1] not in data
    digest = hashlib.sha256(FILE[1]).hexdigest()
    assert digest[:16] in told_there.replace(" ", "")
    assert "verzegeld" in told_there
    assert "Twee herstelhouders van de school openen het" in " ".join(told_there.split())
    view = cases.show(story.session, actor=story.mentor, case_id=story.case_id, now=NOW)
    lines = [entry for entry in told.entries(view) if entry.detail.get("files")]
    assert {name for entry in lines for name in entry.detail["files"]} == {"verzegeld bestand"}


def foreign_ids(it: Story) -> Iterator[str]:
    """Every id that belongs to another case: rows, objects, events."""
    session = it.session
    yield from session.scalars(select(Case.id).where(Case.id != it.case_id))
    yield from session.scalars(select(Report.id).where(Report.id != it.report_id))
    of_report = select(EvidenceItem).where(EvidenceItem.report_id != it.report_id)
    for item in session.scalars(of_report):
        yield from (item.id, item.object_id, item.record_id, item.ciphertext_sha256)
    yield from session.scalars(
        select(Compartment.id).where(
            (Compartment.report_id != it.report_id) | (Compartment.case_id != it.case_id)
        )
    )
    for event in session.scalars(select(CustodyEvent)):
        if event.case_id != it.case_id and event.report_id != it.report_id:
            yield event.id


def assert_disclosed(it: Story, events: list[dict[str, Any]]) -> None:
    """Check salts, proofs and that nothing of the case is left out."""
    log = custody.SqlLog(it.session, it.world.school.id)
    kept = checkpoints.newest(it.session, it.world.school.id)
    leaves = list(log.leaves())[: kept.size]
    root = merkle_root(leaves)
    own = it.session.scalars(
        select(CustodyEvent.position).where(
            (CustodyEvent.case_id == it.case_id) | (CustodyEvent.report_id == it.report_id),
            CustodyEvent.position < kept.size,
        )
    )
    assert sorted(own) == [event["index"] for event in events]
    for event in events:
        salt, sealed = bytes.fromhex(event["salt"]), event["sealed"]
        assert len(salt) == 32
        assert commit(salt, sealed) == event["public"]["commit"]
        proof = [bytes.fromhex(item) for item in event["proof"]]
        leaf = leaf_hash(event["public"])
        assert verify_inclusion(leaf, event["index"], len(leaves), proof, root)


def objects(it: Story) -> list[Path]:
    folder = it.world.settings.instance_dir / "evidence"
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".digest"]


@pytest.mark.parametrize("harm", ["flipped", "cut", "replaced", "gone"])
def test_a_harmed_original_gives_no_packet(story: Story, tmp_path: Path, harm: str) -> None:
    (path,) = objects(story)
    data = bytearray(path.read_bytes())
    if harm == "flipped":
        data[-20] ^= 1
    elif harm == "cut":
        del data[-20:]
    elif harm == "replaced":
        recipient = story.session.scalars(
            select(Compartment.recipient).join(
                EvidenceItem, EvidenceItem.compartment_id == Compartment.id
            )
        ).one()
        data = bytearray(encrypt(FILE[1].replace(b"gym", b"dij"), [Recipient.parse(recipient)]))
    path.write_bytes(data)
    if harm == "gone":
        path.unlink()
    with pytest.raises(EvidenceStoreError):
        packet(story, tmp_path, items_of(story))
    half = tmp_path / packets.FILE_NAME
    assert not verify_packet(half).ok


def test_a_packet_takes_only_what_belongs_to_the_case(story: Story, tmp_path: Path) -> None:
    told.report(story.world, story.session, told.answers(story.world), FILE)
    foreign = story.session.scalars(
        select(EvidenceItem.id).where(EvidenceItem.report_id != story.report_id)
    ).one()
    for chosen in ([foreign], [*items_of(story), foreign], ["x" * 26]):
        with pytest.raises(InvalidInputError):
            packet(story, tmp_path, chosen)
        transaction.rollback(story.session)


def test_versions_of_a_packet_count_up(story: Story, tmp_path: Path) -> None:
    versions = []
    for _ in range(2):
        wanted = packets.order(
            story.session, actor=story.mentor, case_id=story.case_id, chosen=[], now=NOW
        )
        transaction.commit(story.session)
        versions.append(wanted.version)
    assert versions == [1, 2]
