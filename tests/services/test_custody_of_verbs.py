"""Every verb leaves its event in the transaction of its change, and a packet shows only its own."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
    verifier_key,
    verify_checkpoint,
    verify_inclusion,
)
from evidence_store.packet import verify_packet
from portal.models import Case, Compartment, CustodyEvent, EvidenceItem, Report
from portal.services import (
    accounts,
    case_keys,
    case_work,
    cases,
    checkpoints,
    custody,
    evidence,
    packets,
    reporter,
    sessions,
    staff_reports,
    transaction,
)
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.staff import StaffActor
from tests.services import world as told
from tests.services.world import NOW, World

FILE = ("gym.txt", b"uitgelachen na de gymles\n" * 9)


@dataclass
class Story:
    """A sent report with a file, and those who take part."""

    world: World
    session: Session
    case_id: str
    report_id: str
    code: str
    live: sessions.SealedSession

    @property
    def mentor(self) -> StaffActor:
        return self.world.actor(self.session, self.world.mentor_of("1A"))

    @property
    def case(self) -> Case:
        return self.session.get_one(Case, self.case_id)

    def of_part(self, part: str) -> str:
        readers = case_keys.readers_of(self.session, self.case, live_only=True)
        return next(row.staff_id for row in readers if row.part == part)

    def newcomer(self) -> str:
        rows = case_keys.readers_of(self.session, self.case, live_only=True)
        reading = {row.staff_id for row in rows}
        return next(item for item in self.world.ids.values() if item not in reading)


@pytest.fixture
def story(world: World, session: Session, plain_inspection: None) -> Story:
    receipt = told.report(world, session, told.answers(world), FILE)
    case = session.scalars(select(Case).where(Case.label == receipt.label)).one()
    report_id, data = reporter.enter(
        session, school=world.school, code=receipt.code, instance=world.keys
    )
    live = sessions.begin(
        session, kind="reporter", school_id=world.school.id, data=data, now=NOW, report_id=report_id
    )
    transaction.commit(session)
    return Story(world, session, case.id, report_id, receipt.code, live)


def send_report(it: Story) -> None:
    live = told.begin(it.world, it.session, told.answers(it.world))
    told.submit(it.world, it.session, live)


def take_in(it: Story) -> None:
    sink = told.uploading.begin(
        it.session,
        live=it.live,
        school=it.world.school,
        store=it.world.store,
        name="nog.txt",
        declared_type="text/plain",
        settings=it.world.settings,
    )
    sink.write(b"nog iets")
    sink.finish()
    told.uploading.record(
        it.session, live=it.live, school=it.world.school, finished=[sink], now=NOW
    )


def remove(it: Story) -> None:
    case, opened = case_work.open_for(it.session, actor=it.mentor, case_id=it.case_id)
    case_keys.remove_reader(
        it.session,
        case=case,
        case_keys=opened,
        staff_id=it.of_part("substitute"),
        actor=it.mentor.custody,
        reason="niet nodig",
        now=NOW,
    )


def open_item(it: Story) -> evidence.OpenItem:
    item = it.session.scalars(select(EvidenceItem).order_by(EvidenceItem.id)).first()
    return evidence.find(it.session, actor=it.mentor, case_id=it.case_id, evidence_id=item.id)


def preview(it: Story) -> None:
    """A text has no preview; that somebody asked for one is in the log all the same."""
    with pytest.raises(NotFoundError):
        evidence.preview(
            it.session,
            actor=it.mentor,
            store=it.world.store,
            item=open_item(it),
            kind="clear",
            now=NOW,
        )


def step(it: Story) -> None:
    action = cases.show(it.session, actor=it.mentor, case_id=it.case_id, now=NOW).next_action
    case_work.record_step(
        it.session,
        actor=it.mentor,
        case_id=it.case_id,
        action_key=action.key,
        outcome="done",
        text="gedaan",
        now=NOW,
    )


def verb(function: Callable[..., Any], **more: Any) -> Callable[[Story], None]:
    def run(it: Story) -> None:
        function(it.session, actor=it.mentor, case_id=it.case_id, now=NOW, **more)

    return run


def hand_over(it: Story) -> None:
    case_work.hand_over(
        it.session,
        actor=it.mentor,
        case_id=it.case_id,
        to_staff_id=it.newcomer(),
        role_key="leerlingcoordinator",
        reason="andere rol",
        now=NOW,
    )


def start(it: Story, *, kind: str = "talk") -> None:
    values = told.answers(it.world)
    staff_reports.start(
        it.session,
        actor=it.world.actor(it.session, it.world.mentor_of("3B")),
        school=it.world.school,
        kind=kind,
        answers={key: {"value": item} for key, item in values.items()},
        with_code=False,
        instance=it.world.keys,
        now=NOW,
    )


def leave(it: Story) -> None:
    accounts.disable(
        it.session,
        actor=it.mentor.custody,
        school_id=it.world.school.id,
        staff_id=it.of_part("substitute"),
        now=NOW,
    )


VERBS: dict[str, tuple[Callable[[Story], None], list[str]]] = {
    "send": (send_report, ["case:opened", "report:received"]),
    "take_in": (take_in, ["evidence:taken_in"]),
    "write": (
        lambda it: reporter.send_message(it.session, live=it.live, text="dag", now=NOW),
        ["message:sent"],
    ),
    "read": (verb(cases.note_reading), ["report:read"]),
    "reply": (
        lambda it: verb(case_work.reply, report_id=it.report_id, text="dag")(it),
        ["message:sent"],
    ),
    "note": (verb(case_work.write_note, text="notitie"), ["record:written"]),
    "step": (step, ["case:step_recorded"]),
    "move": (verb(case_work.move_to_step, step_key="fase-2", reason="x"), ["case:step_recorded"]),
    "close": (verb(case_work.close, reason="klaar"), ["record:written"]),
    "hand_over": (hand_over, ["case:reader_added", "case:handed_over"]),
    "remove_reader": (remove, ["case:reader_removed"]),
    "download": (
        lambda it: evidence.log_download(it.session, actor=it.mentor, item=open_item(it), now=NOW),
        ["evidence:opened"],
    ),
    "preview": (preview, ["evidence:previewed"]),
    "order": (verb(packets.order, chosen=[]), ["packet:exported"]),
    "talk": (start, ["case:opened", "report:received", "case:reader_added"]),
    "signal": (lambda it: start(it, kind="signal"), ["case:opened", "report:received"]),
    "leave": (leave, ["case:reader_removed", "staff:disabled"]),
}


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_and_its_event_stand_or_fall_together(story: Story, name: str) -> None:
    act, kinds = VERBS[name]
    school_id, before = story.world.school.id, told.events(story.session, story.world.school.id)
    act(story)
    with story.world.factory() as elsewhere:
        assert told.events(elsewhere, school_id) == before
    transaction.rollback(story.session)
    story.session.expire_all()
    assert told.events(story.session, school_id) == before
    assert_sound(story.session, school_id)
    act(story)
    transaction.commit(story.session)
    assert told.events(story.session, school_id) == [*before, *kinds]
    assert_sound(story.session, school_id)


def assert_sound(session: Session, school_id: str) -> None:
    """Check the head against the leaves, and each leaf and commitment against its event."""
    log = custody.SqlLog(session, school_id)
    leaves = list(log.leaves())
    assert log.peek().size == len(leaves)
    assert log.peek().root() == merkle_root(leaves)
    rows = session.scalars(
        select(CustodyEvent)
        .where(CustodyEvent.school_id == school_id)
        .order_by(CustodyEvent.position)
    ).all()
    assert [row.position for row in rows] == list(range(len(rows)))
    for row, leaf in zip(rows, leaves, strict=True):
        public = json.loads(row.public)
        assert leaf_hash(public) == leaf
        assert public["kind"] == row.kind
        if "open" in public:
            assert (
                commit(bytes.fromhex(public["open"]["salt"]), public["open"]["sealed"])
                == (public["commit"])
            )


def test_only_readers_of_the_case_can_open_what_an_event_tells(story: Story) -> None:
    story.session.expire_all()
    row = story.session.scalars(
        select(CustodyEvent).where(CustodyEvent.kind == "evidence:taken_in")
    ).one()
    assert FILE[0] not in row.public
    _, opened = case_work.open_for(story.session, actor=story.mentor, case_id=story.case_id)
    sealed = custody.open_event(row, opened.by_compartment()[row.compartment_id])
    assert sealed["sealed"]["name"] in {"", FILE[0]}
    assert (
        commit(bytes.fromhex(sealed["salt"]), sealed["sealed"])
        == (json.loads(row.public)["commit"])
    )


def test_checkpoints_are_signed_heads(story: Story) -> None:
    school_id = story.world.school.id
    checkpoints.make_all(story.session, keys=story.world.keys, now=NOW)
    transaction.commit(story.session)
    kept = checkpoints.newest(story.session, school_id)
    origin = checkpoints.origin_of(school_id)
    public = story.world.keys.checkpoint_key(school_id).public_key()
    found = verify_checkpoint(kept.note, public, origin)
    log = custody.SqlLog(story.session, school_id)
    assert (found.size, found.root) == (log.peek().size, log.peek().root())
    assert verifier_key(origin, public)
    again = checkpoints.make(story.session, school_id=school_id, keys=story.world.keys, now=NOW)
    assert again is not None
    assert again.id == kept.id


def packet(it: Story, folder: Path, chosen: list[str]) -> Path:
    """Export a packet as the page does."""
    wanted = packets.order(it.session, actor=it.mentor, case_id=it.case_id, chosen=chosen, now=NOW)
    transaction.commit(it.session)
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
    for act, _ in (VERBS["note"], VERBS["reply"], VERBS["read"], VERBS["hand_over"]):
        act(story)
        transaction.commit(story.session)
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
