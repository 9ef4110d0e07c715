"""What is kept for the police: no key of staff, case or code opens it; only two holders do."""

import hashlib
import io

import pytest
from PIL import Image
from sqlalchemy import select

from evidence_store import Identity, NoMatchError
from portal import protocols
from portal.demo.names import SCHOOLS
from portal.demo.roster import make_pair
from portal.models import CustodyEvent, Derivative, EvidenceItem, Record, Wrap
from portal.services import (
    copies,
    drafts,
    evidence,
    keys,
    protecting,
    records,
    recovery,
    reporter,
    sealing,
    transaction,
    uploads,
)
from portal.services.errors import InvalidInputError, NotFoundError
from tests.services import world as told
from tests.services.sealed import (
    CHAT,
    FILES,
    begin_draft,
    every_key,
    files,
    findings,
    keep,
    look_once,
    opened_case,
)
from tests.services.world import NOW

once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""Where the database makes no difference."""
SECRETS = (b"Fenna", b"IMG_2041", b"Voorbeeld Telefoon")


@pytest.fixture(autouse=True)
def _once_looked_at(monkeypatch):
    look_once(monkeypatch)


@pytest.fixture
def draft(world, session):
    return begin_draft(world, session)


@once
def test_a_file_says_what_it_gives_away(world, session, draft):
    names = files(session, draft)
    by_name = {
        name: protecting.told_by_files(session, live=draft)[item] for name, item in names.items()
    }
    photo, chat, letter = (by_name[name] for name, _ in FILES)
    assert [one.kind for one in photo.giveaways] == ["place", "device", "look"]
    assert photo.giveaways[1].value == "Voorbeeld Telefoon 5"
    assert (chat.giveaways[0].kind, chat.giveaways[0].value) == ("exporter", "Fenna de Boer")
    assert (chat.people, chat.guess) == (("Fenna de Boer", "Sem"), "Fenna de Boer")
    assert letter.giveaways == ()


@once
def test_the_original_is_untouched_and_nobody_at_school_opens_it(world, session, draft):
    item_id = keep(world, session, draft, 0)
    row = session.get_one(EvidenceItem, item_id)
    secret = {
        row.id: row
        for row in keys.compartments_of_report(session, world.school.id, draft.data["report"])
    }[row.compartment_id]
    pairs_only = draft.data["keys"][secret.id]
    receipt = told.send(world, session, draft)
    _, data = reporter.enter(session, school=world.school, code=receipt.code, instance=world.keys)
    for identity in every_key(world, session, draft, data["keys"]):
        with pytest.raises(NoMatchError):
            world.store.open(row.object_id, [identity])
    holders = select(Wrap.holder_kind).where(Wrap.compartment_id == row.compartment_id)
    assert set(session.scalars(holders)) == {keys.PAIR}
    with world.store.open(row.object_id, [Identity.parse(pairs_only)]) as source:
        assert source.read() == FILES[0][1]


@once
def test_staff_see_a_copy_under_a_neutral_name_and_nothing_else(world, session, draft):
    keep(world, session, draft, 0)
    told.send(world, session, draft)
    actor, case_id, view = opened_case(world, session)
    sealed = next(one for one in view.evidence if one.sealed)
    assert (sealed.name, sealed.facts, sealed.preview) == (evidence.NEUTRAL_NAME, {}, "none")
    assert sealed.sha256 == hashlib.sha256(FILES[0][1]).hexdigest()
    item = evidence.find(session, actor=actor, case_id=case_id, evidence_id=sealed.id)
    data, media_type = copies.cleaned(session, actor=actor, item=item, now=NOW)
    image = Image.open(io.BytesIO(data))
    assert (media_type, image.size, len(image.getexif())) == ("image/jpeg", (1600, 1200), 0)
    for kind in ("blurred", "clear"):
        with pytest.raises(NotFoundError):
            evidence.preview(session, actor=actor, store=world.store, item=item, kind=kind, now=NOW)
    with pytest.raises(NotFoundError):
        evidence.log_download(session, actor=actor, item=item, now=NOW)


@once
def test_a_chat_is_read_without_its_sender(world, session, draft):
    keep(world, session, draft, 1, conceal=["Fenna de Boer", "somebody else"])
    told.send(world, session, draft)
    actor, case_id, view = opened_case(world, session)
    sealed = next(one for one in view.evidence if one.sealed)
    item = evidence.find(session, actor=actor, case_id=case_id, evidence_id=sealed.id)
    data, _ = copies.cleaned(session, actor=actor, item=item, now=NOW)
    assert data.decode() == CHAT.replace("Fenna de Boer", "[melder]").replace("Fenna", "[melder]")
    kept = session.scalars(select(Derivative)).one()
    assert (kept.kind, kept.tool.split()[0]) == ("cleaned", "evidence_store.inspect")


@once
def test_what_cannot_be_copied_is_listed_by_size_and_time(world, session, draft):
    keep(world, session, draft, 2)
    told.send(world, session, draft)
    actor, case_id, view = opened_case(world, session)
    sealed = next(one for one in view.evidence if one.sealed)
    assert (sealed.copy, sealed.size, sealed.received_at) == ("", len(FILES[2][1]), NOW)
    item = evidence.find(session, actor=actor, case_id=case_id, evidence_id=sealed.id)
    with pytest.raises(NotFoundError):
        copies.cleaned(session, actor=actor, item=item, now=NOW)


@once
def test_no_record_or_event_that_staff_open_tells_the_name(world, session, draft):
    order = [one.id for one in drafts.load(session, live=draft).files]
    keep(world, session, draft, 0)
    keep(world, session, draft, 1, conceal=["Fenna de Boer"])
    assert [one.id for one in drafts.load(session, live=draft).files] == order
    receipt = told.send(world, session, draft)
    _, data = reporter.enter(session, school=world.school, code=receipt.code, instance=world.keys)
    opening = every_key(world, session, draft, data["keys"])
    readable = []
    for table, column in (
        (Record, "ciphertext"),
        (Derivative, "ciphertext"),
        (CustodyEvent, "sealed"),
    ):
        for row in session.scalars(select(table)):
            for identity in opening:
                try:
                    readable.append(records.decrypt(getattr(row, column) or b"", [identity]))
                except Exception:  # noqa: BLE001 - not meant for this key
                    continue
    assert len(readable) > 10
    for plain in readable:
        for secret in SECRETS:
            assert secret not in plain


@once
def test_nothing_of_it_lies_readable_on_disk(world, session, draft, tmp_path):
    keep(world, session, draft, 0)
    keep(world, session, draft, 1, conceal=["Fenna de Boer"])
    told.send(world, session, draft)
    opened_case(world, session)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(map(len, written)) > 100_000
    for data in written:
        for secret in (*SECRETS, b"Sem: gaat", b"GPSLatitude"):
            assert secret not in data


@once
def test_when_the_change_is_undone_the_original_is_still_the_readers(world, session, draft):
    """As after a crash between the new object and the commit: an orphan is all that is left."""
    item = files(session, draft)[FILES[0][0]]
    before = session.get_one(EvidenceItem, item).object_id
    protecting.keep_sealed(
        session, live=draft, store=world.store, file_id=item, conceal=[], now=NOW
    )
    transaction.rollback(session)
    row = session.get_one(EvidenceItem, item)
    assert (row.object_id, row.sealed_record_id) == (before, None)
    report = world.store.fsck(read_all=True)
    assert (report.ok, before in report.objects, len(report.objects)) == (True, True, 4)
    keep(world, session, draft, 0)
    told.send(world, session, draft)
    assert findings(world, session) == set()


@once
def test_a_report_whose_sealed_file_nobody_could_open_is_not_sent(factory, tmp_path):
    """Two of the three holders are shut out, so no pair is left."""
    fictional = next(one for one in SCHOOLS if one.protocol == "cals")
    first_line = make_pair(fictional, protocols.load("cals"), start=0).first_line
    shut_out = (first_line["2A"], first_line["3A"])
    world = told.make_world(factory, tmp_path / "other", holders=shut_out)
    with factory() as session:
        readers = {"exclude": [world.ids[code] for code in shut_out]}
        live = told.begin(world, session, told.answers(world, readers=readers))
        told.upload(world, session, live, FILES[0])
        keep(world, session, live, 0)
        with pytest.raises(InvalidInputError) as refused:
            told.submit(world, session, live)
        assert (refused.value.field, refused.value.problem) == ("readers", "sealed")
        transaction.rollback(session)
        item = drafts.load(session, live=live).files[0].id
        uploads.remove(session, live=live, store=world.store, file_id=item)
        transaction.commit(session)
        assert told.send(world, session, live).code


@once
def test_the_pairs_get_name_facts_and_original(world, session, draft):
    item_id = keep(world, session, draft, 0)
    told.send(world, session, draft)
    _, _, view = opened_case(world, session)
    for pair in ([0, 1], [2, 0], [1, 2]):
        found = recovery.open_case(
            session,
            school_id=world.school.id,
            label=view.row.label,
            identities=[world.recovery[at] for at in pair],
            reason="De politie haalt het op.",
            now=NOW,
        )
        items = recovery.open_sealed(session, found, now=NOW)
        assert [(one.row.id, one.body["name"]) for one in items] == [(item_id, FILES[0][0])]
        assert (
            b"".join(evidence.stream_of(world.store, items[0].row, items[0].identity))
            == FILES[0][1]
        )
        transaction.commit(session)


@once
def test_somebody_naked_gets_no_copy_and_not_even_a_type(world, session, draft):
    keep(world, session, draft, 0, why=sealing.INTIMATE)
    told.send(world, session, draft)
    _, _, view = opened_case(world, session)
    sealed = next(one for one in view.evidence if one.sealed)
    assert (sealed.sealed, sealed.copy) == ("intimate", "")
    assert sealed.media_type == "application/octet-stream"
    assert session.scalars(select(Derivative)).all() == []


@once
def test_a_sealed_file_can_still_be_taken_out_of_a_draft(world, session, draft):
    item_id = keep(world, session, draft, 0)
    uploads.remove(session, live=draft, store=world.store, file_id=item_id)
    transaction.commit(session)
    assert session.get(EvidenceItem, item_id) is None
    assert session.scalars(select(Derivative)).all() == []
    assert len(world.store.fsck().objects) == 2
    assert world.store.fsck().orphans == ()


def test_the_old_object_goes_and_the_log_knows_the_new_one(world, session, draft):
    before = {row.object_id for row in session.scalars(select(EvidenceItem))}
    item_id = keep(world, session, draft, 0)
    row = session.get_one(EvidenceItem, item_id)
    report = world.store.fsck(read_all=True)
    assert (report.ok, report.orphans, len(report.objects)) == (True, (), 3)
    assert row.object_id in report.objects
    assert len(before & set(report.objects)) == 2
    told.send(world, session, draft)
    assert findings(world, session) == set()
    row.ciphertext_sha256 = "0" * 64
    session.flush()
    assert "sealed" in findings(world, session)


@once
def test_a_key_given_to_somebody_is_found(world, session, draft):
    item_id = keep(world, session, draft, 0)
    told.send(world, session, draft)
    row = session.get_one(EvidenceItem, item_id)
    wrap = session.scalars(select(Wrap).where(Wrap.compartment_id == row.compartment_id)).first()
    wrap.holder_kind, wrap.holder_id = keys.CODE, "x" * 26
    session.flush()
    assert findings(world, session) == {"sealed"}
