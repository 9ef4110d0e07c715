"""The page of a group, the counts of the desk, and two colleagues at one plan."""

import re
from datetime import timedelta

import pytest

from portal.services import people_work, transaction
from portal.services.people_work import PersonForm
from tests.services import world as told
from tests.web.desk_site import HERE, copy_of_site
from tests.web.test_casework import text_of

OK, SEE_OTHER, NOT_FOUND, UNFIT = 200, 303, 404, 422
TODAY = told.NOW.date()
LATER = TODAY + timedelta(days=14)
WHAT = "De klas maakte zelf regels."


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


@pytest.fixture
def person(site):
    return site.log_in(site.mentor)


@pytest.fixture
def case(site):
    return f"/zaken/{site.case_id}"


def given(**more):
    plain = {"form": "approach", "group": "1A", "on": TODAY.isoformat(), "text": WHAT}
    return {**plain, "return_on": LATER.isoformat(), **more}


def waiting(person):
    page = person.get("/").get_data(as_text=True)
    return int(
        re.search(r'aria-current="page"[^>]*>.*?<b[^>]*>(\d+)</b>', page, re.DOTALL).group(1)
    )


def test_what_is_done_with_a_group_stands_on_its_page_in_the_plan_and_in_the_timeline(
    site, person, case
):
    refused = person.post(f"{case}/groep", given(return_on=""))
    assert refused.status_code == UNFIT
    assert "Kies een latere dag" in text_of(refused)
    assert WHAT in text_of(refused)
    assert person.post(f"{case}/groep", given()).status_code == SEE_OTHER
    for path in ("/groep", "/plan", "/"):
        assert WHAT in text_of(person.get(case + path))
    assert "terugkomen" in text_of(person.get(f"{case}/taken"))
    assert site.log_in(site.shut_out).get(f"{case}/groep").status_code == NOT_FOUND


def test_a_gate_of_somebody_it_is_about_is_named_and_keeps_what_was_typed(site, person, case):
    with site.factory() as session:
        actor = site.here.actor(session, site.mentor)
        form = PersonForm(name="Luna Kuil", part="subject")
        here = {"actor": actor, "case_id": site.case_id, "now": told.NOW}
        key = people_work.add(session, form=form, **here)
        transaction.commit(session)
    page = person.get(f"{case}/groep").get_data(as_text=True)
    assert f'name="about" value="{key}"' in page
    nobody = person.post(f"{case}/groep", given())
    assert "Kies over wie het gaat." in text_of(nobody)
    assert WHAT in text_of(nobody)


def test_what_is_due_counts_for_today_and_stands_in_the_calendar_without_a_word(site, person, case):
    before = waiting(person)
    task = {"kind": "task", "text": "Bel thuis.", "due_on": TODAY.isoformat()}
    person.post(f"{case}/taken", {**task, "owner": site.here.ids[site.mentor]})
    person.post(f"{case}/groep", given())
    assert waiting(person) == before + 1
    page = person.post("/agenda", {"do": "renew"}).get_data(as_text=True)
    address = re.search(r'id="adres">https?://[^/]+(/[^<]+\.ics)', page).group(1)
    feed = site.app.test_client().get(address).get_data(as_text=True)
    assert f"DTSTART;VALUE=DATE:{LATER:%Y%m%d}" in feed
    assert f"DTSTART;VALUE=DATE:{TODAY:%Y%m%d}" in feed
    for word in ("Bel thuis", WHAT, "groep", "klas", HERE):
        assert word not in feed
    own = person.get(f"{case}/agenda.ics").get_data(as_text=True)
    assert f"DTSTART;VALUE=DATE:{LATER:%Y%m%d}" in own


def test_who_changes_a_plan_second_is_told_and_loses_no_word(site, person, case):
    first = {"pupil": "Noor", "goal": "Rust in de pauze", "actions": "Mentor kijkt mee"}
    assert person.post(f"{case}/plan", first).status_code == SEE_OTHER
    page = person.get(f"{case}/plan").get_data(as_text=True)
    key = re.search(r'name="plan" value="(\w+)"', page).group(1)
    seen = {"plan": key, "version": "1", "reason": "Werkt niet"}
    mine = {**seen, "goal": "Samen lunchen", "actions": "Bo gaat mee"}
    theirs = {**seen, "goal": "Elke dag een praatje", "actions": "Coach"}
    assert person.post(f"{case}/plan", mine).status_code == SEE_OTHER
    second = person.post(f"{case}/plan", theirs)
    assert second.status_code == UNFIT
    shown = second.get_data(as_text=True)
    for words in ("Een collega was je net voor.", "Samen lunchen", "Elke dag een praatje"):
        assert words in shown
    again = {**theirs, "version": "2"}
    assert f'name="version" value="{again["version"]}"' in shown
    assert person.post(f"{case}/plan", again).status_code == SEE_OTHER


def test_two_mentors_end_one_task_and_the_second_keeps_the_words(site, person, case):
    task = {"kind": "task", "text": "Bel thuis.", "due_on": TODAY.isoformat()}
    person.post(f"{case}/taken", {**task, "owner": site.here.ids[site.mentor]})
    page = person.get(f"{case}/taken").get_data(as_text=True)
    key = re.search(r'name="task" value="(\w+)"', page).group(1)
    ended = {"task": key, "outcome": "done", "ended": "Vader gesproken."}
    assert person.post(f"{case}/taken/klaar", ended).status_code == SEE_OTHER
    second = person.post(f"{case}/taken/klaar", {**ended, "ended": "Moeder gesproken."})
    assert second.status_code == UNFIT
    assert "Een collega was je net voor." in text_of(second)
    assert "Moeder gesproken." in text_of(second)


def test_the_meldcode_lets_somebody_in_later_and_lets_somebody_go(site, person, case):
    path = f"{case}/meldcode"
    page = person.get(path).get_data(as_text=True)
    others = re.findall(r'name="named" value="(\w{26})"', page)
    assert person.post(f"{path}/begin", {"named": others[0]}).status_code == SEE_OTHER
    assert "Minstens twee mensen" in text_of(person.post(f"{path}/weg", {"leave": "Klaar."}))
    assert person.post(f"{path}/erbij", {"reader": "x", "why": "Helpt."}).status_code == UNFIT
    if len(others) > 1:
        added = person.post(f"{path}/erbij", {"reader": others[1], "why": "Kent het gezin."})
        assert added.status_code == SEE_OTHER
        assert "Kent het gezin." in text_of(person.get(path))
        assert person.post(f"{path}/weg", {"leave": "Klaar."}).status_code == SEE_OTHER
        assert "Kent het gezin." not in text_of(person.get(path))
