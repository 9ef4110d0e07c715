"""Records against somebody who can write to the database but holds no key.

Anybody can seal an age file to a public half; only who holds the secret half can vouch for it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from evidence_store import Recipient, canonical_json, encrypt
from portal.models import Compartment, Derivative, EvidenceItem, Record, new_id
from portal.services import (
    case_records,
    case_work,
    cases,
    derivatives,
    evidence,
    keys,
    records,
    reporter,
    transaction,
)
from portal.services.cases import CaseView
from portal.services.errors import RecordMismatchError
from tests.services import world as told
from tests.services.story import FILE, Story, make_story
from tests.services.world import NOW, World

FORGED = "Dit schreef niemand van school."


@pytest.fixture
def story(world: World, session: Session, plain_inspection: None) -> Story:
    return make_story(world, session)


def compartment(it: Story, kind: str) -> Compartment:
    query = select(Compartment).where(
        Compartment.kind == kind,
        (Compartment.report_id == it.report_id) | (Compartment.case_id == it.case_id),
    )
    return it.session.scalars(query).one()


def sealed(row: Compartment, record: Record, body: dict[str, Any]) -> bytes:
    """What an attacker can make: an age file to the public half that lies open."""
    return records.seal(
        row.recipient,
        body,
        kind=record.kind,
        school_id=row.school_id,
        owner_id=records.owner_of(row),
        record_id=record.id,
        seq=record.seq,
    )


def forge(it: Story, compartment_kind: str, kind: str, body: dict[str, Any]) -> None:
    """Add a record."""
    row = compartment(it, compartment_kind)
    record = Record(
        id=new_id(),
        school_id=row.school_id,
        compartment_id=row.id,
        report_id=row.report_id,
        case_id=row.case_id,
        kind=kind,
        seq=0,
        at=NOW,
    )
    put(it, record, sealed(row, record, {"at": NOW.isoformat(), **body}))
    it.session.add(record)
    transaction.commit(it.session)


def put(it: Story, record: Record, ciphertext: bytes) -> None:
    record.ciphertext = ciphertext
    record.ciphertext_sha256 = hashlib.sha256(ciphertext).hexdigest()


def replace(it: Story, compartment_kind: str, kind: str, body: dict[str, Any]) -> None:
    """Put another content in the place of a record's own."""
    row = compartment(it, compartment_kind)
    record = it.session.scalars(
        select(Record).where(Record.compartment_id == row.id, Record.kind == kind)
    ).first()
    assert record is not None
    put(it, record, sealed(row, record, {"at": NOW.isoformat(), **body}))
    transaction.commit(it.session)
    it.session.expire_all()


def show(it: Story) -> CaseView:
    return cases.show(it.session, actor=it.mentor, case_id=it.case_id, now=NOW)


def test_an_honest_case_is_shown_without_a_warning(story: Story) -> None:
    assert not show(story).changed
    assert not reporter.view(story.session, live=story.live).changed


@pytest.mark.parametrize("kind", [reporter.FROM_STAFF, reporter.FROM_REPORTER, reporter.NOTICE])
def test_a_message_in_somebody_s_name_is_shown_to_nobody(story: Story, kind: str) -> None:
    case_work.reply(
        story.session,
        actor=story.mentor,
        case_id=story.case_id,
        report_id=story.report_id,
        text="echt",
        now=NOW,
    )
    transaction.commit(story.session)
    forge(story, keys.STORY, kind, {"who": story.mentor.name, "text": FORGED})
    seen = reporter.view(story.session, live=story.live)
    assert [one.text for one in seen.messages] == ["echt"]
    assert seen.changed
    view = show(story)
    assert [one.text for one in view.reports[0].messages] == ["echt"]
    assert view.changed


def test_a_note_in_a_colleague_s_name_is_not_in_the_case(story: Story) -> None:
    body = {"who": story.mentor.name, "staff": story.mentor.id, "text": FORGED}
    forge(story, keys.CASE, case_work.NOTE, body)
    view = show(story)
    assert FORGED not in {entry.text for entry in view.entries}
    assert view.changed
    assert view.reports[0].answers["story"]["value"] == told.STORY


@pytest.mark.parametrize(
    ("place", "kind", "body"),
    [
        (keys.STORY, "report", {"answers": {"story": {"value": FORGED, "question": ""}}}),
        (keys.CASE, "routing", {"explanation": [], "people": [FORGED]}),
        (keys.CASE, "exclusions", {"excluded": []}),
    ],
)
def test_a_record_in_the_place_of_another_is_left_out(
    story: Story, place: str, kind: str, body: dict[str, Any]
) -> None:
    replace(story, place, kind, body)
    view = show(story)
    assert view.changed
    assert FORGED not in repr(view)
    assert [item.name for item in view.evidence] == [FILE[0]]


def other_name(it: Story, place: str, kind: str) -> None:
    row = compartment(it, place)
    record = it.session.scalars(
        select(Record).where(Record.compartment_id == row.id, Record.kind == kind)
    ).one()
    _, opened = case_records.open_for(it.session, actor=it.mentor, case_id=it.case_id)
    identity = opened.by_compartment()[row.id]
    body = records.unseal(
        identity,
        record.ciphertext,
        kind=kind,
        school_id=row.school_id,
        owner_id=records.owner_of(row),
        record_id=record.id,
        seq=record.seq,
        vouched=True,
    )
    replace(it, place, kind, {**body, "name": FORGED})


@pytest.mark.parametrize(("place", "kind"), [("evidence", "evidence"), ("story", "listing")])
def test_what_a_file_is_cannot_be_rewritten(story: Story, place: str, kind: str) -> None:
    """Not even by somebody who knows all of it but the key: a pupil who guesses it."""
    other_name(story, place, kind)
    view = show(story)
    assert view.evidence == []
    assert view.changed
    assert view.reports[0].answers["story"]["value"] == told.STORY
    seen = reporter.view(story.session, live=story.live)
    assert FORGED not in repr(seen.files)


def test_a_damaged_record_breaks_no_page(story: Story) -> None:
    story.session.execute(
        update(Record).where(Record.kind.in_(["report", "evidence"])).values(ciphertext=b"weg")
    )
    story.session.commit()
    story.session.expire_all()
    view = show(story)
    assert view.changed
    assert view.reports[0].answers == {}
    assert reporter.view(story.session, live=story.live).changed


def test_without_an_authenticator_a_record_does_not_open(story: Story) -> None:
    forge(story, keys.CASE, case_work.NOTE, {"text": FORGED})
    _, opened = case_records.open_for(story.session, actor=story.mentor, case_id=story.case_id)
    record = story.session.scalars(select(Record).where(Record.kind == case_work.NOTE)).one()
    with pytest.raises(RecordMismatchError):
        records.open_record(record, opened.current.identity)


def test_with_another_key_s_authenticator_neither(story: Story) -> None:
    row = compartment(story, keys.CASE)
    record = Record(id=new_id(), kind=case_work.NOTE, seq=0, at=NOW)
    record.school_id, record.compartment_id, record.case_id = row.school_id, row.id, row.case_id
    elsewhere = keys.new_compartment(
        story.session, school_id=row.school_id, kind=keys.CASE, case_id=row.case_id
    )
    story.session.expunge(elsewhere.row)
    record.ciphertext = records.seal(
        row.recipient,
        {"text": FORGED},
        kind=record.kind,
        school_id=row.school_id,
        owner_id=records.owner_of(row),
        record_id=record.id,
        voucher=elsewhere.identity,
    )
    _, opened = case_records.open_for(story.session, actor=story.mentor, case_id=story.case_id)
    with pytest.raises(RecordMismatchError):
        records.open_record(record, opened.current.identity)


def test_a_preview_that_nobody_made_here_is_not_shown(story: Story) -> None:
    row = compartment(story, keys.EVIDENCE)
    item_id = story.session.scalars(select(EvidenceItem.id)).one()
    named = {"id": new_id(), "evidence_id": item_id, "kind": "blurred", "media_type": "image/png"}
    label = {
        "v": derivatives.FORMAT,
        "sha256": hashlib.sha256(b"vals").hexdigest(),
        **named,
    }
    for mac in ({}, {"mac": "0" * 64}):
        data = canonical_json({**label, **mac}) + b"\nvals"
        story.session.execute(delete(Derivative))
        story.session.add(
            Derivative(
                **named,
                school_id=row.school_id,
                tool="eigen",
                made_at=NOW,
                ciphertext=encrypt(data, [Recipient.parse(row.recipient)]),
            )
        )
        transaction.commit(story.session)
        story.session.expunge_all()
        common = {"actor": story.mentor, "case_id": story.case_id}
        item = evidence.find(story.session, evidence_id=item_id, **common)
        with pytest.raises(RecordMismatchError):
            evidence.preview(
                story.session,
                actor=story.mentor,
                store=story.world.store,
                item=item,
                kind="blurred",
                now=NOW,
            )
        transaction.rollback(story.session)
