"""What staff do in a case, also when two do it at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import CustodyEvent, EvidenceItem, Record
from portal.services import (
    case_keys,
    case_records,
    case_work,
    cases,
    custody,
    evidence,
    reporter,
    sessions,
    staff_reports,
    transaction,
)
from portal.services.errors import (
    ConflictError,
)
from portal.services.reports import Receipt
from portal.services.sessions import SealedSession
from portal.services.staff import StaffActor
from tests.services import world as told
from tests.services.test_handing import live_parts, mentor, part, the_case
from tests.services.test_sending import at_once
from tests.services.world import NOW, World


@pytest.fixture
def receipt(world: World, session: Session) -> Receipt:
    return told.report(world, session, told.answers(world))


def come_back(world: World, session: Session, code: str) -> SealedSession:
    report_id, data = reporter.enter(session, school=world.school, code=code, instance=world.keys)
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


def test_words_written_at_the_same_instant_all_arrive(
    world: World, session: Session, receipt: Receipt
) -> None:
    lives = [come_back(world, session, receipt.code) for _ in range(4)]
    case_id = the_case(session).id
    readers = [world.code_of(one.staff_id) for one in receipt.readers][:3]

    def act(place: int) -> None:
        with world.factory() as own:
            if place < len(lives):
                mine = told.resume(world, own, lives[place])
                reporter.send_message(own, live=mine, text=f"leerling {place}", now=NOW)
            else:
                actor = world.actor(own, readers[place % len(readers)])
                cases.note_reading(own, actor=actor, case_id=case_id, now=NOW)
            transaction.commit(own)

    assert at_once(10, act) == [None] * 10
    session.expire_all()
    view = reporter.view(session, live=lives[0])
    assert sorted(item.text for item in view.messages) == [f"leerling {n}" for n in range(4)]
    assert the_case(session).waiting_for_staff
    assert told.events(session, world.school.id).count("report:read") == 6


def test_the_first_reading_is_told_to_the_reporter(
    world: World, session: Session, receipt: Receipt
) -> None:
    case_id = the_case(session).id
    overseer = world.actor(session, world.code_of(part(receipt, "overseer")))
    cases.note_reading(session, actor=overseer, case_id=case_id, now=NOW)
    transaction.commit(session)
    assert the_case(session).read_at is None
    cases.note_reading(session, actor=mentor(world, session), case_id=case_id, now=NOW)
    transaction.commit(session)
    session.expire_all()
    assert the_case(session).status == "read"
    first = the_case(session).read_at
    later = NOW + timedelta(hours=3)
    cases.note_reading(session, actor=mentor(world, session), case_id=case_id, now=later)
    transaction.commit(session)
    session.expire_all()
    assert the_case(session).read_at == first
    assert not cases.all_rows(session, actor=mentor(world, session))[0].unread


def test_steps_of_one_hour_are_read_in_the_order_of_recording(
    world: World, session: Session, receipt: Receipt
) -> None:
    """The clear time of a record is its hour, and its id is random."""
    actor, case_id = mentor(world, session), the_case(session).id
    action = cases.show(session, actor=actor, case_id=case_id, now=NOW).next_action
    assert action is not None
    outcomes = ["skipped", "done"] * 6
    for number, outcome in enumerate(outcomes):
        case_work.record_step(
            session,
            actor=actor,
            case_id=case_id,
            action_key=action.key,
            outcome=outcome,
            text="om een reden",
            now=NOW + timedelta(seconds=number),
        )
        transaction.commit(session)
    _, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    kept = case_keys.facts_of(session, opened, case_work.STEP)
    assert [body["outcome"] for body in kept] == outcomes
    view = cases.show(session, actor=actor, case_id=case_id, now=NOW)
    assert next(item.outcome for item in view.actions if item.key == action.key) == "done"


def test_evidence_rows_swapped_in_the_database_are_noticed(
    world: World, session: Session, plain_inspection: None
) -> None:
    told.report(world, session, told.answers(world), ("a.txt", b"een"), ("b.txt", b"twee"))
    one, two = session.scalars(select(EvidenceItem)).all()
    actor, case_id = mentor(world, session), the_case(session).id
    for column in ("record_id", "object_id"):
        pair = (getattr(one, column), getattr(two, column))
        aside = [(one, "x" * 26)] if column == "object_id" else []  # no two items share an object
        for item, value in (*aside, (two, pair[0]), (one, pair[1])):
            session.execute(
                update(EvidenceItem).where(EvidenceItem.id == item.id).values({column: value})
            )
        session.commit()
        session.expire_all()
        view = cases.show(session, actor=actor, case_id=case_id, now=NOW)
        assert (view.evidence, view.changed) == ([], True)
        session.execute(
            update(EvidenceItem).where(EvidenceItem.id == two.id).values({column: "y" * 26})
        ) if column == "object_id" else None
        for item, value in ((one, pair[0]), (two, pair[1])):
            session.execute(
                update(EvidenceItem).where(EvidenceItem.id == item.id).values({column: value})
            )
        session.commit()
        session.expire_all()
    assert len(cases.show(session, actor=actor, case_id=case_id, now=NOW).evidence) == 2


def test_the_case_tells_when_its_files_came_in(
    world: World, session: Session, plain_inspection: None
) -> None:
    told.report(world, session, told.answers(world), ("a.txt", b"een"))
    view = cases.show(session, actor=mentor(world, session), case_id=the_case(session).id, now=NOW)
    assert "evidence:taken_in" in {entry.kind for entry in told.entries(view)}


@pytest.mark.parametrize("kind", ["signal", "talk"])
def test_who_starts_a_case_reads_along_only_after_a_talk(
    world: World, session: Session, kind: str
) -> None:
    writer = world.actor(session, world.mentor_of("3B"))
    value = told.answers(world)
    started = staff_reports.start(
        session,
        actor=writer,
        school=world.school,
        kind=kind,
        answers={
            key: {"value": item, "question": "", "version": ""} for key, item in value.items()
        },
        with_code=True,
        instance=world.keys,
        now=NOW,
    )
    transaction.commit(session)
    assert started.reads_along is (kind == "talk")
    assert (writer.id in live_parts(session)) is (kind == "talk")
    assert bool(cases.all_rows(session, actor=writer)) is (kind == "talk")
    assert started.code is not None
    live = come_back(world, session, started.code)
    assert reporter.view(session, live=live).answers["story"]["value"] == told.STORY
    handler = mentor(world, session)
    added = [
        case_events["reader"]
        for case_events in sealed_events(session, handler, started.case_id, "case:reader_added")
    ]
    assert added == ([writer.name] if kind == "talk" else [])


def sealed_events(
    session: Session, actor: StaffActor, case_id: str, kind: str
) -> list[dict[str, object]]:
    _, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    identities = opened.by_compartment()
    query = select(CustodyEvent).where(CustodyEvent.case_id == case_id, CustodyEvent.kind == kind)
    return [
        custody.open_event(row, identities[row.compartment_id])["sealed"]
        for row in session.scalars(query.order_by(CustodyEvent.position))
    ]


def test_previews_and_downloads_come_from_this_case_only(
    world: World, session: Session, plain_inspection: None
) -> None:
    told.report(world, session, told.answers(world), ("a.txt", b"een"))
    mine = the_case(session).id
    told.report(world, session, told.answers(world), ("b.txt", b"twee"))
    items = {item.id: item for item in session.scalars(select(EvidenceItem))}
    actor = mentor(world, session)
    own = {item.id for item in cases.show(session, actor=actor, case_id=mine, now=NOW).evidence}
    (other,) = set(items) - own
    with pytest.raises(evidence.NotFoundError):
        evidence.find(session, actor=actor, case_id=mine, evidence_id=other)
    assert session.scalars(select(Record)).all()


def test_of_answers_at_the_same_instant_none_goes_lost_without_a_word(
    world: World, session: Session, receipt: Receipt
) -> None:
    case_id = the_case(session).id
    report_id = session.scalars(select(Record.report_id).where(Record.kind == "report")).one()
    codes = [world.code_of(one.staff_id) for one in receipt.readers]

    def act(place: int) -> None:
        with world.factory() as own:
            case_work.reply(
                own,
                actor=world.actor(own, codes[place % len(codes)]),
                case_id=case_id,
                report_id=report_id,
                text=f"antwoord {place}",
                now=NOW,
            )
            transaction.commit(own)

    refused = [result for result in at_once(4, act) if result is not None]
    assert all(isinstance(result, ConflictError) for result in refused), refused
    view = cases.show(session, actor=mentor(world, session), case_id=case_id, now=NOW)
    assert len(view.reports[0].messages) + len(refused) == 4


def test_of_two_who_record_at_the_same_instant_one_is_told(
    world: World, session: Session, receipt: Receipt
) -> None:
    """Both looked at the same stand: what the second says may not fit any more."""
    case_id = the_case(session).id
    codes = [world.code_of(one.staff_id) for one in receipt.readers][:2]
    now_first = cases.show(session, actor=mentor(world, session), case_id=case_id, now=NOW)
    action = now_first.next_action
    assert action is not None

    def act(place: int) -> None:
        with world.factory() as own:
            case_work.record_step(
                own,
                actor=world.actor(own, codes[place]),
                case_id=case_id,
                action_key=action.key,
                outcome="done" if place else "skipped",
                text="om een reden",
                now=NOW,
            )
            transaction.commit(own)

    refused = [result for result in at_once(2, act) if result is not None]
    _, opened = case_records.open_for(session, actor=mentor(world, session), case_id=case_id)
    kept = case_keys.facts_of(session, opened, case_work.STEP)
    assert len(kept) + len(refused) == 2
    assert all(isinstance(result, ConflictError) for result in refused), refused
    assert kept
