"""The pages of talks, plans and notes, as staff and strangers meet them."""

import re

import pytest
from sqlalchemy import select

from portal.models import Record
from portal.services import talk_guards
from tests.web.desk_site import STORY, copy_of_site

DONE, UNFIT = 303, 422
PAGES = (
    "/gesprekken",
    "/gesprekken/nieuw?met=accused",
    "/gesprekken/noemen",
    "/gesprekken/blad",
    "/plan",
    "/plan/blad",
    "/registratie",
    "/registratie?actie=logboek-1",
    "/collegas",
)
TALK = {
    "with": "subject",
    "on": "2026-11-16",
    "present": "de leerling",
    "literal": "‘Het was bij het hek.’",
    "interpreted": "Ik denk dat het vaker gebeurt.",
}


@pytest.fixture
def site(tmp_path):
    return copy_of_site(tmp_path)


@pytest.fixture
def person(site):
    return site.log_in(site.mentor)


@pytest.fixture
def case(site):
    return f"/zaken/{site.case_id}"


def text_of(response):
    return response.get_data(as_text=True)


def test_looking_writes_no_more_than_the_first_opening(site, person, case):
    person.get(f"{case}/")
    before = site.written()
    for path in PAGES:
        assert person.get(case + path).status_code == 200, path
    assert site.written() == before


def test_the_case_leads_to_each_of_them(site, person, case):
    page = text_of(person.get(f"{case}/"))
    for path in ("/gesprekken", "/plan", "/registratie", "/collegas"):
        assert f'{case}{path}"' in page


def test_a_talk_is_written_down_and_read_back_in_its_parts(person, case):
    assert person.post(f"{case}/gesprekken/nieuw", TALK).status_code == DONE
    page = text_of(person.get(f"{case}/gesprekken"))
    for label, words in (("Letterlijk gezegd", "bij het hek"), ("Mijn duiding", "vaker gebeurt")):
        assert re.search(rf"{label}</p>.*?{words}", page, re.DOTALL)


def test_a_refused_talk_keeps_what_was_typed(site, person, case):
    answer = person.post(f"{case}/gesprekken/nieuw", {**TALK, "on": "2027-01-01"})
    assert answer.status_code == UNFIT
    assert "bij het hek" in text_of(answer)
    assert "Kies de dag waarop het gesprek was." in text_of(answer)
    with site.factory() as session:
        assert session.scalars(select(Record).where(Record.kind == "talk")).all() == []


def test_police_first_stands_on_the_page_until_contact_is_written_down(person, case):
    hold = {"do": "hold", "grounds": "report", "police": "Ouders doen aangifte."}
    assert person.post(f"{case}/gesprekken/politie", hold).status_code == DONE
    page = text_of(person.get(f"{case}/gesprekken"))
    assert "Politie eerst." in page
    refused = person.post(f"{case}/gesprekken/nieuw", {**TALK, "with": "accused"})
    assert talk_guards.POLICE_FIRST in text_of(refused)
    assert "Gesprekken over wat er gebeurde wachten." in text_of(person.get(f"{case}/"))
    assert "Voer dit gesprek nog niet." in text_of(person.get(f"{case}/gesprekken/blad"))
    spoken = {"do": "contacted", "police": "Wijkagent gebeld, gesprek mag."}
    assert person.post(f"{case}/gesprekken/politie", spoken).status_code == DONE
    page = text_of(person.get(f"{case}/gesprekken"))
    assert "Wijkagent gebeld" in page
    assert "Laat gesprekken wachten" in page


def test_the_sheet_holds_cleared_facts_and_nothing_else(site, person, case):
    given = {
        "report": site.report_id,
        "fact": ["Er is gescholden", "Het gele hek", "Nooit noemen"],
        "how": ["known", "only", ""],
    }
    assert person.post(f"{case}/gesprekken/noemen", given).status_code == DONE
    sheet = text_of(person.get(f"{case}/gesprekken/blad"))
    assert "Er is gescholden" in sheet
    for kept in ("gele hek", "Nooit noemen", STORY):
        assert kept not in sheet
    assert "gevraagd, nog geen antwoord" in text_of(person.get(f"{case}/gesprekken/noemen"))
    assert "Mag ik dit noemen in een gesprek: ‘Het gele hek’?" in text_of(person.get(f"{case}/"))


def test_a_note_is_made_changed_placed_and_remembered(person, case):
    made = person.post(
        f"{case}/registratie",
        {
            "action": "logboek-1",
            "pupil": "Noor",
            "title": "Pesten stap 1",
            "agreements": "Noor belt na.",
        },
    )
    area = text_of(made).partition('<textarea id="text"')[2].partition(">")[2]
    area = area.partition("</textarea>")[0]
    assert area.strip().startswith("Pesten stap 1")
    wrong = {"action": "logboek-1", "pupil": "Noor", "text": "Fenna zei het."}
    refused = person.post(f"{case}/registratie/geplaatst", wrong)
    assert refused.status_code == UNFIT
    assert "‘fenna’" in text_of(refused)
    right = {**wrong, "text": area.strip(), "complete": "yes"}
    assert person.post(f"{case}/registratie/geplaatst", right).status_code == DONE
    page = text_of(person.get(f"{case}/registratie"))
    assert "Pesten stap 1 · Noor" in page
    assert "pesten stap 2" in page


def test_a_plan_keeps_its_old_versions_and_prints(person, case):
    first = {"pupil": "Noor", "goal": "Rust in de pauze", "actions": "Mentor kijkt mee"}
    assert person.post(f"{case}/plan", first).status_code == DONE
    page = text_of(person.get(f"{case}/plan"))
    key = re.search(r'name="plan" value="(\w+)"', page).group(1)
    agreed = {"plan": key, "version": 1, "person": "Noor", "outcome": "agreed"}
    assert person.post(f"{case}/plan/akkoord", agreed).status_code == DONE
    assert "iedereen akkoord" in text_of(person.get(f"{case}/plan"))
    later = {"plan": key, "version": 1, "goal": "Samen lunchen"}
    later |= {"actions": "Bo gaat mee", "reason": "Werkt niet"}
    assert person.post(f"{case}/plan", later).status_code == DONE
    page = text_of(person.get(f"{case}/plan"))
    assert "Rust in de pauze" in page
    assert "nog geen akkoord van iedereen" in page
    old = text_of(person.get(f"{case}/plan/blad?plan={key}&versie=1"))
    assert "Rust in de pauze" in old
    assert "Samen lunchen" not in old


def test_colleagues_get_three_sentences_and_the_page_says_who_knows(person, case):
    long = {"pupil": "Noor", "told": "docenten 2B", "text": "Een. Twee. Drie. Vier."}
    assert "Houd het bij drie zinnen." in text_of(person.post(f"{case}/collegas", long))
    short = {**long, "text": "Ik begeleid Noor. Let op de sfeer."}
    assert person.post(f"{case}/collegas", short).status_code == DONE
    assert "Noor: docenten 2B" in text_of(person.get(f"{case}/collegas"))


def test_the_timeline_names_what_was_done_without_its_words(person, case):
    person.post(f"{case}/gesprekken/nieuw", TALK)
    page = text_of(person.get(f"{case}/"))
    assert "Gesprek: leerling om wie het gaat" in page
    assert "bij het hek" not in page
