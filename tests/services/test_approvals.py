"""Approval by a role: asked of a reader, given in the own session, or recorded for another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from portal.models import Case, CaseReader, CustodyEvent, OutboxMail, Record
from portal.services import approvals, approving, case_work, running, transaction
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.staff import StaffActor
from tests.services.casework import Handled, handled
from tests.services.world import NOW, World, make_world

GATE, ROLE = "schoolleiding-sancties", "schoolleiding"
ASKED = "Mag de leerling een week niet in de kantine?"
WHY = "Het past bij wat er gebeurde."


@pytest.fixture
def it(factory: sessionmaker[Session], tmp_path: Path) -> Iterator[Handled]:
    world = make_world(factory, tmp_path, protocol="borgen")
    with factory() as session:
        yield begun(world, session)


def begun(world: World, session: Session, gate: str = GATE, **answers: object) -> Handled:
    """A case at the step that needs the head of the school."""
    case = handled(world, session, **answers)
    case_work.move_to_step(
        session,
        actor=case.handler,
        case_id=case.case_id,
        step_key=step_with(case, gate),
        reason="Het gaat door.",
        now=NOW,
    )
    transaction.commit(session)
    return case


def step_with(it: Handled, gate: str) -> str:
    """The step that has this gate."""
    protocol = approvals.protocols.of_case(it.session, it.session.get_one(Case, it.case_id))
    return next(step.key for step in protocol.steps if any(one.key == gate for one in step.gates))


def head(it: Handled, role: str = ROLE) -> StaffActor:
    code = next(
        code
        for code, known in it.world.ids.items()
        if role in it.world.actor(it.session, code).role_keys
    )
    return it.world.actor(it.session, code)


def ask(it: Handled, to: StaffActor, **other: object) -> None:
    given = {
        "gate_key": GATE,
        "text": ASKED,
        "due_on": NOW.date() + timedelta(days=2),
        "let_in": "",
        **other,
    }
    approving.ask(
        it.session,
        actor=it.handler,
        case_id=it.case_id,
        approver_id=to.id,
        now=NOW,
        **given,
    )
    transaction.commit(it.session)


def answer(it: Handled, by: StaffActor, outcome: str, reason: str = WHY, gate: str = GATE) -> None:
    approving.answer(
        it.session,
        actor=by,
        case_id=it.case_id,
        gate_key=gate,
        outcome=outcome,
        reason=reason,
        now=NOW,
    )
    transaction.commit(it.session)


def view(it: Handled, actor: StaffActor | None = None) -> approvals.GateView:
    found = approvals.show(it.session, actor=actor or it.handler, case_id=it.case_id)
    return next(one for one in found if one.gate.key == GATE)


def is_open(it: Handled) -> bool:
    shown = running.show(it.session, actor=it.handler, case_id=it.case_id, now=NOW)
    return next(task.settled for task in shown.stand.tasks if task.key == GATE)


def reads(it: Handled, actor: StaffActor) -> bool:
    query = select(CaseReader.id).where(
        CaseReader.case_id == it.case_id,
        CaseReader.staff_id == actor.id,
        CaseReader.until.is_(None),
    )
    return it.session.scalar(query) is not None


def let_in(it: Handled, actor: StaffActor) -> str:
    return "" if reads(it, actor) else "Over straffen gaat de schoolleiding."


def test_the_approver_answers_alone_and_the_gate_takes_it(it: Handled) -> None:
    boss = head(it)
    ask(it, boss, let_in=let_in(it, boss))
    assert [one.case_id for one in approvals.waiting_for(it.session, actor=boss)] == [it.case_id]
    assert [one.text for one in view(it, boss).asked if one.mine] == [ASKED]
    assert not is_open(it)
    answer(it, boss, "refused")
    assert not is_open(it)
    assert approvals.waiting_for(it.session, actor=boss) == []
    answer(it, boss, "agreed")
    assert is_open(it)
    assert [(one.outcome, one.own) for one in view(it).given] == [
        ("refused", True),
        ("agreed", True),
    ]
    mails = it.session.scalars(select(OutboxMail.staff_id)).all()
    assert {boss.id, it.handler.id} <= set(mails)


def test_nobody_approves_for_a_role_that_is_not_theirs(it: Handled) -> None:
    assert ROLE not in it.handler.role_keys
    with pytest.raises(InvalidInputError):
        answer(it, it.handler, "agreed")
    boss = head(it)
    ask(it, boss, let_in=let_in(it, boss))
    for outcome, reason in (("agreed", " "), ("overridden", WHY)):
        with pytest.raises(InvalidInputError):
            answer(it, boss, outcome, reason)
    assert not is_open(it)


def test_who_does_not_read_the_case_gets_no_question_without_a_key_and_a_reason(
    factory: sessionmaker[Session], tmp_path: Path
) -> None:
    gate = "besluit-directeur"
    world = make_world(factory, tmp_path, protocol="oostpoort")
    with factory() as session:
        it = begun(world, session, gate=gate)
        boss = head(it, "directeur")
        assert not reads(it, boss)
        with pytest.raises(NotFoundError):
            answer(it, boss, "agreed", gate=gate)
        with pytest.raises(InvalidInputError) as caught:
            ask(it, boss, gate_key=gate)
        assert caught.value.field == "let_in"
        transaction.rollback(session)
        assert approvals.waiting_for(session, actor=boss) == []
        ask(it, boss, gate_key=gate, let_in="Over verwijdering gaat de directeur.")
        assert reads(it, boss)
        assert len(approvals.waiting_for(session, actor=boss)) == 1


def test_what_was_said_in_a_talk_stays_marked_as_recorded_by_another(it: Handled) -> None:
    boss = head(it)
    approving.record_for(
        it.session,
        actor=it.handler,
        case_id=it.case_id,
        gate_key=GATE,
        approver_id=boss.id,
        on=NOW.date(),
        outcome="agreed",
        text="Goed zo.",
        now=NOW,
    )
    transaction.commit(it.session)
    given = view(it).given[0]
    assert (given.own, given.who) == (False, it.handler.name)
    assert boss.name in given.text
    assert "16 november" in given.text
    assert is_open(it)
    case_work.record_step(
        it.session,
        actor=it.handler,
        case_id=it.case_id,
        action_key=GATE,
        outcome="refused",
        text="Toch niet.",
        now=NOW + timedelta(minutes=1),
    )
    transaction.commit(it.session)
    assert [one.own for one in view(it).given] == [False, False]


def test_a_question_is_asked_once_and_taken_back(it: Handled) -> None:
    boss = head(it)
    ask(it, boss, let_in=let_in(it, boss))
    with pytest.raises(InvalidInputError):
        ask(it, boss)
    transaction.rollback(it.session)
    approving.withdraw(
        it.session,
        actor=it.handler,
        case_id=it.case_id,
        approval_id=view(it).asked[0].id,
        now=NOW,
    )
    transaction.commit(it.session)
    assert approvals.waiting_for(it.session, actor=boss) == []
    assert view(it).asked == ()


def test_answering_does_not_count_as_an_answer_to_the_reporter(it: Handled) -> None:
    boss = head(it)
    ask(it, boss, let_in=let_in(it, boss))
    case = it.session.get_one(Case, it.case_id)
    case.waiting_for_staff, case.answer_by = True, NOW.date()
    transaction.commit(it.session)
    answer(it, boss, "agreed")
    it.session.refresh(case)
    assert (case.waiting_for_staff, case.answer_by) == (True, NOW.date())


def test_no_word_of_it_lies_bare(it: Handled) -> None:
    boss = head(it)
    ask(it, boss, let_in=let_in(it, boss))
    answer(it, boss, "agreed")
    rows = it.session.scalars(select(Record.ciphertext)).all()
    events = it.session.scalars(select(CustodyEvent.public)).all()
    for text in (ASKED, WHY):
        assert not any(text.encode() in row for row in rows)
        assert not any(text in event for event in events)


def test_somebody_shut_out_is_no_choice_and_is_never_asked(it: Handled) -> None:
    boss = head(it)
    kept = begun(it.world, it.session, readers={"exclude": [boss.id]})
    assert boss.id not in {one.id for one in view(kept).holders}
    with pytest.raises(InvalidInputError):
        ask(kept, boss, let_in="Toch wel.")
    assert not reads(kept, boss)
