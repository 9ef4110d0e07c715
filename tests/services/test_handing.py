"""Handing a case over, also when two do it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import ReaderChange
from portal.models import Case, CaseReader, Wrap
from portal.services import (
    case_keys,
    case_records,
    cases,
    handing,
    transaction,
)
from portal.services.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from portal.services.reports import Receipt
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
