"""A case ends with aftercare or with a named reason, and can be opened again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from portal.domain.protocol import Protocol
from portal.models import Case
from portal.services import case_work, cases, closing, people_work, protocols, talks, transaction
from portal.services.case_views import CaseView
from portal.services.closing import Ending
from portal.services.errors import ConflictError, InvalidInputError
from portal.services.people_work import PersonForm
from portal.services.staff import StaffActor
from portal.services.talks import Talk
from tests.services import world as told
from tests.services.world import NOW, World


def begin(world: World, session: Session) -> tuple[StaffActor, str]:
    told.report(world, session, told.answers(world))
    case = session.scalars(select(Case)).one()
    return world.actor(session, world.code_of(case.handler_id)), case.id


def view(session: Session, actor: StaffActor, case_id: str) -> CaseView:
    return cases.show(session, actor=actor, case_id=case_id, now=NOW)


@pytest.mark.parametrize(
    ("ending", "field"),
    [
        (Ending("", "klaar", ground="not_wanted"), "outcome"),
        (Ending("resolved", " ", ground="not_wanted"), "reason"),
        (Ending("resolved", "klaar"), "ground"),
        (Ending("resolved", "klaar", ground="no idea"), "ground"),
        (Ending("resolved", "klaar", talk_on=date(2026, 11, 16)), "talk"),
        (Ending("resolved", "klaar", talk_on=date(2026, 11, 17), talk="gaat goed"), "talk_on"),
        (Ending("does_not_hold", "anders gegaan", ground="unfounded"), "told"),
    ],
)
def test_a_case_does_not_end_without_aftercare_or_a_reason(
    world: World, session: Session, ending: Ending, field: str
) -> None:
    actor, case_id = begin(world, session)
    with pytest.raises(InvalidInputError) as caught:
        closing.close(session, actor=actor, case_id=case_id, ending=ending, now=NOW)
    assert caught.value.field == field
    transaction.rollback(session)
    assert session.scalars(select(Case.status)).one() == "received"


def test_an_ending_stands_in_the_case_with_its_aftercare(world: World, session: Session) -> None:
    actor, case_id = begin(world, session)
    ending = Ending("resolved", "Rust in de klas.", date(2026, 11, 13), "Met Noor: het gaat goed.")
    closing.close(session, actor=actor, case_id=case_id, ending=ending, now=NOW)
    transaction.commit(session)
    shown = view(session, actor, case_id)
    line = next(one for one in shown.entries if one.kind == "closing")
    assert (shown.row.status, shown.row.due_on) == ("closed", None)
    assert line.text == "Rust in de klas."
    assert (line.detail["by"], line.detail["talk"]) == ("talk", "Met Noor: het gaat goed.")
    with pytest.raises(ConflictError):
        closing.close(session, actor=actor, case_id=case_id, ending=ending, now=NOW)


def test_a_case_that_opens_again_says_why_and_has_a_next_step(
    world: World, session: Session
) -> None:
    actor, case_id = begin(world, session)
    ending = Ending("elsewhere", "De politie doet het.", ground="elsewhere")
    closing.close(session, actor=actor, case_id=case_id, ending=ending, now=NOW)
    transaction.commit(session)
    closing.reopen(session, actor=actor, case_id=case_id, reason="Het begon weer.", now=NOW)
    transaction.commit(session)
    shown = view(session, actor, case_id)
    assert shown.row.status == "talking"
    assert shown.next_action is not None
    assert shown.row.action_label
    assert [one.text for one in shown.entries if one.kind == "reopening"] == ["Het begon weer."]
    with pytest.raises(ConflictError):
        closing.reopen(session, actor=actor, case_id=case_id, reason="nog eens", now=NOW)


def test_aftercare_of_the_protocol_is_enough(
    factory: sessionmaker[Session], tmp_path: Path
) -> None:
    world = told.make_world(factory, tmp_path / "instance", protocol="handelingskaart")
    with factory() as session:
        actor, case_id = begin(world, session)
        protocol = protocol_of(session, case_id)
        caring = next(
            (step.key, action.key)
            for step in protocol.steps
            for action in step.actions
            if action.kind == "aftercare"
        )
        case_work.move_to_step(
            session, actor=actor, case_id=case_id, step_key=caring[0], reason="x", now=NOW
        )
        case_work.record_step(
            session,
            actor=actor,
            case_id=case_id,
            action_key=caring[1],
            outcome="done",
            text="Gaat goed.",
            now=NOW,
        )
        transaction.commit(session)
        assert len(closing.aftercare_of(session, actor=actor, case_id=case_id)) == 1
        ending = Ending("resolved", "Het is rustig.")
        closing.close(session, actor=actor, case_id=case_id, ending=ending, now=NOW)
        transaction.commit(session)
        assert view(session, actor, case_id).row.status == "closed"


def test_a_talk_that_says_it_was_aftercare_is_enough(world: World, session: Session) -> None:
    actor, case_id = begin(world, session)
    given: dict[str, Any] = {"on": NOW.date(), "present": "Noor", "parts": {"literal": "‘Goed.’"}}
    here = {"actor": actor, "case_id": case_id, "now": NOW}
    ending = Ending("resolved", "Het is rustig.")
    talks.record(session, talk=Talk(kind="subject", **given), **here)
    transaction.commit(session)
    with pytest.raises(InvalidInputError):  # a talk alone does not say how it goes now
        closing.close(session, ending=ending, **here)
    transaction.rollback(session)
    for kind in ("accused", "parents"):
        talks.record(session, talk=Talk(kind=kind, aftercare=True, **given), **here)
    transaction.commit(session)
    found = closing.aftercare_of(session, actor=actor, case_id=case_id)
    assert ["ouders" in one.label for one in found] == [True]
    closing.close(session, ending=ending, **here)
    transaction.commit(session)
    line = next(one for one in view(session, actor, case_id).entries if one.kind == "closing")
    assert line.detail["by"] == "record"


def test_a_case_that_opens_again_waits_for_the_people_it_knows(
    factory: sessionmaker[Session], tmp_path: Path
) -> None:
    world = told.make_world(factory, tmp_path / "instance", protocol="borgen")
    with factory() as session:
        actor, case_id = begin(world, session)
        here = {"actor": actor, "case_id": case_id, "now": NOW}
        luna = people_work.add(session, form=PersonForm(name="Luna", part="subject"), **here)
        done = {"outcome": "done", "text": "Gedaan."}
        for key in ("gesprek-gepeste", "plan"):
            case_work.record_step(session, action_key=key, **done, **here)
        gate = "overleg-gepeste-stap-1"
        case_work.record_step(
            session, action_key=gate, outcome="refused", text="Nog niet.", person=luna, **here
        )
        before = session.get_one(Case, case_id).next_action
        ending = Ending("other", "Even rust.", ground="not_wanted")
        closing.close(session, ending=ending, **here)
        closing.reopen(session, reason="Het begon weer.", **here)
        transaction.commit(session)
        assert session.get_one(Case, case_id).next_action == before == gate


def protocol_of(session: Session, case_id: str) -> Protocol:
    return protocols.of_case(session, session.get_one(Case, case_id))
