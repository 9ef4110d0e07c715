"""de-route.txt: signaleren, analyseren, Herstelgesprek, borging, and when it does not stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from portal.services.errors import NotFoundError
from tests.scenarios.conftest import Walk, at


def test_the_route_to_aftercare(report: Callable[..., Walk]) -> None:
    # l.177: passed on to the coach
    walk = report("de-route", "coach")
    assert walk.case.step_key == "analyseren"
    # l.182-186: the achterwacht may act first, the same way
    assert (walk.task("achterwacht-handelt").owner, walk.task("achterwacht-handelt").optional) == (
        "achterwacht",
        True,
    )
    # l.189-190: as soon as can be, the same day is the aim
    talk = walk.task("gesprek-gepeste")
    assert (talk.due, talk.target) == (date(2026, 11, 16), True)
    # l.192: no judgement about either
    assert "Geef geen oordeel" in talk.label
    walk.do("gesprek-gepeste")
    # l.191 with the IOT only as far as the pupil knows (l.39)
    assert walk.refused("overleg-iot")
    walk.do("gegevens-en-oplossingen")  # l.193
    walk.do("herstelgesprek-voorstellen")  # l.194
    walk.do("hulp-gepeste")  # l.42
    assert walk.stand().complete
    walk.move("herstelgesprek", "De leerling wil het gesprek.")
    # l.39: nothing that the pupil does not stand behind
    assert walk.next() == "leerling-wil-herstelgesprek"
    assert walk.refused("herstelgesprek-voeren")
    walk.do("leerling-wil-herstelgesprek", "agreed", text="Ja, met een vriend erbij.")
    walk.do("herstelgesprek-voeren")  # l.202-203, with supporting classmates
    walk.do("afspraken")  # l.80-81, binding
    walk.do("vervolgafspraak")  # l.204-205
    # l.82-83: what the class can do, and coming back to it
    assert walk.next() == "klas-bijdrage"
    walk.do("klas-bijdrage")
    walk.do("klas-terugkomen")
    assert walk.stand().complete
    walk.move("borging", "De afspraken staan.")
    _borging(walk)


def _borging(walk: Walk) -> None:
    # l.219: "altijd": no case ends before, whatever became of it
    assert "de-route.txt, regel 219" in walk.not_closed("Klaar.", talk="Gaat goed.")
    # l.219-220: parents of both always, but first the pupil is consulted
    assert "Eerst overleg met de leerling" in walk.refused("ouders-gepeste")
    walk.do("eerst-overleg-met-leerling", "agreed")
    walk.do("ouders-gepeste")
    walk.do("ouders-pester")
    # l.208: in Magister; l.209: a follow-up talk with each
    walk.do("magister-afspraken")
    walk.moment = at("2027-01-11")
    walk.do("vervolggesprek-gepeste")
    assert walk.not_closed("Klaar.") == "aftercare"  # with both
    walk.do("vervolggesprek-pester")
    walk.do("hulp-pester")  # l.53
    # l.210: one more chance is there if it is needed
    assert walk.task("nog-een-kans").optional
    assert walk.stand().complete
    # l.110: what helped needs no next step
    walk.close("De afspraken worden nagekomen.")
    assert walk.case.status == "closed"


def test_a_pupil_who_does_not_want_the_talk_gets_another_plan(report: Callable[..., Walk]) -> None:
    # l.75: the talk, or an alternative plan
    walk = report("de-route")
    walk.move("herstelgesprek", "Eerst vragen.")
    walk.do("leerling-wil-herstelgesprek", "refused", text="Liever niet.")
    assert walk.refused("herstelgesprek-voeren")
    assert walk.next() == "alternatief-plan"
    walk.do("alternatief-plan", text="De coach praat apart met de ander.")
    assert walk.task("herstelgesprek-voeren").optional
    # l.48: the coach talks with the other pupil, when the first one knows of it
    assert walk.refused("coachgesprek-pester")
    walk.do("leerling-weet-van-coachgesprek", "agreed")
    walk.do("coachgesprek-pester")
    walk.do("afspraken")
    walk.do("vervolgafspraak")
    assert walk.stand().complete


@pytest.mark.parametrize("ground", ["acute_danger", "veilig_thuis", "staff_law"])
def test_what_the_pupil_must_know_yields_to_danger_and_the_law_only(
    report: Callable[..., Walk], ground: str
) -> None:
    # l.39-40 against l.219: consultation is a condition, not a veto; who passes it says why
    walk = report("de-route")
    refusal = walk.refused("leerling-weet-ervan", "overridden", text="Wij vinden het beter zo.")
    assert "de-route.txt, regel 39" in refusal
    assert walk.refused("leerling-weet-ervan", "overridden", text=" ", ground=ground)
    walk.do("leerling-weet-ervan", "overridden", text="Er was een mes.", ground=ground)
    walk.do("overleg-iot")
    passed = [one for one in walk.lines("step") if one.detail.get("ground")]
    assert [(one.detail["ground"], one.text) for one in passed] == [(ground, "Er was een mes.")]


def test_when_it_does_not_stop(report: Callable[..., Walk]) -> None:
    walk = report("de-route", "coach")
    # l.87: after these steps
    found = walk.proposal(report_count=2)
    assert (found.role, found.step, found.rule.line) == ("coach", "stopt-niet", 87)
    # l.89 the coach-ondersteuner hears of it; l.96, l.213 the team only after consent
    assert set(found.also) >= {"coach-ondersteuner", "ondersteuningsteam"}
    assert ("ondersteuningsteam", ("toestemming-ondersteuningsteam",)) in found.gated
    walk.learn("Het ging door.", report_count=2)
    walk.do("informeer-coach-ondersteuner")  # l.89
    # l.91 against l.219: parents are invited after the pupil was consulted
    assert walk.refused("ouders-kind-uitnodigen")
    walk.do("overleg-leerling-stopt-niet", "agreed")
    walk.do("ouders-kind-uitnodigen")
    walk.do("gesprek-ouders-school")  # l.93-94, a last chance
    assert walk.refused("bespreken-ondersteuningsteam")  # l.96
    walk.do("toestemming-ondersteuningsteam", "agreed")
    walk.do("bespreken-ondersteuningsteam")
    walk.do("evaluatie-afspreken")  # l.99
    walk.do("afspraken-schoolleiding")  # l.100-101
    walk.do("magister-stopt-niet")
    assert walk.stand().complete
    _new_signals(walk)


def _new_signals(walk: Walk) -> None:
    # l.102: new signals
    walk.learn("Er kwam een nieuw signaal.", report_count=3)
    assert walk.case.step_key == "nieuwe-signalen"
    walk.do("bekijk-per-leerling")  # l.111-112: nothing goes by itself
    # l.39: also of this the pupil knows; l.94: the last chance was given before
    assert "laatste kans" in walk.refused("time-out-of-schorsing")
    walk.do("leerling-weet-van-maatregel", "agreed")
    walk.do("laatste-kans-gegeven", "agreed", text="In het gesprek met ouders van 11 januari.")
    # a report without a name, and nobody heard yet
    assert "zonder naam" in walk.refused("time-out-of-schorsing")
    walk.prepare("own_finding", "De conciërge zag het gebeuren.")
    assert "Praat eerst" in walk.refused("time-out-of-schorsing")
    walk.do("gesprek-nieuwe-signalen")  # l.48
    # the time-out itself has a purpose, an end and a talk on coming back
    assert "Maatregelen" in walk.refused("time-out-of-schorsing")
    walk.measure("time_out", days=2)
    walk.do("time-out-of-schorsing")
    assert not walk.task("gesprek-terugkeer").optional  # l.105: "Er volgt opnieuw een gesprek"
    walk.do("gesprek-terugkeer")
    # l.107: the teamleider only together with the rector
    assert "rector" in walk.refused("verwijdering")
    walk.do("overleg-rector", "agreed")
    walk.do("verwijdering")
    assert walk.stand().complete


def test_a_group_and_a_structural_case_bring_in_the_team(report: Callable[..., Walk]) -> None:
    walk = report("de-route", "coach")
    # l.213: several pupils
    group = walk.proposal(group=True)
    assert (group.role, group.step, group.also) == ("coach", "analyseren", ("ondersteuningsteam",))
    assert (group.rule.file, group.rule.line) == ("de-route.txt", 213)
    # l.216: structural
    structural = walk.proposal(structural=True)
    assert set(structural.also) == {"ondersteuningsteam", "schoolleiding"}
    assert structural.rule.line == 216


def test_a_matter_of_staff_leaves_the_line(report: Callable[..., Walk]) -> None:
    walk = report("de-route", "coach")
    found = walk.proposal(accused="staff")
    assert found.about_staff
    assert found.role in ("schoolleiding", "rector")
    assert found.step == "personeel-stap-1"
    assert "coach" in found.excluded
    assert "het gaat over een medewerker" in found.news
    head = walk.world.with_role(found.role)[0]
    line = {reader.staff_id: reader.name for reader in walk.view().readers}
    walk.learn("Het gaat over een docent.", to=head, accused="staff")
    # nobody of the ordinary line reads it any more, and nobody of it can be let in again
    with pytest.raises(NotFoundError):
        walk.view()
    walk.actor = walk.world.actor(walk.session, head)
    view = walk.view()
    left = {reader.staff_id for reader in view.readers}
    assert len(left) >= 2
    held = {
        role
        for staff_id in left
        for role in walk.world.actor(walk.session, walk.world.code_of(staff_id)).role_keys
    }
    assert not held & set(found.excluded)
    assert set(line) - left
    assert walk.case.step_key == "personeel-stap-1"
    # WVO 3.39: the board hears of it at once
    assert walk.next() == "personeel-bevoegd-gezag"
