"""Handing a case over, and the timeline of a case, over HTTP."""

import html
import re

import pytest

from portal.services import cases
from tests.services import world as told
from tests.web.desk_site import copy_of_site

OK, SEE_OTHER, NOT_FOUND, UNFIT = 200, 303, 404, 422
SAID = {
    "about": "Buitensluiten bij de kluisjes.",
    "agreed": "Maandag praten.",
    "due": "Ouders bellen.",
    "promised": "Geen namen noemen.",
}


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


@pytest.fixture
def person(site):
    return site.log_in(site.mentor)


def text_of(response):
    page = response.get_data(as_text=True)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split()))


def overseer(site):
    with site.factory() as session:
        actor = site.here.actor(session, site.mentor)
        view = cases.show(session, actor=actor, case_id=site.case_id, now=told.NOW)
        staff_id = next(one.staff_id for one in view.readers if one.part == "overseer")
        return staff_id, told.role_of(session, staff_id)


def test_the_successor_reads_the_summary_first_and_says_so(site, person):
    path = f"/zaken/{site.case_id}"
    form = text_of(person.get(f"{path}/overdragen"))
    assert "Een deel staat er al" in form
    assert "Melding van" in form
    staff_id, role = overseer(site)
    given = {"staff": f"{staff_id}:{role}", "why": "Twee klassen.", **SAID}
    refused = person.post(f"{path}/overdragen", {**given, "about": ""})
    assert refused.status_code == UNFIT
    assert SAID["promised"] in text_of(refused)
    assert person.post(f"{path}/overdragen", given).status_code == SEE_OTHER
    assert "Ik heb dit gelezen" not in text_of(person.get(f"{path}/"))
    successor = site.log_in(site.here.code_of(staff_id))
    page = successor.get(f"{path}/").get_data(as_text=True)
    assert page.index(SAID["promised"]) < page.index('id="waarom"')
    handover = re.search(r'name="handover" value="(\w+)"', page).group(1)
    read = {"handover": handover}
    assert person.post(f"{path}/overdragen/gelezen", read).status_code == NOT_FOUND
    assert successor.post(f"{path}/overdragen/gelezen", read).status_code == SEE_OTHER
    assert "Ik heb dit gelezen" not in text_of(successor.get(f"{path}/"))


def lines(response):
    page = response.get_data(as_text=True)
    return re.findall(r'<div class="event">.*?</div>', page[page.index("<main") :], re.DOTALL)


def test_a_timeline_shows_what_was_chosen(site, person):
    path = f"/zaken/{site.case_id}"
    person.post(f"{path}/notitie", {"note": "Let op de kluisjes."})
    every = person.get(f"{path}/tijdlijn")
    assert "Let op de kluisjes." in text_of(every)
    notes = lines(person.get(f"{path}/tijdlijn?soort=notities"))
    assert len(notes) == 1
    assert "Let op de kluisjes." in notes[0]
    files = lines(person.get(f"{path}/tijdlijn?soort=bewijs"))
    assert files
    assert len(files) < len(lines(every))
    own = site.here.ids[site.mentor]
    by_mentor = lines(person.get(f"{path}/tijdlijn?wie={own}"))
    by_reporter = lines(person.get(f"{path}/tijdlijn?wie=melder"))
    assert by_mentor
    assert by_reporter
    assert set(by_mentor).isdisjoint(by_reporter)
    assert lines(person.get(f"{path}/tijdlijn?van=2027-01-01")) == []
    day = told.NOW.date().isoformat()
    assert len(lines(person.get(f"{path}/tijdlijn?van={day}&tot={day}"))) == len(lines(every))


@pytest.mark.parametrize("query", ["van=gisteren", "soort=x", "wie=%00", "tot=2026-99-99"])
def test_odd_choices_give_a_page(site, person, query):
    for page in ("tijdlijn", "tijdlijn/blad"):
        assert person.get(f"/zaken/{site.case_id}/{page}?{query}").status_code == OK


def test_the_sheet_names_the_case_the_choice_and_who_made_it(site, person):
    path = f"/zaken/{site.case_id}/tijdlijn/blad"
    with site.factory() as session:
        actor = site.here.actor(session, site.mentor)
        view = cases.show(session, actor=actor, case_id=site.case_id, now=told.NOW)
    sheet = text_of(person.get(path))
    assert f"Tijdlijn van zaak {view.row.label}" in sheet
    assert f"door {actor.name}" in sheet
    assert "Een keuze" in text_of(person.get(f"{path}?soort=bewijs"))
    assert "Alle zaken" not in sheet


def test_who_reads_no_key_gets_neither(site):
    for code in (site.shut_out, site.accused):
        for page in ("tijdlijn", "tijdlijn/blad", "overdragen"):
            answer = site.log_in(code).get(f"/zaken/{site.case_id}/{page}")
            assert answer.status_code == NOT_FOUND
