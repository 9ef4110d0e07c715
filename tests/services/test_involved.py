"""Whoever is involved steps out: the keys follow, for good, and the reporter sees who has it."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import ReaderChange
from portal.models import Case, Wrap
from portal.services import (
    case_keys,
    case_records,
    cases,
    handing,
    involved,
    own_notes,
    tasks,
    traces,
    transaction,
)
from portal.services.errors import ForbiddenError, InvalidInputError, NotFoundError
from tests.services.casework import Handled, handled
from tests.services.world import NOW, World


@pytest.fixture
def it(world: World, session: Session) -> Handled:
    return handled(world, session)


def leave(it: Handled, **more: str) -> None:
    given = {"actor": it.handler, "case_id": it.case_id, "now": NOW}
    involved.step_out(it.session, reason="Het is mijn neef.", **given, **more)
    transaction.commit(it.session)


def test_who_steps_out_reads_nothing_more_and_the_next_in_line_has_it(it: Handled) -> None:
    substitute = it.part("substitute")
    out = involved.look(it.session, actor=it.handler, case_id=it.case_id)
    assert (out.next_id, out.needs_reader) == (substitute.id, False)
    leave(it)
    with pytest.raises(NotFoundError):
        case_records.open_for(it.session, actor=it.handler, case_id=it.case_id)
    assert it.session.scalars(select(Wrap).where(Wrap.holder_id == it.handler.id)).all() == []
    view = cases.show(it.session, actor=substitute, case_id=it.case_id, now=NOW)
    assert view.row.mine
    assert [one.staff_id for one in view.excluded] == [it.handler.id]
    line = next(one for one in view.entries if one.kind == "handover")
    assert (line.text, line.detail["to"]) == ("Het is mijn neef.", substitute.name)


def test_nobody_lets_them_in_again(it: Handled) -> None:
    substitute = it.part("substitute")
    leave(it)
    with pytest.raises(ForbiddenError):
        handing.hand_over(
            it.session,
            actor=substitute,
            case_id=it.case_id,
            to_staff_id=it.handler.id,
            role_key="mentor",
            reason="toch",
            now=NOW,
        )


def test_what_is_written_afterwards_is_sealed_to_another_key(it: Handled) -> None:
    _, before = case_records.open_for(it.session, actor=it.handler, case_id=it.case_id)
    substitute = it.part("substitute")
    leave(it)
    _, after = case_records.open_for(it.session, actor=substitute, case_id=it.case_id)
    assert after.current.row.recipient not in {item.row.recipient for item in before.case}


def test_the_reporter_sees_the_hand_over_and_not_the_reason(it: Handled) -> None:
    substitute = it.part("substitute")
    leave(it)
    _, opened = case_records.open_for(it.session, actor=substitute, case_id=it.case_id)
    found = [
        body
        for items in opened.reports.values()
        for item in items
        for body in bodies(it.session, item)
    ]
    told = [body for body in found if body["what"] == traces.HANDED_OVER]
    assert [(one["staff"], one["to_staff"], one["leaves"]) for one in told] == [
        (it.handler.id, substitute.id, True)
    ]
    assert "neef" not in str(found)


def bodies(session: Session, item: case_keys.OpenCompartment) -> list[dict[str, object]]:
    keys = case_keys.CaseKeys([item], {})
    return case_keys.facts_of(session, keys, traces.TRACE)


def test_own_notes_go_and_open_tasks_follow(it: Handled) -> None:
    substitute = it.part("substitute")
    given = {"actor": it.handler, "case_id": it.case_id, "now": NOW}
    own_notes.write(it.session, text="Mijn gedachte.", **given)
    task = {"kind": "task", "text": "Bel thuis.", "owner_id": it.handler.id}
    tasks.add(it.session, due_on=NOW.date(), **task, **given)
    transaction.commit(it.session)
    leave(it)
    assert [one.owner for one in tasks.tasks_of(it.session, actor=substitute, case_id=it.case_id)]
    due = tasks.due_for(it.session, actor=substitute, until=NOW.date())
    assert [one.case_id for one in due] == [it.case_id]
    assert tasks.due_for(it.session, actor=it.handler, until=NOW.date()) == []


def test_two_people_stay_who_can_read_it(it: Handled) -> None:
    case, opened = case_records.open_for(it.session, actor=it.handler, case_id=it.case_id)
    keep = it.part("overseer")
    for staff_id in it.readers() - {it.handler.id, keep.id}:
        opened = case_keys.remove_reader(
            it.session,
            case=case,
            case_keys=opened,
            staff_id=staff_id,
            actor=it.handler.custody,
            why=ReaderChange.LET_IN,
            now=NOW,
        )
    transaction.commit(it.session)
    newcomer = it.stranger()
    with pytest.raises(InvalidInputError) as caught:
        leave(it)
    assert caught.value.field == "reader"
    transaction.rollback(it.session)
    assert involved.look(it.session, actor=it.handler, case_id=it.case_id).needs_reader
    leave(it, reader_id=newcomer.id)
    assert it.readers() == {keep.id, newcomer.id}
    assert it.session.get_one(Case, it.case_id).handler_id == keep.id
