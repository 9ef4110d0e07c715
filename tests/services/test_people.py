"""Persons of an incident at the gates of the protocol: each asked apart, no family in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from portal.models import Case, CaseReader, CustodyEvent
from portal.services import case_work, cases, incident, people_work, telling, transaction
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.people_work import PersonForm, RepresentativeForm
from portal.services.staff import StaffActor
from portal.services.telling import TellingForm
from tests.services import world as told
from tests.services.world import NOW, World, make_world

GATE = "akkoord-ouders-stap-2"


@pytest.fixture
def school(factory: sessionmaker[Session], tmp_path: Path) -> World:
    return make_world(factory, tmp_path, protocol="borgen")


@pytest.fixture
def case_id(school: World, session: Session) -> str:
    told.report(school, session, told.answers(school))
    found = session.scalars(select(Case)).one()
    step(school, session, found.id)
    return found.id


def mentor(school: World, session: Session) -> StaffActor:
    return school.actor(session, school.mentor_of("1A"))


def step(school: World, session: Session, case_id: str) -> None:
    case_work.move_to_step(
        session,
        actor=mentor(school, session),
        case_id=case_id,
        step_key="stap-2",
        reason="Het hield niet op.",
        now=NOW,
    )
    transaction.commit(session)


def pupil(school: World, session: Session, case_id: str, name: str, part: str, band: str) -> str:
    key = people_work.add(
        session,
        actor=mentor(school, session),
        case_id=case_id,
        form=PersonForm(name=name, part=part, age_band=band),
        now=NOW,
    )
    transaction.commit(session)
    return key


def parent(
    school: World, session: Session, case_id: str, of: str, name: str, authority: str = "joint"
) -> str:
    actor = mentor(school, session)
    known = incident.show(session, actor=actor, case_id=case_id).family(of).person
    people_work.set_representative(
        session,
        actor=actor,
        case_id=case_id,
        person_id=of,
        version=known.version,
        form=RepresentativeForm(name=name, authority=authority),
        now=NOW,
    )
    transaction.commit(session)
    now_known = incident.show(session, actor=actor, case_id=case_id).family(of).person
    return next(one.key for one in now_known.representatives if one.name == name)


def answer(
    school: World, session: Session, case_id: str, outcome: str, person: str = "", after: int = 0
) -> None:
    case_work.record_step(
        session,
        actor=mentor(school, session),
        case_id=case_id,
        action_key=GATE,
        outcome=outcome,
        text="Gebeld.",
        person=person,
        now=NOW + timedelta(minutes=after),
    )
    transaction.commit(session)


def gate_of(school: World, session: Session, case_id: str, key: str = GATE) -> cases.ActionView:
    view = cases.show(session, actor=mentor(school, session), case_id=case_id, now=NOW)
    return next(one for one in view.actions if one.key == key)


def test_a_gate_waits_for_each_parent_by_name_and_opens_with_the_last(school, session, case_id):
    luna = pupil(school, session, case_id, "Luna Kuil", "subject", "12")
    ans = parent(school, session, case_id, luna, "Ans Kuil")
    bas = parent(school, session, case_id, luna, "Bas Kuil")
    parent(school, session, case_id, luna, "Oom Kuil", authority="none")
    with pytest.raises(InvalidInputError):
        answer(school, session, case_id, "agreed")
    transaction.rollback(session)
    answer(school, session, case_id, "agreed", ans)
    assert gate_of(school, session, case_id).state != "done"
    answer(school, session, case_id, "refused", bas, after=1)
    waiting = gate_of(school, session, case_id)
    said = {one.name: one.outcome for one in waiting.answers}
    assert said == {
        "Ans Kuil, ouder van Luna Kuil": "agreed",
        "Bas Kuil, ouder van Luna Kuil": "refused",
    }
    assert waiting.state != "done"
    answer(school, session, case_id, "overridden", bas, after=2)
    assert gate_of(school, session, case_id).state == "done"


def test_the_family_of_the_other_pupil_is_not_asked_for_this_ones_plan(school, session, case_id):
    luna = pupil(school, session, case_id, "Luna Kuil", "subject", "12")
    ans = parent(school, session, case_id, luna, "Ans Kuil")
    sem = pupil(school, session, case_id, "Sem de Boer", "accused", "12")
    kees = parent(school, session, case_id, sem, "Kees de Boer")
    assert [one.person for one in gate_of(school, session, case_id).answers] == [ans]
    with pytest.raises(InvalidInputError):
        answer(school, session, case_id, "refused", kees)
    transaction.rollback(session)
    answer(school, session, case_id, "agreed", ans)
    assert gate_of(school, session, case_id).state == "done"
    actor = mentor(school, session)
    theirs = telling.sheet(session, actor=actor, case_id=case_id, person_id=sem, reader=kees)
    own = telling.sheet(session, actor=actor, case_id=case_id, person_id=luna, reader=ans)
    assert theirs.answers == ()
    assert [one.outcome for one in own.answers] == ["agreed"]


def test_who_turns_eighteen_decides_alone(school, session, case_id):
    luna = pupil(school, session, case_id, "Luna Kuil", "subject", "18+")
    parent(school, session, case_id, luna, "Ans Kuil")
    assert [one.person for one in gate_of(school, session, case_id).answers] == [luna]


def test_a_telling_finishes_its_task_and_another_way_than_the_protocols_is_said(world, session):
    told.report(world, session, told.answers(world))
    case_id = session.scalars(select(Case)).one().id
    luna = pupil(world, session, case_id, "Luna Kuil", "subject", "12")
    ans = parent(world, session, case_id, luna, "Ans Kuil")
    actor = mentor(world, session)
    waiting = incident.show(session, actor=actor, case_id=case_id).family(luna).waiting
    task = next(one.task for one in waiting if one.task.medium == "phone")  # cals.txt fase 1
    assert [one.names for one in waiting if one.task == task] == [("Ans Kuil",)]
    form = TellingForm(
        person=luna, to=(ans,), medium="written", on=NOW.date(), what="Er is een gesprek.",
        task=task.key, finish=True,
    )  # fmt: skip
    with pytest.raises(InvalidInputError) as caught:
        telling.tell(session, actor=actor, case_id=case_id, form=form, now=NOW)
    assert caught.value.field == "sure"
    transaction.rollback(session)
    assert gate_of(world, session, case_id, task.key).state != "done"
    phoned = replace(form, medium="phone")
    telling.tell(session, actor=actor, case_id=case_id, form=phoned, now=NOW)
    transaction.commit(session)
    assert gate_of(world, session, case_id, task.key).state == "done"
    family = incident.show(session, actor=actor, case_id=case_id).family(luna)
    assert [(one.medium, one.task_label, one.warned) for one in family.tellings] == [
        ("phone", task.label, ())
    ]
    assert task not in [one.task for one in family.waiting]


def test_the_log_and_the_rows_say_nothing_of_who_it_is(school, session, case_id):
    luna = pupil(school, session, case_id, "Luna Kuil", "subject", "12")
    parent(school, session, case_id, luna, "Ans Kuil")
    for event in session.scalars(select(CustodyEvent)):
        assert "Kuil" not in event.public
        assert luna not in event.public


def test_who_reads_the_case_not_gets_nobody_of_it(school, session, case_id):
    readers = {one.staff_id for one in session.scalars(select(CaseReader))}
    outside = next(code for code, known in school.ids.items() if known not in readers)
    other = school.actor(session, outside)
    for verb in (
        lambda: incident.show(session, actor=other, case_id=case_id),
        lambda: people_work.add(
            session,
            actor=other,
            case_id=case_id,
            form=PersonForm(name="x", part="subject"),
            now=NOW,
        ),
    ):
        with pytest.raises(NotFoundError):
            verb()
