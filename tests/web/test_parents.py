"""Parents: what they are told, several children, u from the first page to the receipt and back."""

import re
import tomllib

import pytest
from sqlalchemy import select

from portal import data
from portal.config import PROJECT_ROOT
from portal.domain.protocol import squeeze
from portal.models import Case, CustodyEvent
from tests.services import world as told
from tests.web.desk_site import copy_of_site
from tests.web.reporter_site import SLUG, STORY, Site

SEEDS = PROJECT_ROOT / "tests" / "vectors" / "seeds"
OWN_WORDS = re.compile(r"\b(je|jij|jou|jouw|jullie)\b", re.IGNORECASE)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def phone(site):
    return site.phone()


def words(page):
    """What a parent reads of a page, without the part that is everybody's."""
    main = re.search(r"<main.*?</main>.*?(?=<footer|</body>)", page.html, re.DOTALL).group()
    # The titles of help lines are everybody's.
    return re.sub(r"<[^>]+>", " ", re.sub(r'<ul class="lines">.*?</ul>', "", main, flags=re.DOTALL))


def begin(phone):
    phone.get("ouders")
    return phone.submit("/begin", {"perspective": "parent"})


def test_the_front_page_leads_parents_to_a_page_of_their_own(phone):
    assert f"/{SLUG}/ouders" in phone.get("").links


def test_the_page_for_parents_says_what_they_ask_for(phone):
    text = squeeze(phone.get("ouders").text)
    for line in (
        "School antwoordt binnen 2 schooldagen",
        "Tot dan vertelt school niets over uw kind",
        "Dit doet school wel",
        "Dit doet school niet",
        "U leest elkaars melding niet",
        "Een melding is nog geen bewijs",
        "Elke school heeft een klachtenregeling",
    ):
        assert line in text, line
    for signal in data.for_parents()["signal"]:
        assert signal["text"] in text
    assert not OWN_WORDS.search(words(phone.page))


def test_every_advice_that_names_a_line_rests_on_it():
    """The list of signals is as long as the school's, and advice points to a line with words."""
    seed = (SEEDS / "oostpoort.txt").read_text("utf-8").split("\n")
    listed = [line for line in seed[115:141] if line.strip().startswith("•")]
    assert len(data.for_parents()["signal"]) == len(listed)
    for group in ("home", "other_side"):
        for point in data.for_parents()[group]:
            if point["source"] != "portal":
                assert seed[point["line"] - 1].strip(), point


def test_facts_of_law_are_dated_and_have_a_source():
    table = tomllib.loads((PROJECT_ROOT / "portal/data/parents.toml").read_text("utf-8"))
    assert all(right["source"] and right["checked_on"] for right in table["rights"])


def test_several_children_are_told_and_each_class_counts_for_the_way(site, phone):
    begin(phone)
    assert phone.path.endswith("/vraag/over")
    first = {
        "children-children-0-name": "Sanne",
        "children-children-0-classes": site.class_id("1A"),
    }
    phone.answer(first, then="again")
    assert phone.page.html.count('name="children-children-1-name"') == 1
    second = {
        "children-children-1-name": "Teun",
        "children-children-1-classes": site.class_id("1B"),
    }
    phone.answer({**first, **second})
    phone.answer({"story-story": STORY})
    phone.get("nakijken")
    assert "Sanne, 1A" in phone.page.text
    assert "Teun, 1B" in phone.page.text
    assert "Mevrouw Bakker" in phone.page.text or "Mevrouw Vos" in phone.page.text
    phone.get("vraag/wie")
    assert 'name="classes-subject"' not in phone.page.html
    assert 'name="classes-accused"' in phone.page.html


def test_a_class_that_is_none_of_the_schools_is_not_taken(phone):
    begin(phone)
    phone.answer({"children-children-0-name": "Sanne", "children-children-0-classes": "9Z"})
    phone.get("vraag/over")
    assert "9Z" not in phone.page.html


def test_every_page_of_a_parent_says_u(phone):
    begin(phone)
    phone.answer()
    phone.answer({"story-story": STORY})
    seen = set()
    while not phone.path.endswith("/nakijken"):
        seen.add(phone.path)
        assert not OWN_WORDS.search(words(phone.page)), (phone.path, words(phone.page))
        phone.submit("bestanden/verder") if phone.path.endswith("bestanden") else phone.answer(
            then="skip"
        )
    assert len(seen) > 5
    assert not OWN_WORDS.search(words(phone.page))
    phone.send()
    assert not OWN_WORDS.search(words(phone.page)), words(phone.page)
    code = phone.code()
    phone.get("ouders")
    phone.submit("/verder", {"code": code})
    assert phone.path.endswith("/gesprek")
    assert "School gaat eerst na wie u bent." in phone.page.text
    assert not OWN_WORDS.search(words(phone.page)), words(phone.page)


@pytest.fixture
def desk(tmp_path):
    """A desk with a parent's report in a case of its own."""
    site = copy_of_site(tmp_path)
    with site.factory() as session:
        answers = told.answers(site.here, perspective="parent")
        told.send(site.here, session, told.begin(site.here, session, answers, perspective="parent"))
        others = select(Case.id).where(Case.id != site.case_id)
        site.parent_case = session.scalars(others.order_by(Case.opened_at.desc())).first()
    return site


def test_a_parent_counts_as_unknown_until_staff_noted_how_they_checked(desk):
    person = desk.log_in(desk.mentor)
    path = f"/zaken/{desk.parent_case}/"
    page = person.get(path).text
    assert "ouder: nog niet gecontroleerd" in page
    assert "Schrijf niets over een leerling" in page
    report = re.search(r'name="report" value="(\w+)"', page)[1]
    done = person.post(f"/zaken/{desk.parent_case}/ouder", {"report": report, "how": "phone"})
    assert done.status_code == 303
    page = person.get(path).text
    assert "ouder: gebeld op het nummer van school" in page
    assert "Schrijf niets over een leerling" not in page
    assert "nog niet gecontroleerd" not in page
    with desk.factory() as session:
        logged = session.scalars(
            select(CustodyEvent).where(CustodyEvent.kind == "parent:checked")
        ).one()
        assert logged.case_id == desk.parent_case
        assert "phone" not in logged.public


def test_somebody_who_is_not_the_parent_stays_marked(desk):
    person = desk.log_in(desk.mentor)
    path = f"/zaken/{desk.parent_case}"
    report = re.search(r'name="report" value="(\w+)"', person.get(f"{path}/").text)[1]
    person.post(f"{path}/ouder", {"report": report, "how": "in_person"})
    person.post(f"{path}/ouder", {"report": report, "how": "not_parent"})
    page = person.get(f"{path}/").text
    assert "niet de ouder" in page
    assert "Schrijf niets over een leerling" in page


@pytest.mark.parametrize("given", [{"how": "guess"}, {}, {"how": "phone", "report": "x" * 26}])
def test_a_check_that_is_none_is_not_noted(desk, given):
    person = desk.log_in(desk.mentor)
    path = f"/zaken/{desk.parent_case}"
    report = re.search(r'name="report" value="(\w+)"', person.get(f"{path}/").text)[1]
    assert person.post(f"{path}/ouder", {"report": report, **given}).status_code in (400, 404)
    assert "nog niet gecontroleerd" in person.get(f"{path}/").text


def test_who_cannot_read_the_case_notes_nothing(desk):
    other = desk.log_in(desk.here.mentor_of("3B"))
    answer = other.post(f"/zaken/{desk.parent_case}/ouder", {"report": "x", "how": "phone"})
    assert answer.status_code == 404


def test_a_pupils_case_asks_for_no_parent(desk):
    page = desk.log_in(desk.mentor).get(f"/zaken/{desk.case_id}/").text
    assert "nog niet gecontroleerd" not in page
    assert "/ouder" not in page


def test_no_help_line_beside_a_parents_form_says_je(phone):
    phone.begin("parent")
    aside = phone.page.html.partition("<aside>")[2].partition("</aside>")[0]
    assert "113" in aside
    assert not re.search(r"\b(je|jou|jouw)\b", re.sub(r"<[^>]+>", " ", aside))
