"""The public page of every protocol: five steps that the school's own text says, for pupils."""

import re

import pytest

from portal import data, protocols
from portal.config import PROJECT_ROOT
from portal.domain.protocol import quote_line, squeeze
from portal.models import School
from portal.services import transaction
from tests.web.reporter_site import SLUG, Page, Site

SEEDS = PROJECT_ROOT / "tests" / "vectors" / "seeds"
KEYS = ("borgen", "cals", "de-route", "handelingskaart", "oostpoort")
LONGEST_SENTENCE = 12
FORBIDDEN = re.compile(r"(?i)slachtoffer|dader|\bpester|gepeste\b|helaas|!|\bwis\b|verwijder")


def seed(name):
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return file.read()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("about"))


def page_of(site, key):
    school = site.session.get_one(School, site.founded.school.id)
    school.protocol_key = key
    transaction.commit(site.session)
    return Page(site.app.test_client().get(f"/{SLUG}/zo-werkt-het"))


@pytest.mark.parametrize("key", KEYS)
def test_the_page_shows_five_steps_that_stand_in_the_schools_text(site, key):
    page = page_of(site, key)
    steps = data.how_it_works().steps(protocols.load(key))
    assert len(steps) == 5
    text = squeeze(page.text)
    for number, step in enumerate(steps, 1):
        assert f"{step.title} {step.text}" in text
        assert step.because, step.title
        assert f"regel {', '.join(map(str, step.lines))}" in text, number
        for sentence in step.because:
            source = seed(sentence.file)
            assert quote_line(sentence.quote, source, sentence.line) == sentence.line, sentence
    assert page.html.count('class="scene') == 5


@pytest.mark.parametrize("key", KEYS)
def test_its_words_are_for_pupils(site, key):
    text = page_of(site, key).text
    assert not FORBIDDEN.search(text), FORBIDDEN.search(text)
    points = [*data.how_it_works().steps(protocols.load(key)), *data.how_it_works().tips()]
    for point in points:
        for sentence in re.split(r"[.?:]", f"{point.title}. {point.text}"):
            assert len(sentence.split()) <= LONGEST_SENTENCE, sentence


def test_tips_keep_first_and_block_later_and_rest_on_the_seed():
    tips = data.how_it_works().tips()
    assert [tip.title for tip in tips[:2]] == ["Bewaar het eerst", "Blokkeer daarna pas"]
    for sentence in (one for tip in tips for one in tip.because):
        assert quote_line(sentence.quote, seed(sentence.file), sentence.line) == sentence.line


def test_a_protocol_without_words_of_its_own_gets_five_steps_with_its_own_sentences():
    tables = protocols.load_tables("cals") | {"key": "eigen", "name": "Een eigen protocol"}
    steps = data.how_it_works().steps(protocols.parse_protocol(tables))
    assert len(steps) == 5
    source = seed("cals.txt")
    for step in steps:
        assert not FORBIDDEN.search(f"{step.title} {step.text}")
        for sentence in step.because:
            assert sentence.file == "portal" or quote_line(sentence.quote, source, sentence.line)
    assert steps[0].role == "mentor"
    assert steps[-1].because[0].line == 78  # the four weeks


def test_each_class_shows_its_own_people_without_a_script(site):
    page = page_of(site, "cals")
    folds = re.findall(r"<summary>(1[AB])</summary>(.*?)</details>", page.html, re.DOTALL)
    people = {name: re.findall(r"<b>(?:<bdi>)?([^<]+)<", inside) for name, inside in folds}
    assert people["1A"][0] == "Mevrouw Bakker"
    assert people["1B"][0] == "Meneer De Wit"
    assert "Mevrouw Vos" in people["1A"]
    assert "Meneer De Wit" not in people["1A"]


def test_the_page_answers_what_pupils_fear(site):
    text = squeeze(page_of(site, "cals").text)
    for line in (
        "Melden is geen klikken",
        "Wordt het dan erger?",
        "Je antwoord komt binnen 2 schooldagen",
        "Je kunt melden zonder naam",
        "Dit doet school niet",
    ):
        assert line in text, line


def test_the_front_page_leads_there(site):
    assert f"/{SLUG}/zo-werkt-het" in Page(site.app.test_client().get(f"/{SLUG}/")).links


EVERYBODYS = ["hulp", "zo-werkt-het", "gegevens", "toegankelijkheid"]
FAMILIAR = re.compile(r"\b(je|jij|jou|jouw|jezelf|jullie)\b", re.IGNORECASE)


def read_as(phone, page):
    """The words of a page without the names of the help lines, which are not ours."""
    found = phone.get(page)
    assert found.status == 200
    main = re.sub(r'<ul class="lines">.*?</ul>', "", found.html, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", main.partition("<main")[2].partition("<footer")[0])


@pytest.mark.parametrize("page", EVERYBODYS)
def test_parents_are_addressed_with_u_on_the_pages_for_everybody(site, page):
    phone = site.phone()
    phone.get("ouders")
    assert f'value="to:ouders/{page}"' in phone.page.html  # a press, so that a typed code stays
    assert FAMILIAR.findall(read_as(phone, f"ouders/{page}")) == []
    assert f"/{SLUG}/ouders/hulp" in phone.page.links  # and they stay on that path
    phone.begin("parent")
    assert not FAMILIAR.search(read_as(phone, page))
    phone.get("vraag/verhaal")
    phone.answer({"story-story": "Mijn dochter slaapt slecht."})
    phone.send()
    code = phone.code()
    assert not FAMILIAR.search(read_as(phone, page))
    back = site.phone()
    back.get("verder")
    back.submit("/verder", {"code": code})
    assert not FAMILIAR.search(read_as(back, page))


@pytest.mark.parametrize("page", EVERYBODYS)
def test_pupils_are_addressed_with_je_there(site, page):
    phone = site.phone()
    assert FAMILIAR.search(read_as(phone, page))
    phone.begin("subject")
    assert FAMILIAR.search(read_as(phone, page))


@pytest.mark.parametrize("key", KEYS)
def test_the_steps_for_parents_say_as_much_and_no_je(key):
    texts = data.how_it_works()
    formal = [*texts.steps(protocols.load(key), formal=True), *texts.tips(formal=True)]
    familiar = [*texts.steps(protocols.load(key)), *texts.tips()]
    for one, other in zip(formal, familiar, strict=True):
        assert (one.because, one.picture) == (other.because, other.picture)
        said = f"{one.title}. {one.text}"
        assert not FAMILIAR.search(said), said
        assert not FORBIDDEN.search(said), said
        for sentence in re.split(r"[.?:]", said):
            assert len(sentence.split()) <= LONGEST_SENTENCE, sentence


@pytest.mark.parametrize("key", KEYS)
def test_wherever_parents_hear_of_it_the_pupil_is_asked_first(key):
    for step in data.how_it_works().steps(protocols.load(key)):
        if re.search(r"belt ook de ouders|[Oo]uders horen", step.text):
            asked = re.search(
                r"overlegt je mentor eerst met jou|na overleg met jou|"
                r"Eerst praat school erover met jou",
                step.text,
            )
            assert asked, step.text
