"""handelingskaart.txt: the six columns at the first, the second and the continuing report."""

from __future__ import annotations

from collections.abc import Callable

from tests.scenarios.conftest import Walk, at

CARD = ("vragen", "gesprek-individueel", "gesprek-samen")


def test_a_first_report_in_any_order_of_columns(report: Callable[..., Walk]) -> None:
    # l.16: to the mentor
    walk = report("handelingskaart", "mentor")
    assert walk.case.step_key == "melding-1"
    stand = walk.stand()
    # l.4: six columns beside each other, no order between them
    ready = {task.key for task in stand.ready}
    assert {"vragen", "mentoruur", "driehoek", "ouders-beide", "docententeam"} <= ready
    assert any("geen vaste volgorde" in words for words in stand.why)
    # l.105-109 communication may come first
    walk.do("driehoek")
    walk.do("ouders-beide")  # l.45-49, parents of both
    # l.6-10, l.19-30: the questions before the talks, apart before together
    assert walk.task("gesprek-individueel").state == "waiting"
    for key in CARD[:2]:
        walk.do(key)
    # together only after a free yes of the pupil it is about
    assert "vrij" in walk.refused("gesprek-samen")
    walk.hears_yes()
    walk.do("gesprek-samen")
    # l.63-70: with the group only when it is in the group
    assert walk.task("gesprek-groep").optional
    # l.81-87: a measure together with the pupils; without that talk there is none
    assert walk.refused("maatregel-1")
    # l.132-136: aftercare comes after the measure
    assert walk.task("nazorg").waits_for == ("maatregel-1",)
    walk.do("samen-met-leerling", "agreed")
    walk.do("maatregel-1", text="Samen besloten: pauze buiten de kantine.")
    for key in ("mentoruur", "laagdrempelig", "docententeam"):  # l.55, l.74, l.127
        walk.do(key)
    # l.53 and l.121-123: written down twice in Magister
    walk.do("aantekening-magister")
    walk.do("besprokene-magister")
    assert walk.next() == "nazorg"
    assert not walk.stand().complete
    walk.moment = at("2027-01-12")
    walk.do("nazorg", text="Het gaat goed, zeggen beiden.")
    assert walk.stand().complete
    # aftercare is on record, so the case may close on it
    walk.close("Het pesten is gestopt.")
    assert walk.case.status == "closed"


def test_the_second_report_and_when_it_does_not_stop(report: Callable[..., Walk]) -> None:
    walk = report("handelingskaart", "mentor")
    # l.90-95: the leerlingcoördinator is involved
    found = walk.proposal(report_count=2)
    assert (found.role, found.step, found.rule.line) == ("leerlingcoordinator", "melding-2", 90)
    assert "er is opnieuw over dezelfde leerling gemeld" in found.news
    coordinator = walk.world.with_role("leerlingcoordinator")[0]
    walk.learn("Tweede melding.", to=coordinator, report_count=2)
    walk.be("leerlingcoordinator")
    assert walk.task("maatregel-2").owner == "leerlingcoordinator"
    assert walk.task("vragen").owner == "mentor"
    # nobody was heard yet: no measure on a report without a name
    assert "zonder naam" in walk.refused("maatregel-2")
    walk.hears_yes()
    for key in CARD:
        walk.do(key)
    walk.do("maatregel-2")
    assert walk.task("nazorg").waits_for == ()
    # l.99-103: it does not stop: the teamleider
    found = walk.proposal(ongoing=True, report_count=3)
    assert (found.role, found.step, found.rule.line) == ("teamleider", "stopt-niet", 99)
    leader = walk.world.with_role("teamleider")[0]
    walk.learn("Het ging gewoon door.", to=leader, ongoing=True, report_count=3)
    walk.be("teamleider")
    assert walk.task("maatregel-3").owner == "teamleider"
    # l.149-156: during or after it the team may think along
    assert walk.task("ondersteuningsteam-meedenken").optional
    walk.hears_yes()
    for key in (*CARD, "maatregel-3", "mentoruur", "laagdrempelig", "driehoek", "ouders-beide"):
        walk.do(key)
    for key in ("docententeam", "aantekening-magister", "besprokene-magister", "nazorg"):
        walk.do(key)
    assert walk.stand().complete
    # l.99: a further report: the card once more, with the teamleider
    found = walk.proposal(report_count=4)
    assert (found.role, found.step, found.again) == ("teamleider", "stopt-niet", True)
    walk.learn("Een vierde melding.", report_count=4)
    assert not walk.stand().complete
    assert walk.task("maatregel-3").state != "done"


def test_staying_available_is_no_aftercare(report: Callable[..., Walk]) -> None:
    # l.74 against l.132-136: near from the first day; aftercare comes when it stops
    walk = report("handelingskaart", "mentor")
    walk.do("laagdrempelig")
    assert walk.not_closed("Klaar.") == "aftercare"


def test_in_a_group_the_group_is_talked_to_as_well(report: Callable[..., Walk]) -> None:
    # l.63-70: nobody else handles it, so the card stays where it is
    walk = report("handelingskaart", "mentor")
    assert walk.proposal(group=True) is None
    assert walk.task("gesprek-groep").optional
    walk.learn("Het is de hele groepsapp.", group=True)
    assert not walk.task("gesprek-groep").optional
    assert walk.task("gesprek-groep").line == 63
    walk.do("gesprek-groep")
    assert walk.task("gesprek-groep").state == "done"
