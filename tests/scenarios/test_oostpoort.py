"""oostpoort.txt: mentor, leerlingcoördinator, IOT, and the track of cyberpesten."""

from __future__ import annotations

from collections.abc import Callable

from portal import protocols
from portal.domain.deadlines import local_date
from portal.services import side_tracks, transaction
from tests.scenarios.conftest import Walk, at


def test_mentor_coordinator_and_team(report: Callable[..., Walk]) -> None:
    # l.316: within one class the mentor
    walk = report("oostpoort", "mentor")
    _mentor(walk)
    # l.322-324, 327: it repeats: the coordinator, with the file
    found = walk.proposal(report_count=2)
    assert (found.role, found.step, found.rule.line) == (
        "leerlingcoordinator",
        "leerlingcoordinator",
        322,
    )
    coordinator = walk.world.with_role("leerlingcoordinator")[0]
    walk.do("melden-bij-leerlingcoordinator")
    walk.learn("Het herhaalde zich.", to=coordinator, report_count=2)
    walk.be("leerlingcoordinator")
    _coordinator(walk)
    # l.653: again: the parents are asked for consent to the team's meeting
    found = walk.proposal(report_count=3)
    assert (found.step, found.rule.line, found.gated) == (
        "ondersteuningsteam",
        653,
        (("ondersteuningsteam", ("toestemming-iot",)),),
    )
    walk.learn("Het kwam terug.", report_count=3)
    _team(walk)


def _mentor(walk: Walk) -> None:
    # l.316: first the one, later the other, apart; l.317: then both together
    assert walk.next() == "gesprek-gepeste"
    assert walk.task("gesprek-pester").waits_for == ("gesprek-gepeste",)
    for key in ("gesprek-gepeste", "gesprek-pester"):
        walk.do(key)
    for key in ("uitzoeken", "overleg-oplossingen", "hulp-gepeste"):  # l.209, 211, 213
        walk.do(key)
    assert "vrij ‘ja’" in walk.refused("gesprek-samen")  # ours: never together unasked
    walk.hears_yes()
    walk.do("gesprek-samen")
    walk.do("vervolgtraject")  # l.319: what follows if it repeats
    walk.do("gesprek-klas")  # l.320
    walk.do("klas-terugkomen")  # l.256
    assert walk.task("vervolgtraining").optional  # l.302
    assert walk.task("ouders-indien-nodig").optional  # l.561
    walk.do("docenten-mentor")  # l.558
    walk.do("magister-mentor")  # l.552
    walk.do("magister-mentor-opnieuw")  # l.563: "Opnieuw"
    assert walk.stand().complete


def _coordinator(walk: Walk) -> None:
    walk.moment = at("2026-12-07")
    # l.323: the file comes from the mentor
    assert walk.task("dossier-overhandigen").owner == "mentor"
    assert not walk.task("dossier-overhandigen").optional
    walk.do("dossier-overhandigen")
    walk.do("gesprekken-leerlingcoordinator")  # l.329
    # l.319: what the mentor said would follow is no announcement of a measure (l.352)
    assert "aangekondigd" in walk.no_measure("sanction")
    walk.do("drieledig-doel")  # l.331-334
    walk.do("contact-gepeste")  # l.335
    walk.do("hulp-met-ouders")  # l.341, 613
    # l.598-605: measures are announced, always in agreement with the deelschoolleider
    assert "deelschoolleider" in walk.refused("maatregel-aankondigen")
    walk.do("afstemming-deelschoolleider", "agreed")
    walk.do("maatregel-aankondigen", text="Bij herhaling volgt een schorsing.")
    # announced and taken on one day is not "in een eerder stadium"
    assert "eerdere dag" in walk.no_measure("sanction")
    # l.609-611: all parents, by phone
    call = _item("leerlingcoordinator", "communications", "alle-ouders-bellen")
    assert (call.to, call.medium) == (("ouders-gepeste", "ouders-pester"), "phone")
    walk.do("alle-ouders-bellen")
    walk.do("docenten-leerlingcoordinator")  # l.635
    # l.342-343: with every pupil involved
    note = "leerlingvolgsysteem-alle-leerlingen"
    assert _item("leerlingcoordinator", "registrations", note).per_pupil
    walk.do(note)
    walk.do("magister-handelingen-en-contact")  # l.618
    assert walk.stand().complete


def _team(walk: Walk) -> None:
    walk.moment = at("2027-01-11")
    # l.346, 656: only with the parents' consent
    assert walk.next() == "toestemming-iot"
    assert "Toestemming van de ouders" in walk.refused("bespreken-iot")
    # l.350, 627: also the pupil it is about, with the consent of their own parents
    assert walk.refused("gepeste-inbrengen")
    walk.do("toestemming-iot-gepeste", "refused")
    walk.do("toestemming-iot", "agreed")
    walk.do("bespreken-iot")  # the other family's refusal does not hold this back
    assert walk.refused("gepeste-inbrengen")
    walk.do("hulpaanbod")  # l.664
    walk.do("hulp-verkrijgen")  # l.685
    # l.352-353: only what was announced before; l.679-683: with the deelschoolleider
    assert "aangekondigd" in walk.refused("disciplinaire-maatregel")
    walk.do("eerder-aangekondigd", "agreed", text="Op 7 december, aan leerling en ouders.")
    assert "deelschoolleider" in walk.refused("disciplinaire-maatregel")
    walk.do("afstemming-schorsing", "agreed")
    walk.do("disciplinaire-maatregel")
    # l.355: a suspension has days and papers of its own
    assert "Maatregelen" in walk.refused("schorsing-en-opnieuw-iot")
    walk.measure("suspension", days=2)
    walk.do("schorsing-en-opnieuw-iot")
    # l.342: with every pupil involved, also of what the team does
    walk.do("leerlingvolgsysteem-iot")
    # l.358-360: expulsion is put to the directeur
    assert "directeur" in walk.refused("verwijdering-voorleggen")
    assert walk.stand().complete
    # l.703: brought in again, with consent asked again
    found = walk.proposal(report_count=4)
    assert (found.step, found.again) == ("ondersteuningsteam", True)
    walk.learn("De hulp werkte niet.", report_count=4)
    assert walk.next() == "toestemming-iot"
    assert "Toestemming van de ouders" in walk.refused("bespreken-iot")
    walk.close("Het gedrag stopte.", talk="Beide leerlingen gesproken.")
    assert walk.case.status == "closed"


def test_cyberpesten_has_a_track_of_its_own(report: Callable[..., Walk]) -> None:
    walk = report("oostpoort", "mentor")
    # l.393: the leerlingcoördinator helps; nobody knew that it was online
    found = walk.proposal(cyber=True)
    assert (found.role, found.step, found.rule.line) == (
        "leerlingcoordinator",
        "cyberpesten",
        393,
    )
    assert found.news == ("het gebeurt (ook) online",)
    coordinator = walk.world.with_role("leerlingcoordinator")[0]
    walk.learn("Het gebeurt in een groepsapp.", to=coordinator, cyber=True)
    walk.be("leerlingcoordinator")
    # l.389-392: keep first, block afterwards; l.447 (delete) against l.453 (keep): keep
    assert walk.next() == "berichten-bewaren"
    assert walk.task("afzender-blokkeren").waits_for == ("berichten-bewaren",)
    for key in ("berichten-bewaren", "afzender-blokkeren", "leerling-helpen"):
        walk.do(key)
    walk.do("ouders-gepeste-cyber")  # l.394
    walk.do("ouders-voorlichten")  # l.394-397
    walk.do("aangifte-adviseren")  # l.399
    _family_answers(walk)
    walk.do("leerlingvolgsysteem-cyber")  # l.342
    assert walk.task("slachtofferhulp").optional  # l.404
    assert walk.stand().complete
    # l.327: it repeats
    assert walk.proposal(report_count=2).step == "leerlingcoordinator"


def _family_answers(walk: Walk) -> None:
    """§5.3: the coordinator advises, pupil and parents decide; their answer is on record."""
    told = (("advised", "yes", "Aan Noor en haar ouders."), ("answer", "later", "‘Eerst slapen.’"))
    for step, answer, text in told:
        side_tracks.record(
            walk.session,
            actor=walk.actor,
            case_id=walk.case_id,
            key="police",
            step=step,
            on=local_date(walk.moment),
            text=text,
            answer=answer,
            now=walk.moment,
        )
    transaction.commit(walk.session)
    shown = side_tracks.show(walk.session, actor=walk.actor, case_id=walk.case_id, key="police")
    assert "oostpoort.txt 5.3, regel 399" in shown.track.source
    assert [(step.key, [one.answer for one in done]) for step, done in shown.steps][:2] == [
        ("advised", ["aangeraden"]),
        ("answer", ["denkt na"]),
    ]


def test_the_coordinator_too_brings_nobody_together_unasked(report: Callable[..., Walk]) -> None:
    # l.329-330: apart, "of … direct een gesprek tussen beiden"
    walk = report("oostpoort", "mentor")
    walk.move("leerlingcoordinator", "Het speelt ook buiten de klas.")
    joint = "gesprek-samen-leerlingcoordinator"
    assert "vrij ‘ja’" in walk.refused(joint)
    walk.hears_yes()
    assert "ieder apart" in walk.refused(joint)
    walk.do("gesprekken-leerlingcoordinator")
    walk.do(joint)


def test_outside_the_class_it_is_the_coordinator_from_the_start(
    report: Callable[..., Walk],
) -> None:
    # l.327-328
    walk = report("oostpoort", "mentor")
    found = walk.proposal(class_relation="different")
    assert (found.role, found.rule.line) == ("leerlingcoordinator", 327)


def _item(step: str, table: str, key: str):
    found = protocols.load("oostpoort").step(step)
    return next(one for one in getattr(found, table) if one.key == key)
