"""What staff do in a case, also when two do it at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import ReaderChange
from portal.models import Case, CaseReader, CustodyEvent, EvidenceItem, Record, Wrap
from portal.services import (
    case_keys,
    case_records,
    case_work,
    cases,
    custody,
    evidence,
    handing,
    reporter,
    sessions,
    staff_reports,
    transaction,
)
from portal.services.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from portal.services.reports import Receipt
from portal.services.sessions import SealedSession
from portal.services.staff import StaffActor
from tests.services import world as told
from tests.services.test_sending import at_once
from tests.services.world import NOW, World


@pytest.fixture
def receipt(world: World, session: Session) -> Receipt:
    return told.report(world, session, told.answers(world))


def mentor(world: World, session: Session) -> StaffActor:
    return world.actor(session, world.mentor_of("1A"))


def the_case(session: Session) -> Case:
    return session.scalars(select(Case)).one()


def hand_over(
    world: World,
    session: Session,
    to: str,
    *,
    by: StaffActor | None = None,
    keep: bool = True,
    role: str | None = None,
) -> None:
    handing.hand_over(
        session,
        actor=by or mentor(world, session),
        case_id=the_case(session).id,
        to_staff_id=to,
        role_key=told.role_of(session, to) if role is None else role,
        reason="andere rol",
        keep_reading=keep,
        now=NOW,
    )
    transaction.commit(session)


def live_parts(session: Session) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in session.scalars(select(CaseReader).where(CaseReader.until.is_(None))):
        found.setdefault(row.staff_id, []).append(row.part)
    return found


def part(receipt: Receipt, name: str) -> str:
    return next(one.staff_id for one in receipt.readers if one.part == name)


def test_a_reader_who_takes_over_stands_in_every_list_once(
    world: World, session: Session, receipt: Receipt
) -> None:
    overseer = part(receipt, "overseer")
    former = mentor(world, session)
    hand_over(world, session, overseer)
    parts = live_parts(session)
    assert parts[overseer] == ["handler"]
    assert parts[former.id] == ["also"]
    assert all(len(items) == 1 for items in parts.values())
    taker = world.actor(session, world.code_of(overseer))
    assert len(cases.all_rows(session, actor=taker)) == 1
    assert cases.desk(session, actor=taker, now=NOW).today == 1
    assert [row.mine for row in cases.desk(session, actor=former, now=NOW).elsewhere] == [False]


def test_who_hands_over_without_reading_on_reads_no_more(
    world: World, session: Session, receipt: Receipt
) -> None:
    former = mentor(world, session)
    hand_over(world, session, part(receipt, "overseer"), keep=False)
    assert former.id not in live_parts(session)
    assert cases.all_rows(session, actor=former) == []
    assert session.scalars(select(Wrap).where(Wrap.holder_id == former.id)).all() == []
    taker = world.actor(session, world.code_of(part(receipt, "overseer")))
    view = cases.show(session, actor=taker, case_id=the_case(session).id, now=NOW)
    assert view.reports[0].answers["story"]["value"] == told.STORY


def test_a_case_is_never_left_to_one_reader(
    world: World, session: Session, receipt: Receipt
) -> None:
    former = mentor(world, session)
    overseer = part(receipt, "overseer")
    case, opened = case_records.open_for(session, actor=former, case_id=the_case(session).id)
    for staff_id in set(live_parts(session)) - {former.id, overseer}:
        opened = case_keys.remove_reader(
            session,
            case=case,
            case_keys=opened,
            staff_id=staff_id,
            actor=former.custody,
            why=ReaderChange.LET_IN,
            now=NOW,
        )
        transaction.commit(session)
    with pytest.raises(InvalidInputError) as caught:
        hand_over(world, session, overseer, keep=False)
    assert caught.value.field == "keep"
    transaction.rollback(session)
    assert set(live_parts(session)) == {former.id, overseer}


def test_of_two_hand_overs_at_once_one_wins(
    world: World, session: Session, receipt: Receipt
) -> None:
    readers = {one.staff_id for one in receipt.readers}
    others = [item for item in world.ids.values() if item not in readers][:2]

    def act(place: int) -> None:
        with world.factory() as own:
            hand_over(world, own, others[place])

    results = at_once(2, act)
    refused = [result for result in results if result is not None]
    assert all(isinstance(result, ConflictError) for result in refused), results
    session.expire_all()
    handler = the_case(session).handler_id
    assert handler in others
    assert len(refused) == len([item for item in others if item not in live_parts(session)])


def test_a_role_that_the_taker_does_not_hold_is_refused(
    world: World, session: Session, receipt: Receipt
) -> None:
    overseer = part(receipt, "overseer")
    for role in ("mentor", "bestaat-niet", ""):
        with pytest.raises(InvalidInputError) as caught:
            hand_over(world, session, overseer, role=role)
        assert (caught.value.field, caught.value.problem) == ("staff", "unknown")
        transaction.rollback(session)
    assert the_case(session).handler_id == mentor(world, session).id


def test_two_hand_overs_at_once_to_the_same_person(
    world: World, session: Session, receipt: Receipt
) -> None:
    """Both seal the key to the same colleague; the second one is told, not broken."""
    newcomer = next(
        item
        for item in world.ids.values()
        if item not in live_parts(session) and told.role_of(session, item)
    )

    def act(_place: int) -> None:
        with world.factory() as own:
            hand_over(world, own, newcomer)

    refused = [result for result in at_once(2, act) if result is not None]
    assert all(isinstance(result, ConflictError) for result in refused), refused
    session.expire_all()
    assert the_case(session).handler_id == newcomer


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


def test_a_case_goes_to_nobody_of_another_school(
    world: World, session: Session, receipt: Receipt, tmp_path: Path
) -> None:
    other = told.make_world(world.factory, tmp_path / "other", protocol="borgen")
    stranger = next(iter(other.ids.values()))
    answers = set()
    for staff_id in (stranger, "x" * 26):
        with pytest.raises(NotFoundError) as caught:
            hand_over(world, session, staff_id)
        answers.add(caught.value.args == (staff_id,))
        transaction.rollback(session)
    assert answers == {True}
    assert session.scalars(select(Wrap).where(Wrap.holder_id == stranger)).all() == []


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
