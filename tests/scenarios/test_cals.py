"""cals.txt walked from the first report to the second check, line by line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from portal import protocols
from portal.domain.hard_rules import Measure, duties
from tests.scenarios.conftest import Walk, at


def test_two_phases_with_four_weeks_of_checking_twice(report: Callable[..., Walk]) -> None:
    walk = report("cals", "mentor")
    _first_phase(walk)
    # l.90-94: it goes on: the mentor tells the leerlingcoördinator and hands over
    coordinator = walk.world.with_role("leerlingcoordinator")[0]
    found = walk.proposal(ongoing=True, report_count=2)
    assert (found.role, found.step) == ("leerlingcoordinator", "fase-2")
    assert (found.rule.file, found.rule.line) == ("cals.txt", 90)
    walk.learn("Het ging door na de afspraken.", to=coordinator, ongoing=True, report_count=2)
    assert (walk.case.step_key, walk.case.role_key) == ("fase-2", "leerlingcoordinator")
    moved = walk.lines("move")[-1]
    assert moved.text == "Het ging door na de afspraken."
    assert (moved.detail["file"], moved.detail["line"]) == ("cals.txt", 90)
    walk.be("leerlingcoordinator")
    _second_phase(walk)


def _second_phase(walk: Walk) -> None:
    # l.92: the hand-over is the mentor's; l.98-106: the same again, by the coordinator
    assert walk.task("overdracht").owner == "mentor"
    assert walk.task("collegas-jaarlaagoverleg").owner == "mentor"
    assert walk.task("analyse-2").owner == "leerlingcoordinator"
    walk.moment = at("2027-03-15")
    for key in ("analyse-2", "gesprekken-2"):
        walk.do(key)
    # l.118-120: again four weeks, over the change to summer time (28 March), just after midnight
    walk.moment = at("2027-03-29", "00:15")
    walk.do("afspraken-2")
    assert walk.due("controle-2") == date(2027, 5, 10)  # 26 April is in the May holidays
    # l.106, l.114: sanctions and help, the latter with the ondersteuningscoördinator
    walk.do("hulp-sancties-2", text="Een opdracht na schooltijd.")
    walk.do("ondersteuningscoordinator-inschakelen")
    # l.108-112: by phone at a first involvement, on a visit when it goes on
    assert _told("fase-2", "ouders-bellen-2").medium == "phone"
    assert _told("fase-2", "ouders-uitnodigen").medium == "visit"
    assert not walk.task("ouders-bellen-2").optional  # new to it: the mentor had the first phase
    walk.do("ouders-bellen-2")
    walk.do("ouders-uitnodigen")
    assert not walk.task("overdracht").optional  # l.92: pupils of one class
    walk.do("overdracht")
    walk.do("collegas-jaarlaagoverleg")
    # l.116: the incidentenregistratie of Magister
    assert _noted("fase-2", "lvs-incidentenregistratie").section == "incidentenregistratie (LVS)"
    walk.do("lvs-incidentenregistratie")
    assert walk.next() == "controle-2"
    # nobody forgets it, and nobody ends it early: neither as done nor by closing the case
    walk.moment = at("2027-05-07")
    assert "vier weken" in walk.refused("controle-2")
    assert "10 mei" in walk.not_closed("Het lijkt over.", talk="Het gaat goed.")
    walk.moment = at("2027-05-10")
    walk.do("controle-2", text="Het is rustig.")
    assert walk.stand().complete
    _third_time(walk)
    walk.moment = at("2027-06-14")
    walk.do("controle-2", text="Het is rustig.")
    walk.close("Vier weken rustig.")
    assert walk.case.status == "closed"


def _third_time(walk: Walk) -> None:
    """l.90: it goes on once more; phase 2 begins again, with checks and visits of its own."""
    found = walk.proposal(report_count=3)
    assert (found.role, found.step, found.again) == ("leerlingcoordinator", "fase-2", True)
    walk.learn("Er kwam nog een melding.", report_count=3)
    assert walk.next() == "analyse-2"
    assert walk.due("controle-2") is None
    assert walk.task("ouders-bellen-2").optional  # l.110: from now on they are invited
    assert not walk.task("ouders-uitnodigen").optional
    # what was done in the first round stays on record
    assert len([one for one in walk.lines("step") if "Het is rustig." in one.text]) == 1
    for key in ("analyse-2", "gesprekken-2", "afspraken-2"):
        walk.do(key)
    assert walk.due("controle-2") == date(2027, 6, 7)


def _first_phase(walk: Walk) -> None:
    # l.51, 55: the first time, one class: the mentor
    assert walk.case.step_key == "fase-1"
    # l.59: gather and analyse; l.61: then talk with both
    assert walk.next() == "analyse-1"
    assert walk.task("gesprekken-1").waits_for == ("analyse-1",)
    walk.moment = at("2026-11-17")
    walk.do("analyse-1")
    walk.do("gesprekken-1", text="Apart gesproken met beide leerlingen.")
    # l.78: nothing is checked before there is something to keep
    assert walk.due("controle-1") is None
    # l.65, made on the evening of a school day, the last hour of that day in Utrecht
    walk.moment = at("2026-12-08", "23:30")
    walk.do("afspraken-1", text="Niet meer appen over elkaar.")
    # l.78-80: four weeks; the two weeks of Christmas do not count, nor does the week of exams
    assert walk.due("controle-1") == date(2027, 1, 26)
    # l.67-68: the parents of both, by phone
    call = _told("fase-1", "ouders-bellen-1")
    assert (call.to, call.medium) == (("ouders-gepeste", "ouders-pester"), "phone")
    walk.do("ouders-bellen-1")
    # l.69-70: only where it fits
    assert walk.task("hulp-sancties-1").optional
    assert walk.task("bpo-1").optional
    # l.74-76: the literal titles
    assert _noted("fase-1", "logboek-1").titles == ("Pesten stap 1", "pesten stap 2")
    walk.do("logboek-1")
    assert walk.next() == "controle-1"
    assert walk.case.due_on == date(2027, 1, 26)
    walk.moment = at("2027-01-26")
    walk.do("controle-1", text="Ze hielden zich er niet aan.")
    assert walk.stand().complete


def test_different_classes_come_to_the_coordinator_the_first_time(
    report: Callable[..., Walk],
) -> None:
    # l.82-86: the coordinator does what stands with the mentor; the mentor did not know the class
    walk = report("cals", "mentor")
    found = walk.proposal(class_relation="different")
    assert (found.role, found.step, found.new_step) == ("leerlingcoordinator", "fase-1", False)
    assert found.rule.line == 82
    coordinator = walk.world.with_role("leerlingcoordinator")[0]
    walk.learn("De ander zit in 3C.", to=coordinator, class_relation="different")
    walk.be("leerlingcoordinator")
    assert walk.task("analyse-1").owner == "leerlingcoordinator"


def test_a_hard_sanction_is_told_to_leerplicht_or_the_inspectorate() -> None:
    # l.122-124
    told = duties(protocols.load("cals"), Measure(kind="expulsion"))
    assert [(one.role, one.line) for one in told] == [("leerplichtambtenaar", 122)]


def _told(step: str, key: str):
    found = protocols.load("cals").step(step)
    return next(one for one in found.communications if one.key == key)


def _noted(step: str, key: str):
    found = protocols.load("cals").step(step)
    return next(one for one in found.registrations if one.key == key)
