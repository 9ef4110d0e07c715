"""Tasks, agreements and notes: who sees which words, and what stands in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import OwnNote
from portal.services import cases as desk
from portal.services import closing, own_notes, packets, tasks, transaction
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from tests.services import world as told
from tests.services.casework import Handled, handled
from tests.services.world import NOW, World

TODAY = NOW.date()
SECRET = "Ik denk dat thuis meer speelt."


@pytest.fixture
def it(world: World, session: Session) -> Handled:
    return handled(world, session)


def add(it: Handled, **more: object) -> str:
    plain = {"kind": "task", "text": "Bel thuis.", "due_on": TODAY, "owner_id": it.handler.id}
    found = tasks.add(
        it.session, actor=it.handler, case_id=it.case_id, now=NOW, **{**plain, **more}
    )
    transaction.commit(it.session)
    return found


def test_a_task_is_on_the_desk_of_its_owner_until_it_is_done(it: Handled) -> None:
    overseer = it.part("overseer")
    task = add(it, owner_id=overseer.id, due_on=TODAY + timedelta(1))
    assert tasks.due_for(it.session, actor=overseer, until=TODAY) == []
    due = tasks.due_for(it.session, actor=overseer, until=TODAY + timedelta(1))
    assert [(one.case_id, one.kind) for one in due] == [(it.case_id, "task")]
    assert tasks.due_for(it.session, actor=it.handler, until=TODAY + timedelta(9)) == []
    end = {"actor": overseer, "case_id": it.case_id, "task_id": task, "now": NOW}
    tasks.finish(it.session, outcome="done", text="Moeder gesproken.", **end)
    transaction.commit(it.session)
    assert tasks.due_for(it.session, actor=overseer, until=TODAY + timedelta(9)) == []
    shown = tasks.tasks_of(it.session, actor=it.handler, case_id=it.case_id)
    assert [(one.text, one.state, one.ended) for one in shown] == [
        ("Bel thuis.", "done", "Moeder gesproken.")
    ]
    with pytest.raises(ConflictError):
        tasks.finish(it.session, outcome="done", text="", **end)


def test_a_closed_case_leaves_the_desk_with_its_tasks(it: Handled) -> None:
    add(it)
    ending = closing.Ending("other", "klaar", ground="not_wanted")
    closing.close(it.session, actor=it.handler, case_id=it.case_id, ending=ending, now=NOW)
    transaction.commit(it.session)
    assert tasks.due_for(it.session, actor=it.handler, until=TODAY) == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"text": " "}, "text"),
        ({"due_on": None}, "due_on"),
        ({"owner_id": "nobody"}, "owner"),
        ({"kind": "agreement"}, "partner"),
        ({"kind": "wish"}, "kind"),
    ],
)
def test_a_task_says_what_who_and_when(it: Handled, more: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        add(it, **more)
    assert caught.value.field == field


def test_a_task_is_not_passed_over_without_a_reason(it: Handled) -> None:
    task = add(it, kind="agreement", partner="Sam en zijn moeder")
    given = {"actor": it.handler, "case_id": it.case_id, "task_id": task, "now": NOW}
    with pytest.raises(InvalidInputError):
        tasks.finish(it.session, outcome="skipped", text="", **given)
    with pytest.raises(NotFoundError):
        tasks.finish(it.session, outcome="done", text="", **{**given, "task_id": "other"})


def test_an_own_note_is_for_nobody_else(it: Handled) -> None:
    given = {"actor": it.handler, "case_id": it.case_id}
    before = told.events(it.session, it.world.school.id)
    own_notes.write(it.session, text=SECRET, now=NOW, **given)
    transaction.commit(it.session)
    assert [one.text for one in own_notes.notes_of(it.session, **given)] == [SECRET]
    overseer = it.part("overseer")
    assert own_notes.notes_of(it.session, actor=overseer, case_id=it.case_id) == []
    row = it.session.scalars(select(OwnNote)).one()
    row.staff_id = overseer.id  # somebody with the database gives it to a colleague
    it.session.flush()
    assert own_notes.notes_of(it.session, actor=overseer, case_id=it.case_id) == []
    transaction.rollback(it.session)
    assert told.events(it.session, it.world.school.id) == before
    view = desk.show(it.session, now=NOW, **given)
    assert SECRET not in str(view)
    with pytest.raises(NotFoundError):
        own_notes.remove(it.session, actor=overseer, case_id=it.case_id, note_id=row.id, now=NOW)
    own_notes.remove(it.session, note_id=row.id, now=NOW, **given)
    transaction.commit(it.session)
    assert own_notes.notes_of(it.session, **given) == []


def test_a_forged_own_note_is_not_shown(it: Handled) -> None:
    own_notes.write(it.session, actor=it.handler, case_id=it.case_id, text=SECRET, now=NOW)
    it.session.flush()
    row = it.session.scalars(select(OwnNote)).one()
    row.ciphertext = row.ciphertext[:-1] + b"x"
    it.session.flush()
    assert own_notes.notes_of(it.session, actor=it.handler, case_id=it.case_id) == []


def test_the_words_of_a_task_stand_in_no_packet(it: Handled) -> None:
    add(it, text=SECRET)
    wanted = packets.order(it.session, actor=it.handler, case_id=it.case_id, chosen=[], now=NOW)
    transaction.commit(it.session)
    made = b"".join(
        packets.build(
            it.session,
            actor=it.handler,
            school=it.world.school,
            store=it.world.store,
            keys=it.world.keys,
            instance_dir=it.world.settings.instance_dir,
            wanted=wanted,
            now=NOW,
        )
    )
    assert b"custody.jsonl" in made
    assert SECRET.encode() not in made
