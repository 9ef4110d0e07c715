"""Who is accused or shut out gets no key, no notice and no trace, in whatever role."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import AgeError, Identity, decrypt
from portal.db import make_session_factory
from portal.domain.custody_kinds import ReaderChange
from portal.models import (
    Case,
    CaseReader,
    Compartment,
    OutboxMail,
    RecoveryHolder,
    Report,
    StaffMember,
    StaffRole,
    Wrap,
    new_id,
)
from portal.protocols import known
from portal.services import (
    accounts,
    case_keys,
    case_records,
    case_work,
    cases,
    closing,
    handing,
    keys,
    sessions,
    staff,
    transaction,
)
from portal.services.custody import SYSTEM
from portal.services.errors import ForbiddenError, InvalidInputError, NotFoundError
from portal.services.reports import Receipt
from tests.databases import migrated_engine
from tests.services import world as told
from tests.services.world import NOW, World

FIRST_CLASS = "1A"
LATER = NOW + timedelta(seconds=1)
WAYS = ("accused", "excluded", "both")


@pytest.fixture(scope="module", params=sorted(known()))
def school(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give the school of one protocol; one mentor keeps a recovery key."""
    folder = tmp_path_factory.mktemp(request.param)
    factory = make_session_factory(migrated_engine(folder))
    return told.make_world(
        factory, folder, protocol=request.param, holders=(first_code(request.param),)
    )


def first_code(protocol: str) -> str:
    fictional = next(one for one in told.SCHOOLS if one.protocol == protocol)
    pair = told.make_pair(fictional, told.protocols.load(protocol), start=0)
    return pair.first_line[FIRST_CLASS]


def telling(world: World, way: str, staff_ids: list[str]) -> told.Answers:
    """Answers about, or shutting out, some members of staff."""
    values = told.answers(world)
    if way != "excluded":
        values["classes"] = {**values["classes"], "staff": staff_ids}
    if way != "accused":
        values["readers"] = {"exclude": staff_ids}
    return values


def case_of(session: Session, receipt: Receipt) -> Case:
    return session.scalars(select(Case).where(Case.label == receipt.label)).one()


def compartments(session: Session, case: Case) -> list[Compartment]:
    reports = select(Report.id).where(Report.case_id == case.id)
    query = select(Compartment).where(
        (Compartment.case_id == case.id) | Compartment.report_id.in_(reports)
    )
    return list(session.scalars(query))


def assert_no_trace(world: World, session: Session, case: Case, shut_out: Iterable[str]) -> None:
    """Check everything that could give somebody a case or tell of it."""
    out = set(shut_out)
    wraps = list(
        session.scalars(
            select(Wrap).where(
                Wrap.compartment_id.in_([row.id for row in compartments(session, case)])
            )
        )
    )
    keepers = select(RecoveryHolder.id).where(RecoveryHolder.staff_id.in_(out))
    keeper_ids = set(session.scalars(keepers))
    for wrap in wraps:
        assert wrap.holder_id not in out
        assert not keeper_ids & set(wrap.holder_id.split("+"))
    assert_opens_nothing(world, wraps, out, bool(keeper_ids))
    for table in (OutboxMail, CaseReader):
        query = select(table.staff_id).where(table.school_id == case.school_id)
        if table is CaseReader:
            query = query.where(CaseReader.case_id == case.id)
        else:
            query = query.where(OutboxMail.dedupe_key.contains(case.id))
        assert not out & set(session.scalars(query))
    for staff_id in out:
        assert_sees_nothing(world, session, case, staff_id)


def assert_opens_nothing(world: World, wraps: list[Wrap], out: set[str], keeper_out: bool) -> None:
    identities = [world.identities[world.code_of(staff_id)] for staff_id in out]
    if keeper_out:
        identities.append(world.recovery[0])
    for wrap in wraps:
        with pytest.raises(AgeError):
            decrypt(wrap.sealed, identities)


def assert_sees_nothing(world: World, session: Session, case: Case, staff_id: str) -> None:
    actor = world.actor(session, world.code_of(staff_id))
    desk = cases.desk(session, actor=actor, now=NOW)
    rows = [
        *desk.new, *desk.overdue, *desk.due, *desk.answers, *desk.later, *desk.elsewhere,
        *cases.all_rows(session, actor=actor),
    ]  # fmt: skip
    assert case.id not in {row.id for row in rows}
    with pytest.raises(NotFoundError):
        cases.show(session, actor=actor, case_id=case.id, now=NOW)


@pytest.mark.parametrize("way", WAYS[:2])
def test_each_member_of_staff_shut_out(school: World, way: str) -> None:
    with school.factory() as session:
        for staff_id in school.ids.values():
            receipt = told.report(school, session, telling(school, way, [staff_id]))
            case = case_of(session, receipt)
            assert len(receipt.readers) >= 2
            assert_no_trace(school, session, case, [staff_id])


@pytest.mark.parametrize("way", WAYS)
def test_somebody_of_two_roles_shut_out(school: World, way: str) -> None:
    """The mentor of the class also holds one other role, each role in turn, and then all."""
    person = school.ids[school.mentor_of(FIRST_CLASS)]
    roles = sorted({line.roles for line in school.pair.lines})
    with school.factory() as session:
        for more in (*([role] for role in roles), roles):
            rows = [_role(school, person, role) for role in more]
            session.add_all(rows)
            transaction.commit(session)
            try:
                receipt = told.report(school, session, telling(school, way, [person]))
            except InvalidInputError as refusal:
                # Who holds every role, and is accused, takes the whole school along.
                assert (refusal.field, more) == ("readers", roles)  # noqa: PT017 - only this refusal is allowed
                transaction.rollback(session)
            else:
                assert_no_trace(school, session, case_of(session, receipt), [person])
            session.execute(delete(StaffRole).where(StaffRole.id.in_([row.id for row in rows])))
            session.commit()


def _role(world: World, staff_id: str, role: str) -> StaffRole:
    return StaffRole(id=new_id(), school_id=world.school.id, staff_id=staff_id, role_key=role)


def test_the_check_finds_a_trace(school: World) -> None:
    with school.factory() as session:
        receipt = told.report(school, session, told.answers(school))
        case = case_of(session, receipt)
        for reader in receipt.readers:
            with pytest.raises((AssertionError, pytest.fail.Exception)):
                assert_no_trace(school, session, case, [reader.staff_id])


def test_nobody_stands_in_for_somebody_shut_out(school: World) -> None:
    line = next(one for one in school.pair.lines if one.code == school.mentor_of(FIRST_CLASS))
    out, stand_in = school.ids[line.code], school.ids[line.substitute]
    with school.factory() as session:
        plain = told.report(school, session, told.answers(school))
        receipt = told.report(school, session, telling(school, "excluded", [out]))
        names = {reader.staff_id for reader in receipt.readers}
        if school.school.protocol_key != "de-route":  # where a duty roster stands in
            assert stand_in in {reader.staff_id for reader in plain.readers}
        assert stand_in not in names
        assert_no_trace(school, session, case_of(session, receipt), [out])


def test_nobody_can_let_somebody_in_who_is_shut_out(school: World) -> None:
    with school.factory() as session:
        for way in WAYS:
            out = school.ids[school.mentor_of(FIRST_CLASS)]
            receipt = told.report(school, session, telling(school, way, [out]))
            case = case_of(session, receipt)
            reader = world_reader(school, session, receipt)
            for to_somebody in (hand_over, add_reader):
                with pytest.raises(ForbiddenError):
                    to_somebody(school, session, reader, case, out)
                transaction.rollback(session)
                assert_no_trace(school, session, case_of(session, receipt), [out])


def world_reader(world: World, session: Session, receipt: Receipt) -> staff.StaffActor:
    return world.actor(session, world.code_of(receipt.readers[0].staff_id))


def hand_over(
    world: World, session: Session, actor: staff.StaffActor, case: Case, staff_id: str
) -> None:
    handing.hand_over(
        session,
        actor=actor,
        case_id=case.id,
        to_staff_id=staff_id,
        role_key=told.role_of(session, staff_id),
        reason="op verzoek",
        now=NOW,
    )


def add_reader(
    world: World, session: Session, actor: staff.StaffActor, case: Case, staff_id: str
) -> None:
    _, opened = case_records.open_for(session, actor=actor, case_id=case.id)
    case_keys.add_reader(
        session,
        case=case,
        case_keys=opened,
        member=session.get_one(StaffMember, staff_id),
        part="also",
        actor=actor.custody,
        why=ReaderChange.LET_IN,
        now=NOW,
    )


def test_a_new_epoch_keeps_them_out(school: World) -> None:
    with school.factory() as session:
        out = school.ids[school.mentor_of(FIRST_CLASS)]
        receipt = told.report(school, session, telling(school, "excluded", [out]))
        case = case_of(session, receipt)
        actor = world_reader(school, session, receipt)
        gone = receipt.readers[-1].staff_id
        _, opened = case_records.open_for(session, actor=actor, case_id=case.id)
        renewed = case_keys.remove_reader(
            session,
            case=case,
            case_keys=opened,
            staff_id=gone,
            actor=actor.custody,
            why=ReaderChange.LET_IN,
            now=NOW,
        )
        transaction.commit(session)
        assert renewed.current.row.epoch == 2
        assert_no_trace(school, session, case, [out])
        fresh = [row.id for row in compartments(session, case) if row.epoch == 2]
        kinds = sorted(row.kind for row in compartments(session, case) if row.epoch == 2)
        assert kinds == ["case", "evidence", "story"]
        holders = set(session.scalars(select(Wrap.holder_id).where(Wrap.compartment_id.in_(fresh))))
        assert gone not in holders
        assert_sees_nothing(school, session, case, gone)
        _, again = case_records.open_for(session, actor=actor, case_id=case.id)
        assert case_keys.excluded_staff(session, again) == {out}


def test_shut_out_elsewhere_and_unknown_get_the_same_answer(school: World, tmp_path: Path) -> None:
    with school.factory() as session:
        out = school.mentor_of(FIRST_CLASS)
        receipt = told.report(school, session, telling(school, "accused", [school.ids[out]]))
        case = case_of(session, receipt)
        stranger = Identity.generate()
        excluded = school.actor(session, out)
        elsewhere = staff.StaffActor(
            new_id(), new_id(), "X", "X", excluded.role_keys, excluded.powers, stranger
        )
        asked = [(excluded, case.id), (elsewhere, case.id), (excluded, new_id())]
        for actor, case_id in asked:
            told_them = refusals(session, actor, case_id)
            assert told_them == {(NotFoundError, (case_id,))}


def refusals(
    session: Session, actor: staff.StaffActor, case_id: str
) -> set[tuple[type[Exception], tuple[object, ...]]]:
    """Ask in every way for a case; gives the different answers."""
    common = {"actor": actor, "case_id": case_id, "now": NOW}
    ways = (
        lambda: cases.show(session, **common),
        lambda: cases.note_reading(session, **common),
        lambda: case_work.write_note(session, text="x", **common),
        lambda: case_work.reply(session, report_id=new_id(), text="x", **common),
        lambda: closing.close(session, ending=closing.Ending("resolved", "x"), **common),
        lambda: closing.reopen(session, reason="x", **common),
        lambda: case_work.move_to_step(session, step_key="x", reason="x", **common),
        lambda: case_work.record_step(session, action_key="x", outcome="done", text="", **common),
        lambda: handing.hand_over(
            session, to_staff_id=actor.id, role_key="mentor", reason="x", **common
        ),
    )
    found = set()
    for way in ways:
        with pytest.raises(NotFoundError) as caught:
            way()
        found.add((type(caught.value), caught.value.args))
    return found


def test_who_left_gets_nothing_with_an_open_session(world: World, session: Session) -> None:
    receipt = told.report(world, session, told.answers(world))
    case = case_of(session, receipt)
    code = world.mentor_of(FIRST_CLASS)
    actor = world.actor(session, code)
    live = sessions.begin(
        session,
        kind=sessions.STAFF,
        school_id=world.school.id,
        data={"staff": actor.id, "identity": str(actor.identity)},
        now=NOW,
        staff_id=actor.id,
    )
    transaction.commit(session)
    assert staff.actor_of(session, live) is not None
    assert cases.show(session, actor=actor, case_id=case.id, now=NOW)
    with world.factory() as elsewhere:
        accounts.disable(
            elsewhere, actor=SYSTEM, school_id=world.school.id, staff_id=actor.id, now=NOW
        )
        transaction.commit(elsewhere)
    with world.factory() as fresh:
        assert (
            sessions.resume(fresh, cookie=live.cookie, school_id=world.school.id, now=NOW) is None
        )
        assert staff.actor_of(fresh, live) is None
        assert refusals(fresh, actor, case.id) == {(NotFoundError, (case.id,))}
        assert cases.all_rows(fresh, actor=actor) == []
        desk = cases.desk(fresh, actor=actor, now=NOW)
        assert (desk.first, desk.today) == (None, 0)
        wraps = list(fresh.scalars(select(Wrap)))
        for wrap in wraps:
            with pytest.raises(AgeError):
                decrypt(wrap.sealed, [actor.identity])


def test_what_is_written_after_somebody_left_is_under_a_new_key(
    world: World, session: Session
) -> None:
    """Somebody who left may have copied the old key; it opens nothing that is written later."""
    receipt = told.report(world, session, told.answers(world))
    case = case_of(session, receipt)
    leaver = world.actor(session, world.mentor_of(FIRST_CLASS))
    copied = case_records.open_for(session, actor=leaver, case_id=case.id)[1].by_compartment()
    accounts.disable(session, actor=SYSTEM, school_id=world.school.id, staff_id=leaver.id, now=NOW)
    transaction.commit(session)
    other = next(one.staff_id for one in receipt.readers if one.staff_id != leaver.id)
    reader = world.actor(session, world.code_of(other))
    case_work.write_note(session, actor=reader, case_id=case.id, text="na het vertrek", now=NOW)
    transaction.commit(session)
    case_work.write_note(session, actor=reader, case_id=case.id, text="nog een", now=LATER)
    transaction.commit(session)
    notes = [row for row in session.scalars(select(keys.records.Record)) if row.kind == "note"]
    assert len(notes) == 2
    for note in notes:
        assert note.compartment_id not in copied
    epochs = {row.epoch for row in compartments(session, case) if row.kind == keys.CASE}
    assert epochs == {1, 2}
    view = cases.show(session, actor=reader, case_id=case.id, now=NOW)
    assert [entry.text for entry in told.entries(view) if entry.kind == "note"] == [
        "na het vertrek",
        "nog een",
    ]
