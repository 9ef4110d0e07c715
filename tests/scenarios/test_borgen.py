"""borgen.txt walked through its four steps, line by line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal import protocols
from portal.domain.hard_rules import Measure
from portal.services import closing, sanctions, transaction
from portal.services.errors import InvalidInputError
from tests.scenarios.conftest import Walk, at


def test_four_steps_with_consent_before_each_plan(report: Callable[..., Walk]) -> None:
    walk = report("borgen", "mentor")
    _step_one(walk)
    # l.18: not the result that was wanted: step 2
    _again(walk, 2, "stap-2", 18)
    _step_two(walk)
    # l.28: not enough: step 3
    _again(walk, 3, "stap-3", 28)
    _step_three(walk)
    # l.47: not enough: step 4, the schoolleiding together with the mentor (l.53)
    head = walk.world.with_role("schoolleiding")[0]
    found = walk.proposal(report_count=4)
    assert (found.role, found.step, found.rule.line) == ("schoolleiding", "stap-4", 47)
    walk.learn("Ook stap 3 hielp niet.", to=head, report_count=4)
    walk.be("schoolleiding")
    assert walk.next() == "samenspraak-mentor"
    assert "In samenspraak met de mentor" in walk.refused("afspraken-uitvoeren")
    walk.do("samenspraak-mentor", "agreed", text="Samen met de mentor, op 14 januari.")
    walk.do("afspraken-uitvoeren")
    assert walk.stand().complete
    walk.close("Het pesten stopte.", talk="De leerling vindt het goed zo.")
    assert walk.case.status == "closed"


def _step_one(walk: Walk) -> None:
    # l.8: everybody reports to the mentor; l.15: help in one or more talks
    assert walk.next() == "gesprek-gepeste"
    walk.do("gesprek-gepeste")
    # l.15-16: a plan together with the pupil, before the other one is talked to
    walk.do("plan")
    assert "samen met de gepeste leerling" in walk.refused("gesprek-pester")
    walk.do("overleg-gepeste-stap-1", "agreed", text="Het plan is van ons samen.")
    # l.2: and the silent group, as far as that fits
    assert walk.task("middengroep").optional
    # l.16: also with the pupil it is reported about
    walk.do("gesprek-pester")
    # l.17-18: parents and colleagues hear the agreements
    assert walk.next() == "afspraken-ouders-stap-1"
    walk.do("afspraken-ouders-stap-1")
    walk.do("afspraken-collegae-stap-1")
    assert walk.stand().complete


def _step_two(walk: Walk) -> None:
    walk.moment = at("2026-12-01")
    # l.24: with a colleague; l.25: a plan made anew, put to pupil and parents
    walk.do("overleg-collega")
    walk.do("plan-bijstellen")
    walk.do("plan-voorleggen")
    # l.26: only if they agree the mentor carries it out, pupil and parents apart
    assert walk.next() == "akkoord-leerling-stap-2"
    walk.do("akkoord-leerling-stap-2", "agreed")
    walk.do("akkoord-ouders-stap-2", "refused", text="Eerst nog een gesprek.")
    assert "Akkoord van de ouders" in walk.refused("plan-uitvoeren")
    assert "Akkoord van de ouders" in walk.refused("collegae-stap-2")
    walk.do("akkoord-ouders-stap-2", "agreed", text="Na een gesprek akkoord.")
    walk.do("plan-uitvoeren")
    # l.26-27: colleagues; l.27-28: SOM, the zorgvierkant
    walk.do("collegae-stap-2")
    note = protocols.load("borgen").step("stap-2").registrations[0]
    assert (note.system, note.section) == ("SOM", "zorgvierkant/ handelingsplan")
    walk.do("som-zorgvierkant")
    assert walk.stand().complete


def _step_three(walk: Walk) -> None:
    walk.moment = at("2027-01-11")
    # l.34: only with the approval of pupil and parents before the team
    assert "Goedkeuring van de ouders" in walk.refused("inbrengen-ondersteuningsteam")
    walk.do("goedkeuring-ondersteuningsteam", "agreed")
    assert "Goedkeuring van de ouders" in walk.refused("plan-uitwerken")
    assert "overslaan" not in walk.refused("inbrengen-ondersteuningsteam").lower()
    # not reached, and gone on by name and with a reason
    assert walk.refused("goedkeuring-ouders-ondersteuningsteam", "overridden", text=" ")
    walk.do("goedkeuring-ouders-ondersteuningsteam", "not_reached")
    walk.do(
        "goedkeuring-ouders-ondersteuningsteam",
        "overridden",
        text="Drie keer gebeld en geschreven; de leerling kan niet wachten.",
    )
    # l.35: the preventiemedewerker joins; l.36-37: externals work the plan out
    walk.do("inbrengen-ondersteuningsteam")
    assert walk.task("plan-uitwerken").owner == "ondersteuningsteam"
    walk.do("plan-uitwerken")
    # l.39: the mentor stays the pivot; l.40: the schoolleiding takes notice
    assert walk.task("plan-bespreken-stap-3").owner == "mentor"
    walk.do("plan-bespreken-stap-3")
    walk.do("plan-kennisgeving-schoolleiding")
    # l.42: clear agreements about sanctions, and their parents hear of them (l.42-43)
    walk.do("afspraken-sancties")
    walk.do("ouders-pester-sancties")
    # l.43-44: sanctions are set with the schoolleiding
    assert "schoolleiding" in walk.refused("sancties-vaststellen")
    walk.do("schoolleiding-sancties", "agreed")
    walk.do("sancties-vaststellen")
    assert walk.stand().complete


def _again(walk: Walk, count: int, step: str, line: int) -> None:
    """A report that the step did not help: the mentor sees where it goes, and why."""
    found = walk.proposal(report_count=count)
    assert (found.role, found.step, found.rule.file, found.rule.line) == (
        "mentor",
        step,
        "borgen.txt",
        line,
    )
    walk.learn("Het hielp niet genoeg.", report_count=count)
    assert walk.case.step_key == step


def test_never_the_pupil_it_is_about_leaves(report: Callable[..., Walk]) -> None:
    # l.44-45: neither as a measure nor as the end of a case, unless the family wished it
    walk = report("borgen")
    given = {"actor": walk.actor, "case_id": walk.case_id, "now": walk.moment}
    left = closing.Ending(closing.RESOLVED, "Naar een andere school.", ground="left_school")
    with pytest.raises(InvalidInputError) as caught:
        closing.close(walk.session, ending=left, **given)
    assert "nooit het gepeste kind" in caught.value.problem
    assert "borgen.txt, regel 44" in caught.value.problem
    leaving = {"kind": "change_of_school", "about": "subject"}
    with pytest.raises(InvalidInputError) as caught:
        sanctions.take(
            walk.session, measure=Measure(**leaving), form="", text="Dat is beter.", **given
        )
    assert "nooit het gepeste kind" in caught.value.problem
    transaction.rollback(walk.session)
    own = Measure(**leaving, wished_by="De moeder", wish="We gaan verhuizen.")
    sanctions.take(walk.session, measure=own, form="", text="Op eigen verzoek.", **given)
    closing.close(walk.session, ending=left, **given)
    transaction.commit(walk.session)
    assert walk.case.status == "closed"


def test_a_plan_that_the_parents_refuse_stays_where_it_is(report: Callable[..., Walk]) -> None:
    walk = report("borgen", "mentor")
    # staff may also leave a case where it is, with the reason on record
    walk.learn("Een misverstand; stap 1 loopt nog.", accept=False, report_count=2)
    assert walk.case.step_key == "stap-1"
    kept = walk.lines("move")[-1]
    assert kept.detail["accepted"] is False
    assert kept.text == "Een misverstand; stap 1 loopt nog."
    # what is known is known: the same report does not propose it a second time
    assert walk.proposal() is None
