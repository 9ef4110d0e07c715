"""Progress: what comes next, what a gate holds back, and that no gate is passed in silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from portal import protocols
from portal.domain.deadlines import Holiday, SchoolCalendar
from portal.domain.facts import Facts
from portal.domain.progress import Event, admissible, progress
from portal.domain.protocol import Deadline

START = date(2026, 12, 7)
CALENDAR = SchoolCalendar((Holiday(date(2026, 12, 19), date(2027, 1, 3)),))
GATE = "leerling-wil-herstelgesprek"
KEYS = ("borgen", "cals", "de-route", "handelingskaart", "oostpoort")


def done(key: str, on: date = START) -> Event:
    return Event(key=key, outcome="done", on=on, by="S. Test")


def gate(key: str, outcome: str, reason: str = "") -> Event:
    return Event(key=key, outcome=outcome, on=START, by="S. Test", reason=reason)


def stand(key: str, step: str, events=(), role=""):
    protocol = protocols.load(key)
    return progress(protocol, step, list(events), started=START, calendar=CALENDAR, role=role)


def task(found, key: str):
    return next(one for one in found.tasks if one.key == key)


def test_borgen_step_two_runs_only_with_both_consents():
    before = [done("overleg-collega"), done("plan-bijstellen"), done("plan-voorleggen")]
    found = stand("borgen", "stap-2", before)
    assert found.next.key == "akkoord-leerling-stap-2"
    assert task(found, "plan-uitvoeren").gates == (
        "akkoord-leerling-stap-2",
        "akkoord-ouders-stap-2",
    )
    one = [*before, gate("akkoord-leerling-stap-2", "agreed")]
    assert task(stand("borgen", "stap-2", one), "plan-uitvoeren").state == "blocked"
    both = [*one, gate("akkoord-ouders-stap-2", "agreed")]
    assert stand("borgen", "stap-2", both).next.key == "plan-uitvoeren"


@pytest.mark.parametrize("outcome", ["refused", "not_reached"])
def test_a_refusal_is_on_record_and_still_holds(outcome):
    events = [gate("leerling-wil-herstelgesprek", outcome)]
    found = stand("de-route", "herstelgesprek", events)
    assert task(found, "herstelgesprek-voeren").state == "blocked"
    assert task(found, "leerling-wil-herstelgesprek").outcome == outcome
    # de-route.txt 75: after a no the other plan is due; who was not reached is asked again
    refused = outcome == "refused"
    assert found.next.key == ("alternatief-plan" if refused else "leerling-wil-herstelgesprek")


def test_going_on_all_the_same_needs_a_name_and_a_reason():
    protocol = protocols.load("borgen")
    silent = Event(key="akkoord-ouders-stap-2", outcome="overridden", on=START)
    unexplained = gate("akkoord-ouders-stap-2", "overridden", " ")
    explained = gate("akkoord-ouders-stap-2", "overridden", "Veilig Thuis adviseerde dit.")
    assert admissible(protocol, "stap-2", [], silent)
    assert admissible(protocol, "stap-2", [], unexplained)
    assert admissible(protocol, "stap-2", [], explained) is None


def test_what_a_gate_holds_back_cannot_be_recorded_as_done():
    protocol = protocols.load("borgen")
    refusal = admissible(protocol, "stap-3", [], done("inbrengen-ondersteuningsteam"))
    assert "Goedkeuring van de leerling" in refusal
    assert "Goedkeuring van de ouders" in refusal
    found = stand("borgen", "stap-3", [done("inbrengen-ondersteuningsteam")])
    assert task(found, "inbrengen-ondersteuningsteam").state == "blocked"


def test_a_consent_taken_back_holds_again():
    events = [
        gate("leerling-wil-herstelgesprek", "agreed"),
        gate("leerling-wil-herstelgesprek", "refused"),
    ]
    found = stand("de-route", "herstelgesprek", events)
    assert task(found, "herstelgesprek-voeren").state == "blocked"


def test_only_what_is_optional_may_be_skipped_without_a_reason():
    protocol = protocols.load("cals")
    bare = Event(key="analyse-1", outcome="skipped", on=START)
    named = Event(key="analyse-1", outcome="skipped", on=START, by="S. Test", reason="Al bekend.")
    optional = Event(key="bpo-1", outcome="skipped", on=START)
    assert admissible(protocol, "fase-1", [], bare)
    assert admissible(protocol, "fase-1", [], named) is None
    assert admissible(protocol, "fase-1", [], optional) is None
    assert admissible(protocol, "fase-1", [], done("controle-2"))
    assert admissible(protocol, "fase-1", [], Event(key="analyse-1", outcome="zo", on=START))


def test_cals_checks_four_school_weeks_after_the_agreements():
    assert task(stand("cals", "fase-1"), "controle-1").due is None
    events = [done("analyse-1"), done("gesprekken-1"), done("afspraken-1", date(2026, 12, 8))]
    found = stand("cals", "fase-1", events, role="leerlingcoordinator")
    check = task(found, "controle-1")
    assert check.due == date(2027, 1, 19)
    assert (check.owner, check.state, check.target) == ("leerlingcoordinator", "open", False)
    assert (check.file, check.line) == ("cals.txt", 78)


def test_de_route_aims_at_the_same_day():
    found = stand("de-route", "analyseren")
    talk = task(found, "gesprek-gepeste")
    assert found.next.key == "gesprek-gepeste"
    assert (talk.due, talk.target, talk.owner) == (START, True, "coach")
    assert "dezelfde dag" in talk.quote


def test_parents_come_after_the_pupil_at_de_route():
    found = stand("de-route", "borging")
    assert task(found, "ouders-gepeste").state == "blocked"
    agreed = stand("de-route", "borging", [gate("eerst-overleg-met-leerling", "agreed")])
    assert task(agreed, "ouders-gepeste").state == "open"


def test_a_sanction_waits_for_its_announcement_and_the_deelschoolleider():
    protocol = protocols.load("oostpoort")
    announced = [gate("eerder-aangekondigd", "agreed")]
    wish = done("disciplinaire-maatregel")
    assert "aangekondigd" in admissible(protocol, "ondersteuningsteam", [], wish)
    assert "deelschoolleider" in admissible(protocol, "ondersteuningsteam", announced, wish)
    both = [*announced, gate("afstemming-schorsing", "agreed")]
    assert admissible(protocol, "ondersteuningsteam", both, wish) is None


def test_the_card_comes_with_every_report():
    found = stand("handelingskaart", "melding-2")
    keys = [one.key for one in found.tasks]
    assert "vragen" in keys
    assert "nazorg" in keys
    assert task(found, "maatregel-2").owner == "leerlingcoordinator"
    assert task(found, "vragen").owner == "mentor"
    assert task(found, "docententeam").owner == "leerlingcoordinator"


@pytest.mark.parametrize("key", KEYS)
def test_every_step_can_be_walked_to_its_end(key):
    protocol = protocols.load(key)
    for step in protocol.steps:
        events: list[Event] = []
        found = stand(key, step.key, events, role="mentor")
        while found.next is not None:
            assert len(events) < 60
            wanted = found.next
            event = gate(wanted.key, "agreed") if wanted.kind == "gate" else done(wanted.key)
            assert admissible(protocol, step.key, events, event) is None
            events.append(event)
            found = stand(key, step.key, events, role="mentor")
        assert found.complete, step.key
        assert all(one.owner for one in found.tasks)


def test_an_unknown_step_is_an_error():
    with pytest.raises(LookupError):
        stand("cals", "fase-3")


def test_the_note_of_the_duty_desk_is_for_when_the_duty_desk_acted():
    assert task(stand("de-route", "analyseren"), "magister-achterwacht").optional


def test_it_says_why_this_is_next():
    before = [done("overleg-collega"), done("plan-bijstellen"), done("plan-voorleggen")]
    asked = stand("borgen", "stap-2", before)
    held = "Voer het plan uit; Meld aan collega's dat het plan wordt uitgevoerd"
    assert asked.why == (f"Hierop wacht: {held}.", "Dit doet: mentor.")
    first = stand("de-route", "analyseren")
    assert "De dag is een streven." in first.why
    assert first.why[0].startswith("Daarna kan: Bied steun")
    halfway = [done(key) for key in ("analyse-2", "gesprekken-2", "afspraken-2")]
    assert stand("cals", "fase-2", halfway).why[0] == "Wat ervoor kwam, is gedaan of vastgelegd."
    assert "geen vaste volgorde" in stand("handelingskaart", "melding-1").why[0]


def test_a_gate_whose_required_task_was_skipped_is_not_asked_any_more():
    skipped = Event(
        key="herstelgesprek-voeren", outcome="skipped", on=START, by="S. Test", reason="Wil niet."
    )
    events = [gate("leerling-wil-herstelgesprek", "refused"), skipped]
    events += [done("afspraken"), done("vervolgafspraak")]
    assert task(stand("de-route", "herstelgesprek", events), GATE).optional


def test_a_talk_or_the_plan_that_stands_for_it():
    # de-route.txt 75: "een Herstelgesprek … of een alternatief plan"
    open_yet = stand("de-route", "herstelgesprek")
    assert not task(open_yet, "herstelgesprek-voeren").optional
    assert task(open_yet, "alternatief-plan").optional
    planned = [gate(GATE, "refused"), done("alternatief-plan")]
    found = stand("de-route", "herstelgesprek", planned)
    assert task(found, "herstelgesprek-voeren").optional
    assert task(found, GATE).optional
    # l.48: without that talk the coach speaks with the other pupil, when the first one knows of it
    assert not task(found, "coachgesprek-pester").optional
    assert task(found, "coachgesprek-pester").gates == ("leerling-weet-van-coachgesprek",)
    rest = [gate("leerling-weet-van-coachgesprek", "agreed"), done("coachgesprek-pester")]
    rest += [done("afspraken"), done("vervolgafspraak")]
    assert stand("de-route", "herstelgesprek", [*planned, *rest]).complete


def test_after_the_duty_desk_acted_the_coach_need_not_do_it_again():
    # de-route.txt 186 and 189: "Wanneer er geen eerste opvang is van de achterwacht"
    found = stand("de-route", "analyseren", [done("achterwacht-handelt")])
    talk = task(found, "gesprek-gepeste")
    assert (talk.optional, talk.due) == (True, None)
    note = task(found, "magister-achterwacht")
    assert (note.optional, note.owner) == (False, "achterwacht")


@pytest.mark.parametrize(
    ("key", "step", "item", "known"),
    [
        # handelingskaart.txt 63: in a group, also a talk with the group
        ("handelingskaart", "melding-1", "gesprek-groep", Facts(group=True)),
        # de-route.txt 213 and 216: several pupils, structural
        ("de-route", "borging", "ondersteuningsteam-inroepen", Facts(group=True)),
        ("de-route", "borging", "overleg-structureel", Facts(structural=True)),
        # cals.txt 92: one class, the mentor hands over
        ("cals", "fase-2", "overdracht", Facts(class_relation="same", report_count=2)),
        # oostpoort.txt 322-324: it repeats in the class, the mentor hands over the file
        (
            "oostpoort",
            "leerlingcoordinator",
            "dossier-overhandigen",
            Facts(class_relation="same", report_count=2),
        ),
    ],
)
def test_what_depends_on_facts_is_needed_once_they_are_known(key, step, item, known):
    protocol = protocols.load(key)
    given = {"started": START, "calendar": CALENDAR}
    assert task(progress(protocol, step, [], **given), item).optional
    assert not task(progress(protocol, step, [], facts=known, **given), item).optional
    bare = Event(key=item, outcome="skipped", on=START)
    assert admissible(protocol, step, [], bare) is None
    assert "naam en reden" in str(admissible(protocol, step, [], bare, facts=known))


def test_a_coordinator_who_was_there_from_the_start_need_not_call_as_if_new():
    # cals.txt 108-112: by phone at the first involvement, on a visit when it goes on
    across = Facts(class_relation="different", report_count=2)
    protocol = protocols.load("cals")
    found = progress(protocol, "fase-2", [], started=START, calendar=CALENDAR, facts=across)
    assert task(found, "ouders-bellen-2").optional
    assert not task(found, "ouders-uitnodigen").optional
    assert task(found, "overdracht").optional
    within = Facts(class_relation="same", report_count=2)
    found = progress(protocol, "fase-2", [], started=START, calendar=CALENDAR, facts=within)
    assert not task(found, "ouders-bellen-2").optional
    assert not task(found, "ouders-uitnodigen").optional


def test_a_text_that_tells_of_something_waits_for_it():
    found = stand("borgen", "stap-1")
    # borgen.txt 17: "De afspraken/acties voortkomend uit dit plan/gesprek"
    assert task(found, "afspraken-collegae-stap-1").waits_for == ("plan", "gesprek-pester")
    # borgen.txt 26-28: carried out first, then told and registered "(inclusief de resultaten)"
    assert task(stand("borgen", "stap-2"), "som-zorgvierkant").waits_for == ("plan-uitvoeren",)
    # without consent colleagues hear nothing of the plan either
    assert task(stand("borgen", "stap-2"), "collegae-stap-2").state == "blocked"


def test_a_refusal_cannot_be_walked_round_by_skipping_what_it_held():
    # borgen.txt 34-37: without approval it is not worked out in the team
    skipped = Event(
        key="inbrengen-ondersteuningsteam", outcome="skipped", on=START, by="S. Test", reason="Nee."
    )
    events = [gate("goedkeuring-ouders-ondersteuningsteam", "refused"), skipped]
    found = stand("borgen", "stap-3", events)
    assert task(found, "plan-uitwerken").state == "blocked"
    # the other side is not held back by it (l.42)
    assert task(found, "afspraken-sancties").state == "open"


def test_a_check_of_four_weeks_lasts_four_weeks():
    events = [done("analyse-1"), done("gesprekken-1"), done("afspraken-1")]
    assert task(stand("cals", "fase-1", events), "controle-1").during


def test_a_side_answers_for_itself_before_people_are_recorded():
    one = Event(key="samen-met-leerling", outcome="agreed", on=START, by="S. Test", side="subject")
    other = Event(
        key="samen-met-leerling", outcome="refused", on=START, by="S. Test", side="accused"
    )
    assert task(stand("handelingskaart", "melding-1", [one]), "maatregel-1").state == "blocked"
    both = [one, other]
    assert task(stand("handelingskaart", "melding-1", both), "maatregel-1").state == "blocked"
    agreed = Event(
        key="samen-met-leerling", outcome="agreed", on=START, by="S. Test", side="accused"
    )
    found = stand("handelingskaart", "melding-1", [*both, agreed])
    assert task(found, "maatregel-1").state == "open"


def test_a_week_of_exams_does_not_count_but_its_days_do():
    calendar = SchoolCalendar((), (Holiday(date(2027, 1, 18), date(2027, 1, 22), "Toetsweek"),))
    assert calendar.add_weeks(date(2027, 1, 5), 4) == date(2027, 2, 9)
    assert calendar.add_days(date(2027, 1, 15), 2) == date(2027, 1, 19)
    assert SchoolCalendar().add_weeks(date(2027, 1, 5), 4) == date(2027, 2, 2)


def test_a_gate_is_due_with_the_first_thing_that_waits_for_it():
    protocol = protocols.load("borgen")
    said = {"key": "termijn", "label": "Binnen twee dagen.", "quote": "Binnen twee dagen."}
    term = Deadline(**said, action="gesprek-pester", amount=2)
    steps = tuple(
        replace(step, deadlines=(*step.deadlines, term)) if step.key == "stap-1" else step
        for step in protocol.steps
    )
    own, asked = replace(protocol, steps=steps), "overleg-gepeste-stap-1"

    def found(*events: Event):
        given = {"started": START, "calendar": CALENDAR}
        return progress(own, "stap-1", events, **given)

    assert task(found(), asked).due == task(found(), "gesprek-pester").due == date(2026, 12, 9)
    before = (done("gesprek-gepeste"), done("plan"))
    assert (found(*before).next.key, found(*before).next.due) == (asked, date(2026, 12, 9))
    assert task(found(*before, gate(asked, "agreed")), asked).due is None
