"""Away, on duty, and nobody reads: who gets a key, a mail or a case, and who never does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.demo.names import CLASSES
from portal.models import Case, OutboxMail
from portal.services import (
    absence,
    case_records,
    cases,
    escalation,
    founding,
    overviews,
    routing,
    transaction,
    turns,
)
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.overviews import Filters
from tests.services import world as told
from tests.services.world import NOW, make_world

MONDAY = NOW.date()
FRIDAY = MONDAY + timedelta(days=4)


@pytest.fixture
def sent(world, session):
    """A report that is kept from one mentor: its handler and that one."""
    shut_out = world.mentor_of(CLASSES[1][0])
    kept = {"exclude": [world.ids[shut_out]]}
    told.report(world, session, told.answers(world, readers=kept))
    return world.actor(session, world.mentor_of("1A")), world.actor(session, shut_out)


def go(session, actor, substitute, first=MONDAY, last=FRIDAY):
    done = absence.arrange(
        session,
        actor=actor,
        first_on=first,
        last_on=last,
        substitute_id=substitute.id,
        now=NOW,
    )
    transaction.commit(session)
    return done


def templates(session, staff_id):
    query = select(OutboxMail.template).where(OutboxMail.staff_id == staff_id)
    return sorted(session.scalars(query))


def test_who_stands_in_gets_keys_desk_and_a_mail_for_those_days_only(sent, world, session):
    handler, _ = sent
    deputy = world.actor(session, world.mentor_of(CLASSES[2][0]))
    (row,) = cases.all_rows(session, actor=handler)
    assert cases.all_rows(session, actor=deputy) == []
    done = go(session, handler, deputy)
    assert (done.given, done.without) == (1, [])
    assert templates(session, deputy.id) == ["standing_in"]
    view = cases.show(session, actor=deputy, case_id=row.id, now=NOW)
    assert view.handler == handler.name
    desk = cases.desk(session, actor=deputy, now=NOW)
    assert (desk.first.id, desk.first.deputy, desk.mine) == (row.id, True, 1)
    after = NOW + timedelta(days=5)
    assert cases.desk(session, actor=deputy, now=after).mine == 0
    assert overviews.show(session, actor=deputy, filters=Filters(), now=after).found == 0
    traced = cases.show(session, actor=handler, case_id=row.id, now=NOW).disclosed.shown
    assert [one.to for one in traced if one.what == "reader_added"] == [deputy.name]


def test_somebody_shut_out_stands_in_for_no_case_of_which_that_holds(sent, session):
    handler, shut_out = sent
    (row,) = cases.all_rows(session, actor=handler)
    assert go(session, handler, shut_out).without == [row.label]
    with pytest.raises(NotFoundError):
        case_records.open_for(session, actor=shut_out, case_id=row.id)
    desk = cases.desk(session, actor=shut_out, now=NOW)
    assert (desk.first, desk.mine, desk.elsewhere, desk.closed) == (None, 0, [], 0)


def test_a_new_report_gives_a_key_to_who_stands_in(world, session):
    handler = world.actor(session, world.mentor_of("1A"))
    deputy = world.actor(session, world.mentor_of(CLASSES[2][0]))
    go(session, handler, deputy)
    told.report(world, session, told.answers(world))
    (row,) = cases.all_rows(session, actor=deputy)
    assert row.deputy is False  # a plain list of all; the desk says for whom
    assert cases.desk(session, actor=deputy, now=NOW).first.deputy
    assert templates(session, deputy.id) == ["new", "standing_in"]


def test_days_that_cannot_be_are_refused_and_coming_back_ends_it(world, session):
    handler = world.actor(session, world.mentor_of("1A"))
    deputy = world.actor(session, world.mentor_of(CLASSES[2][0]))
    for first, last, who in (
        (FRIDAY, MONDAY, deputy),
        (MONDAY - timedelta(days=9), MONDAY - timedelta(days=2), deputy),
        (MONDAY, FRIDAY, handler),
    ):
        with pytest.raises(InvalidInputError):
            go(session, handler, who, first, last)
    go(session, handler, deputy)
    with pytest.raises(InvalidInputError):
        go(session, handler, deputy, FRIDAY, FRIDAY)
    (one,) = absence.of_actor(session, actor=handler, now=NOW)
    with pytest.raises(NotFoundError):
        absence.cancel(session, actor=deputy, absence_id=one.id, now=NOW)
    absence.cancel(session, actor=handler, absence_id=one.id, now=NOW)
    transaction.commit(session)
    assert turns.stand_ins(session, handler.school_id, MONDAY) == {}


def test_who_is_next_in_line_hears_once_of_what_nobody_read(sent, session):
    handler, shut_out = sent
    (row,) = cases.all_rows(session, actor=handler)
    tuesday = NOW.replace(day=17)
    for now, told_of in (
        (NOW + timedelta(hours=6), 0),
        (tuesday.replace(hour=10, minute=59), 0),
        (tuesday.replace(hour=11, minute=0), 1),  # 12.00 in Amsterdam
        (tuesday.replace(hour=15), 1),
    ):
        assert escalation.tell_of_unread(session, hour=12, now=now) == told_of
        transaction.commit(session)
    query = select(OutboxMail.staff_id).where(OutboxMail.template == "unread")
    got = list(session.scalars(query))
    parts = {one.staff_id: one.part for one in cases.show(
        session, actor=handler, case_id=row.id, now=NOW).readers}  # fmt: skip
    assert got
    assert len(got) == len(set(got))
    assert {parts[one] for one in got} <= {"substitute", "overseer"}
    assert shut_out.id not in got


def test_what_came_on_a_friday_waits_until_monday_and_what_was_read_is_quiet(sent, session):
    handler, _ = sent
    (row,) = cases.all_rows(session, actor=handler)
    session.get_one(Case, row.id).opened_at = NOW.replace(day=20, minute=0, second=0)
    transaction.commit(session)
    saturday, monday = NOW.replace(day=21, hour=20), NOW.replace(day=23, hour=12)
    assert escalation.tell_of_unread(session, hour=12, now=saturday) == 0
    assert escalation.tell_of_unread(session, hour=12, now=monday) == 1
    cases.note_reading(session, actor=handler, case_id=row.id, now=NOW)
    transaction.commit(session)
    assert escalation.tell_of_unread(session, hour=12, now=monday) == 0


def test_routing_goes_to_who_has_the_turn(factory, session, tmp_path):
    world = make_world(factory, tmp_path, protocol="de-route")
    roster = turns.roster(session, school=world.school, now=NOW)
    assert roster.choices
    role, _, staff_id = roster.choices[-1][0].partition(":")
    assert roster.uncovered
    actor = founding.SYSTEM
    given = {"first_on": MONDAY, "last_on": FRIDAY, "now": NOW, "actor": actor}
    turns.add(session, school=world.school, role_key=role, staff_id=staff_id, **given)
    transaction.commit(session)
    assert turns.on_duty(session, world.school.id, MONDAY) == ((role, staff_id),)
    assert turns.on_duty(session, world.school.id, FRIDAY + timedelta(days=1)) == ()
    assert turns.roster(session, school=world.school, now=NOW).uncovered == []
    for day, on_duty in ((NOW, True), (NOW + timedelta(days=7), False)):
        routed = routing.preview(session, school=world.school, answers={}, now=day)
        assert bool(routed.roster.on_duty) is on_duty
    other = next(one for one in world.ids.values() if f"{role}:{one}" not in dict(roster.choices))
    with pytest.raises(InvalidInputError):
        turns.add(session, school=world.school, role_key=role, staff_id=other, **given)
    turn = turns.roster(session, school=world.school, now=NOW).turns[0]
    turns.remove(session, actor=actor, school_id=world.school.id, turn_id=turn.id, now=NOW)
    transaction.commit(session)
    assert turns.on_duty(session, world.school.id, MONDAY) == ()
