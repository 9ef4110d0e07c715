"""What is kept for the police: no key of staff, case or code opens it; only two holders do."""

import functools
import hashlib
import io

import pytest
from PIL import Image
from sqlalchemy import select

from evidence_store import Identity, NoMatchError
from evidence_store.inspect import describe
from evidence_store.inspect.sandbox import BytesSource
from portal.demo import samples
from portal.models import Compartment, CustodyEvent, Derivative, EvidenceItem, Record, Wrap
from portal.services import (
    audit,
    cases,
    drafts,
    evidence,
    keys,
    protecting,
    quarantine,
    records,
    recovery,
    reporter,
    sealing,
    sessions,
    transaction,
    uploads,
)
from portal.services.errors import NotFoundError
from tests.services import world as told
from tests.services.world import NOW

CHAT = (
    "12-11-2026 21:06 - Fenna de Boer: waar ben je\n"
    "12-11-2026 21:07 - Sem: gaat je niks aan, Fenna\n"
)
FILES = [
    ("IMG_2041 Fenna.jpg", samples.jpeg()),
    ("WhatsApp-chat met Sem.txt", CHAT.encode()),
    ("brief mentor.pdf", samples.pdf()),
]
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""Where the database makes no difference."""
SECRETS = (b"Fenna", b"IMG_2041", b"Voorbeeld Telefoon")


@functools.cache
def _looked_at(digest, name):
    data = next(data for _, data in FILES if hashlib.sha256(data).hexdigest() == digest)
    return describe(BytesSource(data), name=name)


@pytest.fixture(autouse=True)
def look_once(monkeypatch):
    """Look at each of the files in a child once for all tests."""
    monkeypatch.setattr(
        uploads, "describe", lambda _source, *, name, sha256, **_more: _looked_at(sha256, name)
    )


@pytest.fixture
def draft(world, session):
    live = told.begin(world, session, told.answers(world))
    told.upload(world, session, live, *FILES)
    return live


def keep(world, session, live, number, *, conceal=(), why=sealing.BY_REPORTER):
    item = files(session, live)[FILES[number][0]]
    protecting.keep_sealed(
        session,
        live=live,
        store=world.store,
        file_id=item,
        conceal=conceal,
        now=NOW,
        why=why,
    )
    transaction.commit(session)
    return item


def files(session, live):
    return {one.name: one.id for one in drafts.load(session, live=live).files}


def mentor(world, session):
    return world.actor(session, world.mentor_of("1A"))


def opened_case(world, session):
    case_id = session.scalars(select(Compartment.case_id).where(Compartment.kind == "case")).one()
    actor = mentor(world, session)
    return actor, case_id, cases.show(session, actor=actor, case_id=case_id, now=NOW)


def every_key(world, session, live, code_data):
    """All identities of staff, the cookie, the code, and what each of them leads to."""
    found = dict(code_data)
    identities = [*world.identities.values()]
    wraps = session.execute(
        select(Wrap, Compartment).join(Compartment, Compartment.id == Wrap.compartment_id)
    ).all()
    grown = True
    while grown:
        grown = False
        for wrap, row in wraps:
            if row.id in found or wrap.holder_kind == keys.PAIR:
                continue
            for identity in [*identities, *map(Identity.parse, found.values())]:
                try:
                    opened = keys.open_wrap(wrap, row, identity)
                except NotFoundError:
                    continue
                found[row.id], grown = str(opened.identity), True
                break
    return [*identities, *map(Identity.parse, found.values())]


def findings(world, session):
    """What fsck says, but for the staff of this world, whose keys nobody confirmed."""
    found = audit.check_all(session, instance=world.keys, store=world.store, read_all=True)
    return {one.code for one in found} - {"recipient"}


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
    data, media_type = evidence.cleaned_copy(session, actor=actor, item=item, now=NOW)
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
    data, _ = evidence.cleaned_copy(session, actor=actor, item=item, now=NOW)
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
        evidence.cleaned_copy(session, actor=actor, item=item, now=NOW)


@once
def test_no_record_or_event_that_staff_open_tells_the_name(world, session, draft):
    keep(world, session, draft, 0)
    keep(world, session, draft, 1, conceal=["Fenna de Boer"])
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


@pytest.fixture
def sent(world, session, draft):
    """The report is sent as it is, and its reporter came back with the code."""
    receipt = told.send(world, session, draft)
    report_id, data = reporter.enter(
        session, school=world.school, code=receipt.code, instance=world.keys
    )
    live = sessions.begin(
        session,
        kind=sessions.REPORTER,
        school_id=world.school.id,
        data=data,
        now=NOW,
        report_id=report_id,
    )
    transaction.commit(session)
    return live


def test_who_comes_back_asks_and_the_next_reader_seals(world, session, sent):
    actor, case_id, view = opened_case(world, session)
    photo = next(one for one in view.evidence if one.preview == "image")
    assert photo.id in protecting.may_still_ask(session, live=sent)
    protecting.ask_to_seal(session, live=sent, file_id=photo.id, now=NOW)
    transaction.commit(session)
    _, _, view = opened_case(world, session)
    waiting = next(one for one in view.evidence if one.id == photo.id)
    assert (waiting.sealed, waiting.name, waiting.facts) == ("asked", evidence.NEUTRAL_NAME, {})
    item = evidence.find(session, actor=actor, case_id=case_id, evidence_id=photo.id)
    with pytest.raises(NotFoundError):
        evidence.preview(session, actor=actor, store=world.store, item=item, kind="clear", now=NOW)
    done = quarantine.fulfil(session, actor=actor, store=world.store, case_id=case_id, now=NOW)
    transaction.commit(session)
    assert done == 1
    _, _, view = opened_case(world, session)
    sealed = next(one for one in view.evidence if one.id == photo.id)
    assert (sealed.sealed, sealed.copy) == ("reporter", "image/jpeg")
    again = quarantine.fulfil(session, actor=actor, store=world.store, case_id=case_id, now=NOW)
    assert again == 0


@once
def test_after_somebody_opened_it_asking_is_refused(world, session, sent):
    actor, case_id, view = opened_case(world, session)
    photo = next(one for one in view.evidence if one.preview == "image")
    item = evidence.find(session, actor=actor, case_id=case_id, evidence_id=photo.id)
    evidence.preview(session, actor=actor, store=world.store, item=item, kind="clear", now=NOW)
    transaction.commit(session)
    assert photo.id not in protecting.may_still_ask(session, live=sent)
    with pytest.raises(NotFoundError):
        protecting.ask_to_seal(session, live=sent, file_id=photo.id, now=NOW)


def close_off(world, session, actor, case_id, item_id, **more):
    quarantine.close_off(
        session,
        actor=actor,
        store=world.store,
        case_id=case_id,
        evidence_id=item_id,
        now=NOW,
        **more,
    )
    transaction.commit(session)


def test_one_press_takes_previews_and_keys_from_everybody(world, session, sent):
    actor, case_id, view = opened_case(world, session)
    photo = next(one for one in view.evidence if one.preview == "image")
    item = evidence.find(session, actor=actor, case_id=case_id, evidence_id=photo.id)
    for kind in ("blurred", "clear"):
        evidence.preview(session, actor=actor, store=world.store, item=item, kind=kind, now=NOW)
    transaction.commit(session)
    assert len(session.scalars(select(Derivative)).all()) == 2
    close_off(world, session, actor, case_id, photo.id)
    close_off(world, session, actor, case_id, photo.id)
    assert session.scalars(select(Derivative)).all() == []
    row = session.get_one(EvidenceItem, photo.id)
    for identity in every_key(world, session, sent, sent.data["keys"]):
        with pytest.raises(NoMatchError):
            world.store.open(row.object_id, [identity])
    closed = quarantine.closed_off(session, actor=actor, case_id=case_id)
    assert [(one.evidence_id, one.who, one.seen) for one in closed] == [
        (photo.id, actor.name, [actor.name])
    ]
    assert session.get_one(type(item.case), case_id).urgent
    assert findings(world, session) == set()


@once
def test_the_reporter_is_told_kindly_and_the_task_stays_until_it_is_handled(world, session, sent):
    actor, case_id, view = opened_case(world, session)
    photo = next(one for one in view.evidence if one.preview == "image")
    close_off(world, session, actor, case_id, photo.id)
    seen = reporter.view(session, live=sent)
    notice = next(one for one in seen.messages if one.kind == reporter.NOTICE)
    assert "Je bent niet in de fout gegaan." in notice.text
    assert evidence.NEUTRAL_NAME in {one.name for one in seen.files}
    assert [
        one.handled for one in quarantine.closed_off(session, actor=actor, case_id=case_id)
    ] == [""]
    quarantine.handle(
        session, actor=actor, case_id=case_id, evidence_id=photo.id, text="Zeden gebeld.", now=NOW
    )
    transaction.commit(session)
    done = quarantine.closed_off(session, actor=actor, case_id=case_id)[0]
    assert (done.handled, done.handled_by) == ("Zeden gebeld.", actor.name)


def test_a_preview_made_meanwhile_is_not_kept(world, session, sent):
    """Somebody opened the picture just before; when it is done, the item is sealed already."""
    actor, case_id, view = opened_case(world, session)
    photo = next(one for one in view.evidence if one.preview == "image")
    with world.factory() as other:
        reader = mentor(world, other)
        item = evidence.find(other, actor=reader, case_id=case_id, evidence_id=photo.id)
        evidence.preview(other, actor=reader, store=world.store, item=item, kind="clear", now=NOW)
        close_off(world, session, actor, case_id, photo.id)
        transaction.commit(other)
    assert session.scalars(select(Derivative)).all() == []
