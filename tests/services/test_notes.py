"""Notes that leave the case: one pupil, the school's own title, nothing that was told."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Case
from portal.services import plans, registrations, transaction
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.plans import Draft
from portal.services.registrations import Facts
from tests.services import world as told
from tests.services.test_sending import at_once
from tests.services.world import NOW, World

KEY = "logboek-1"
STORY = "Bij de kluisjes zeiden ze dat ik nergens bij hoor."
PEOPLE = {"accused": "Finn de Vries uit 1A\nIemand uit de klas", "subject": "Noor Aksoy"}


@pytest.fixture
def case(world: World, session: Session) -> Case:
    answers = told.answers(
        world,
        story=STORY,
        people=PEOPLE,
        name={"who": "handlers", "name": "Fenna Voorbeeldkind"},
        online={"incidents": [{"platform": "whatsapp", "account": "@zonder_n"}]},
    )
    told.report(world, session, answers)
    return session.scalars(select(Case)).one()


def at(world: World, session: Session, case: Case) -> dict[str, Any]:
    return {
        "actor": world.actor(session, world.mentor_of("1A")),
        "case_id": case.id,
        "now": NOW,
    }


def place(world: World, session: Session, case: Case, text: str, **more: Any) -> None:
    given = {"key": KEY, "pupil": "Noor Aksoy", "complete": False, **more}
    registrations.place(session, text=text, **given, **at(world, session, case))


def notes(world: World, session: Session, case: Case) -> registrations.Notes:
    return registrations.show(session, **at(world, session, case))


def test_a_note_has_the_schools_title_the_day_the_step_and_what_was_agreed(
    world: World, session: Session, case: Case
) -> None:
    found = notes(world, session, case)
    assert found.places[0].title == "Pesten stap 1"
    facts = Facts(
        title="Pesten stap 1", on=NOW.date(), agreements="Wekelijks gesprek.", next_check=NOW.date()
    )
    lines = registrations.compose(found, facts).splitlines()
    assert lines[0] == "Pesten stap 1"
    assert lines[1] == "maandag 16 november 2026"
    assert "Afspraken: Wekelijks gesprek." in lines
    assert lines[-1].startswith("Volgende controle: maandag 16 november")


LEAKS = (
    "Gesprek met Noor en Finn.",
    "Gesprek met finn",
    "Fenna kwam dit vertellen.",
    "Het account @zonder_n is gezien.",
    "Er is een melder.",
    "Zie de screenshot.",
    "Noor: bij de kluisjes zeiden ze dat het zo was",
)


def test_a_note_with_somebody_else_a_report_or_evidence_is_refused(
    world: World, session: Session, case: Case
) -> None:
    for text in LEAKS:
        with pytest.raises(InvalidInputError) as refused:
            place(world, session, case, text)
        assert refused.value.field == "text", text
    assert notes(world, session, case).placed == []


def test_the_other_pupil_gets_a_note_of_their_own(
    world: World, session: Session, case: Case
) -> None:
    place(world, session, case, "Pesten stap 1\nGesprek met Noor.")
    place(world, session, case, "Pesten stap 1\nGesprek met Finn.", pupil="Finn de Vries")
    with pytest.raises(InvalidInputError):
        place(world, session, case, "Gesprek met Noor.", pupil="Finn de Vries")
    found = notes(world, session, case)
    assert [(one["pupil"], bool(one["who"])) for one in found.placed] == [
        ("Noor Aksoy", True),
        ("Finn de Vries", True),
    ]
    assert found.places[0].title == "pesten stap 2"
    place(world, session, case, "pesten stap 2")
    assert notes(world, session, case).places[0].title == "pesten stap 3"


def test_a_pupil_who_was_only_named_in_a_note_is_somebody_of_the_case_too(
    world: World, session: Session, case: Case
) -> None:
    place(world, session, case, "Pesten stap 1", pupil="Joris Meerman")
    with pytest.raises(InvalidInputError):
        place(world, session, case, "Ook Joris was erbij.")


def test_after_the_last_pupil_the_task_of_the_protocol_is_done(
    world: World, session: Session, case: Case
) -> None:
    place(world, session, case, "Pesten stap 1")
    assert notes(world, session, case).places[0].state != "done"
    place(world, session, case, "Pesten stap 1", complete=True)
    place(world, session, case, "pesten stap 2", complete=True)
    assert notes(world, session, case).places[0].state == "done"


def test_colleagues_hear_three_sentences_at_most(
    world: World, session: Session, case: Case
) -> None:
    here = at(world, session, case)
    given = {"pupil": "Noor Aksoy", "told": "docenten van 1A"}
    for wrong in ("A. B. C. D.", "Let op Noor en Finn.", "De melder is bang."):
        with pytest.raises(InvalidInputError):
            registrations.tell_team(session, text=wrong, **given, **here)
    with pytest.raises(InvalidInputError):
        registrations.tell_team(session, text="Let op Noor.", pupil="Noor", told="", **here)
    registrations.tell_team(session, text="Ik begeleid Noor. Let op de sfeer.", **given, **here)
    found = notes(world, session, case).told
    assert [(one["told"], one["text"][:14]) for one in found] == [
        ("docenten van 1A", "Ik begeleid No")
    ]


def test_each_change_of_a_plan_is_a_version_with_its_own_approval(
    world: World, session: Session, case: Case
) -> None:
    here = at(world, session, case)
    first = Draft(pupil="Noor Aksoy", goal="Rust in de klas", actions="Mentor: elke week")
    plans.write(session, plan_id="", version=0, draft=first, **here)
    plan = _plans(world, session, case)[0]
    for outcome in ("refused", "agreed"):
        plans.answer(
            session, plan_id=plan.id, version=1, person="Noor", outcome=outcome, text="", **here
        )
    assert len(_plans(world, session, case)[0].newest.answers) == 1
    second = Draft(pupil="", goal="Rust", actions="Elke dag", results="Gaat beter")
    with pytest.raises(InvalidInputError) as refused:
        plans.write(session, plan_id=plan.id, version=1, draft=second, **here)
    assert refused.value.field == "reason"
    changed = Draft(pupil="Iemand anders", goal="Rust", actions="Elke dag", reason="Te weinig")
    plans.write(session, plan_id=plan.id, version=1, draft=changed, **here)
    (found,) = _plans(world, session, case)
    assert [one.body["goal"] for one in found.versions] == ["Rust in de klas", "Rust"]
    assert found.pupil == "Noor Aksoy"
    assert not found.newest.approved


def test_two_colleagues_change_a_plan_at_once_and_nothing_goes_lost(
    world: World, session: Session, case: Case
) -> None:
    here = at(world, session, case)
    first = Draft(pupil="Noor Aksoy", goal="Rust", actions="Mentor: elke week")
    plans.write(session, plan_id="", version=0, draft=first, **here)
    plan = _plans(world, session, case)[0]
    changed = Draft(pupil="", goal="Rust in de pauze", actions="Elke dag", reason="Te weinig")
    plans.write(session, plan_id=plan.id, version=1, draft=changed, **here)
    for version in (0, 1, 3):  # written by who saw another one
        with pytest.raises(ConflictError):
            plans.write(session, plan_id=plan.id, version=version, draft=changed, **here)
        given = {"person": "Noor", "outcome": "agreed", "text": ""}
        with pytest.raises(ConflictError):
            plans.answer(session, plan_id=plan.id, version=version, **given, **here)
    (found,) = _plans(world, session, case)
    assert [one.number for one in found.versions] == [1, 2]
    assert found.newest.answers == []


def test_the_plan_fills_the_note(world: World, session: Session, case: Case) -> None:
    here = at(world, session, case)
    draft = Draft(pupil="Noor Aksoy", goal="Rust", actions="Mentor: elke week", results="Beter")
    plans.write(session, plan_id="", version=0, draft=draft, **here)
    found = notes(world, session, case)
    facts = Facts(title="", on=NOW.date(), agreements="", plan=found.plans[0]["plan"])
    text = registrations.compose(found, facts)
    for line in ("Doel: Rust", "Acties: Mentor: elke week", "Resultaat: Beter"):
        assert line in text.splitlines()


def test_a_plan_of_another_case_is_no_plan_here(world: World, session: Session, case: Case) -> None:
    draft = Draft(pupil="Noor", goal="a", actions="b", reason="c")
    with pytest.raises(NotFoundError):
        plans.write(session, plan_id="x" * 26, version=1, draft=draft, **at(world, session, case))


def _plans(world: World, session: Session, case: Case) -> list[plans.Plan]:
    here = at(world, session, case)
    return plans.plans_of(session, actor=here["actor"], case_id=case.id)


def test_two_versions_of_a_plan_at_the_same_instant_are_one_and_a_refusal(
    world: World, session: Session, case: Case
) -> None:
    here = at(world, session, case)
    first = Draft(pupil="Noor Aksoy", goal="Rust", actions="Mentor: elke week")
    plans.write(session, plan_id="", version=0, draft=first, **here)
    transaction.commit(session)
    plan_id = _plans(world, session, case)[0].id

    def act(place: int) -> None:
        with world.factory() as own:
            draft = Draft(pupil="", goal=f"Doel {place}", actions="Elke dag", reason="Te weinig")
            mine = {**here, "actor": at(world, own, case)["actor"]}
            plans.write(own, plan_id=plan_id, version=1, draft=draft, **mine)
            transaction.commit(own)

    refused = [one for one in at_once(3, act) if one is not None]
    assert len(refused) == 2
    assert all(isinstance(one, ConflictError) for one in refused), refused
    session.expire_all()
    (found,) = _plans(world, session, case)
    assert [one.number for one in found.versions] == [1, 2]
