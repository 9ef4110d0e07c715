"""Pages of their own of a case: they do one thing, keep what was typed, and say what is wrong."""

import html
import re

import pytest

from portal.models import Case
from portal.services import tasks
from tests.services import world as told
from tests.web.desk_site import copy_of_site

OK, SEE_OTHER, NOT_FOUND, UNFIT = 200, 303, 404, 422
TODAY = told.NOW.date().isoformat()


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


@pytest.fixture
def person(site):
    return site.log_in(site.mentor)


def text_of(response):
    page = response.get_data(as_text=True)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split()))


def test_the_case_page_leads_to_every_page_of_its_own(site, person):
    page = person.get(f"/zaken/{site.case_id}/").get_data(as_text=True)
    parts = "taken eigen koppelen maatregelen meldcode zijsporen afronden betrokken"
    for part in parts.split():
        assert f'/zaken/{site.case_id}/{part}"' in page
        assert person.get(f"/zaken/{site.case_id}/{part}").status_code == OK


def test_a_task_stands_on_its_page_and_on_today(site, person):
    path = f"/zaken/{site.case_id}/taken"
    given = {"kind": "task", "text": "Bel de mentor van 1B.", "due_on": TODAY}
    assert person.post(path, {**given, "due_on": "gisteren"}).status_code == UNFIT
    owner = {"owner": site.here.ids[site.mentor]}
    assert person.post(path, {**given, **owner}).status_code == SEE_OTHER
    assert "Bel de mentor van 1B." in text_of(person.get(path))
    today = text_of(person.get("/"))
    assert "Taak" in today
    assert "Bel de mentor" not in today
    with site.factory() as session:
        actor = site.here.actor(session, site.mentor)
        found = tasks.tasks_of(session, actor=actor, case_id=site.case_id)
    ended = {"task": found[0].id, "outcome": "done", "ended": ""}
    assert person.post(f"{path}/klaar", ended).status_code == SEE_OTHER
    assert "Taak" not in text_of(person.get("/"))


def test_an_own_note_is_on_no_page_of_a_colleague(site, person):
    path = f"/zaken/{site.case_id}/eigen"
    assert person.post(path, {"own": "Alleen voor mij."}).status_code == SEE_OTHER
    assert "Alleen voor mij." in text_of(person.get(path))
    with site.factory() as session:
        handler = session.get_one(Case, site.case_id).handler_id
    reader = next(
        code
        for code, known in site.here.ids.items()
        if known != handler and site.log_in(code).get(path).status_code == OK
    )
    other = site.log_in(reader)
    for address in (path, f"/zaken/{site.case_id}/"):
        assert "Alleen voor mij." not in text_of(other.get(address))


def test_a_measure_that_is_refused_says_why_and_keeps_what_was_typed(site, person):
    path = f"/zaken/{site.case_id}/maatregelen"
    given = {"measure": "suspension", "about": "accused", "text": "Dreigen bij de poort."}
    response = person.post(path, given)
    assert response.status_code == UNFIT
    assert "Dreigen bij de poort." in text_of(response)
    assert 'id="measure-error"' in response.get_data(as_text=True)


def test_closing_asks_for_aftercare_and_then_closes(site, person):
    path = f"/zaken/{site.case_id}/afronden"
    given = {"outcome": "resolved", "reason": "Het is rustig."}
    response = person.post(path, given)
    assert response.status_code == UNFIT
    assert "Leg een gesprek met de leerling vast" in text_of(response)
    ended = {**given, "talk_on": TODAY, "talk": "Met de leerling: het gaat goed."}
    assert person.post(path, ended).status_code == SEE_OTHER
    case = text_of(person.get(f"/zaken/{site.case_id}/"))
    assert "Zaak afgerond · het is gestopt" in case
    assert "Met de leerling: het gaat goed." in case
    again = f"/zaken/{site.case_id}/heropenen"
    assert person.post(again, {"reason": "Weer begonnen."}).status_code == SEE_OTHER
    assert "Zaak weer open" in text_of(person.get(f"/zaken/{site.case_id}/"))


def test_a_case_that_one_does_not_know_cannot_be_linked(site, person):
    path = f"/zaken/{site.case_id}/koppelen"
    given = {"label": "26-999", "kind": "other", "reason": "Zelfde bijnaam."}
    response = person.post(path, given)
    assert response.status_code == UNFIT
    assert "Deze zaak ken jij niet." in text_of(response)
    assert "Zelfde bijnaam." in text_of(response)


def test_who_steps_out_is_back_on_today_and_the_case_is_gone(site, person):
    path = f"/zaken/{site.case_id}/betrokken"
    refused = person.post(path, {"why": "Familie."})
    assert refused.status_code == UNFIT
    assert "Minstens twee mensen" in text_of(refused)
    page = person.get(path).get_data(as_text=True)
    reader = re.search(r'<option value="(\w{26})"', page).group(1)
    response = person.post(path, {"why": "Familie.", "reader": reader})
    assert response.status_code == SEE_OTHER
    assert response.headers["Location"].endswith("/bureau/")
    assert person.get(f"/zaken/{site.case_id}/").status_code == NOT_FOUND
    assert site.case_id not in person.get("/zaken").get_data(as_text=True)
