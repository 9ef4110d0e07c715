"""The protocol's pages: the whole of it, the step of a case, and where new facts lead."""

from __future__ import annotations

import html
import re

import pytest

from portal.models import Case
from tests.web.desk_site import copy_of_site

OK, SEE_OTHER, FORBIDDEN, NOT_FOUND, UNFIT = 200, 303, 403, 404, 422


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


@pytest.fixture
def person(site):
    return site.log_in(site.mentor)


def words(response):
    page = response.get_data(as_text=True)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def running(site):
    return f"/zaken/{site.case_id}/protocol"


def stands(site):
    with site.factory() as session:
        case = session.get_one(Case, site.case_id)
        return case.step_key, case.role_key


def test_the_whole_protocol_is_there_with_its_sentences(person):
    page = person.get("/protocol")
    said = words(page)
    assert page.status_code == OK
    assert "Fase 2: aanhoudend pestgedrag" in said
    # cals.txt 78: what, who, when, and where it stands
    assert "Controleer of de afspraken worden nageleefd." in said
    assert "4 weken na: Maak afspraken om herhaling te voorkomen" in said
    assert "cals.txt, regel 78" in said
    assert "In: Magister, logboek; titel: Pesten stap 1, pesten stap 2" in said
    assert (
        "Aan: ouders van de gepeste leerling, ouders van de andere leerling; per telefoon" in said
    )
    assert "duurt 4 weken na: Maak afspraken" in said
    assert "Nodig bij: dezelfde klas en melding 1 tot en met 2." in said
    assert "Leidraad" in said
    assert "Schorsen mag voor hooguit één week (WVO 8.14)." in said
    assert "nagekeken op 2026-11-20" in said


def test_a_case_shows_what_can_be_done_now_by_whom_and_why(site, person):
    page = person.get(running(site))
    said = words(page)
    assert page.status_code == OK
    assert "Verzamel en analyseer informatie over de situatie." in said
    assert "Daarna kan: Praat met de leerlingen" in said
    assert "Vraag de BPO-er om een klassenobservatie" in said  # optional things as well
    assert "cals.txt, regel 59" in said
    assert "Zo loopt het protocol" in words(person.get(f"/zaken/{site.case_id}/"))


def test_something_optional_can_be_recorded_here(site, person):
    given = {"action": "bpo-1", "outcome": "done", "text": "Sociogram gemaakt."}
    assert person.post(running(site) + "/stap", given).status_code == SEE_OTHER
    assert "Sociogram gemaakt." in words(person.get(f"/zaken/{site.case_id}/"))


def test_a_refusal_says_why_and_keeps_what_was_typed(site, person):
    given = {"action": "analyse-1", "outcome": "skipped", "text": ""}
    page = person.post(running(site) + "/stap", given)
    assert page.status_code == UNFIT
    assert "Overslaan kan alleen met naam en reden." in words(page)


def test_what_waits_can_be_left_out_with_a_reason(site, person):
    page = person.get(running(site)).get_data(as_text=True)
    later = page[page.index('id="later"') :]
    assert 'value="gesprekken-1"' in later
    given = {"action": "gesprekken-1", "outcome": "skipped", "text": "Al gedaan door de collega."}
    assert person.post(running(site) + "/stap", given).status_code == SEE_OTHER
    assert "Al gedaan door de collega." in words(person.get(f"/zaken/{site.case_id}/"))


def test_a_step_that_is_chosen_while_it_runs_begins_again(site, person):
    given = {"action": "analyse-1", "outcome": "done", "text": "Gevraagd in de klas."}
    assert person.post(running(site) + "/stap", given).status_code == SEE_OTHER
    case = f"/zaken/{site.case_id}/"
    assert "Fase 1: de eerste keer, opnieuw" in words(person.get(case))
    again = {"step": "fase-1", "reason": "Het begon opnieuw."}
    assert person.post(f"{case}verder", again).status_code == SEE_OTHER
    assert 'id="taak-analyse-1"' in person.get(running(site)).get_data(as_text=True)
    # what was done before stays in the case
    assert "Gevraagd in de klas." in words(person.get(case))


def test_new_facts_are_looked_at_first_and_go_nowhere_by_themselves(site, person):
    facts = {"class_relation": "different", "go": "look"}
    page = person.post(running(site) + "/feiten", facts)
    said = words(page)
    assert page.status_code == OK
    assert "cals.txt, regel 82" in said
    assert "de klassen zijn nu bekend" in said
    assert stands(site) == ("fase-1", "mentor")
    silent = person.post(running(site) + "/feiten", {**facts, "go": "accept", "reason": " "})
    assert silent.status_code == UNFIT
    nobody = person.post(running(site) + "/feiten", {**facts, "go": "accept", "reason": "3C"})
    assert nobody.status_code == UNFIT
    assert stands(site) == ("fase-1", "mentor")


def test_an_accepted_proposal_hands_the_case_over_with_the_reason(site, person):
    facts = {"report_count": "2", "ongoing": "yes"}
    page = person.post(running(site) + "/feiten", {**facts, "go": "look"})
    taker = re.search(
        r'<select id="staff".*?<option value="(\w{26})"', page.get_data(as_text=True), re.DOTALL
    )
    given = {**facts, "go": "accept", "reason": "Het ging door.", "staff": taker.group(1)}
    assert person.post(running(site) + "/feiten", given).status_code == SEE_OTHER
    assert stands(site) == ("fase-2", "leerlingcoordinator")
    assert "Het ging door." in words(person.get(f"/zaken/{site.case_id}/"))


def test_who_does_not_read_the_case_finds_nothing_here(site):
    stranger = site.log_in(site.shut_out)
    assert stranger.get(running(site)).status_code == NOT_FOUND
    for part in ("/stap", "/feiten", "/meelezen"):
        assert stranger.post(running(site) + part, {"go": "look"}).status_code == NOT_FOUND
