"""After sending: a reporter asks to seal, and staff close what they should not see."""

import pytest
from sqlalchemy import select

from evidence_store import EvidenceStore, NoMatchError
from portal.models import Derivative, EvidenceItem
from portal.services import (
    copies,
    derivatives,
    evidence,
    protecting,
    quarantine,
    reporter,
    sessions,
    transaction,
)
from portal.services.errors import NotFoundError
from portal.services.worker import ORPHAN_AGE, Orphans
from tests.services import world as told
from tests.services.sealed import (
    FILES,
    begin_draft,
    every_key,
    findings,
    keep,
    look_once,
    mentor,
    opened_case,
)
from tests.services.world import NOW

once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""Where the database makes no difference."""


@pytest.fixture(autouse=True)
def _once_looked_at(monkeypatch):
    look_once(monkeypatch)


@pytest.fixture
def draft(world, session):
    return begin_draft(world, session)


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
    made = {row.kind for row in session.scalars(select(Derivative))}
    assert made == {"blurred", "clear", derivatives.LIKENESS}
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
    numbered = {one.id: one.exhibit for one in view.evidence}
    _, _, after = opened_case(world, session)
    assert {one.id: one.exhibit for one in after.evidence} == numbered
    assert findings(world, session) == set()


@once
def test_the_cleaned_copy_of_a_sealed_file_goes_with_one_press_too(world, session, draft):
    photo = keep(world, session, draft, 0)
    told.send(world, session, draft)
    actor, case_id, _ = opened_case(world, session)
    item = evidence.find(session, actor=actor, case_id=case_id, evidence_id=photo)
    copies.cleaned(session, actor=actor, item=item, now=NOW)
    transaction.commit(session)
    close_off(world, session, actor, case_id, photo)
    close_off(world, session, actor, case_id, photo)
    assert session.scalars(select(Derivative)).all() == []
    item = evidence.find(session, actor=actor, case_id=case_id, evidence_id=photo)
    with pytest.raises(NotFoundError):
        copies.cleaned(session, actor=actor, item=item, now=NOW)
    _, _, view = opened_case(world, session)
    shown = next(one for one in view.evidence if one.id == photo)
    assert (shown.sealed, shown.copy, shown.intimate) == ("staff", "", True)
    assert shown.media_type == "application/octet-stream"
    closed = quarantine.closed_off(session, actor=actor, case_id=case_id)
    assert [(one.evidence_id, one.seen) for one in closed] == [(photo, [actor.name])]
    assert findings(world, session) == set()


@once
def test_what_was_sent_twice_is_closed_with_one_press(world, session, draft):
    told.upload(world, session, draft, ("nog een keer.jpg", FILES[0][1]))
    told.send(world, session, draft)
    actor, case_id, view = opened_case(world, session)
    twice = {one.id for one in view.evidence if one.preview == "image"}
    assert len(twice) == 2
    close_off(world, session, actor, case_id, min(twice))
    _, _, view = opened_case(world, session)
    assert {one.id for one in view.evidence if one.sealed == "staff"} == twice
    closed = quarantine.closed_off(session, actor=actor, case_id=case_id)
    assert {one.evidence_id for one in closed} == twice
    assert findings(world, session) == set()


@once
def test_what_was_closed_and_comes_again_is_shown_to_nobody(world, session, sent):
    actor, case_id, view = opened_case(world, session)
    photo = next(one for one in view.evidence if one.preview == "image")
    close_off(world, session, actor, case_id, photo.id)
    told.upload(world, session, sent, ("nog een keer.jpg", FILES[0][1]))
    _, _, view = opened_case(world, session)
    again = next(one for one in view.evidence if one.name == "nog een keer.jpg")
    item = evidence.find(session, actor=actor, case_id=case_id, evidence_id=again.id)
    for kind in ("blurred", "clear"):
        with pytest.raises(NotFoundError):
            evidence.preview(session, actor=actor, store=world.store, item=item, kind=kind, now=NOW)
    with pytest.raises(NotFoundError):
        evidence.log_download(session, actor=actor, item=item, now=NOW)
    done = quarantine.fulfil(session, actor=actor, store=world.store, case_id=case_id, now=NOW)
    transaction.commit(session)
    assert done == 1
    _, _, view = opened_case(world, session)
    assert {one.sealed for one in view.evidence if one.sha256 == photo.sha256} == {
        "staff",
        "intimate",
    }
    assert findings(world, session) == set()


@once
def test_an_old_object_that_could_not_go_goes_a_day_later(world, session, sent, monkeypatch):
    """As when the machine stops between the change and the destruction."""
    actor, case_id, view = opened_case(world, session)
    photo = next(one for one in view.evidence if one.preview == "image")
    before = session.get_one(EvidenceItem, photo.id).object_id
    with monkeypatch.context() as patch:
        patch.setattr(EvidenceStore, "destroy", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            close_off(world, session, actor, case_id, photo.id)
    assert before in world.store.fsck().objects
    orphans = Orphans()
    orphans.sweep(session, store=world.store, now=NOW)
    assert orphans.sweep(session, store=world.store, now=NOW + ORPHAN_AGE) == 1
    kept = world.store.fsck().objects
    assert (before in kept, session.get_one(EvidenceItem, photo.id).object_id in kept) == (
        False,
        True,
    )


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
