"""Keeping without sending: the code, dated entries, files, the list, wiping, and sending it all."""

import io
import re

import pytest
from sqlalchemy import func, select

from portal.models import Case, EvidenceItem, Report
from portal.services import cases, diary
from tests.web.reporter_site import SLUG, STORY, Site

TEXT = "Mijn fiets lag weer in de sloot."


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def phone(site):
    """A phone that kept what it told, and noted the code."""
    phone = site.phone()
    phone.tell()
    phone.get("vraag/wie")
    phone.answer({"people-accused": "@2b"}, then="to:schrift")
    phone.submit("/schrift/bewaar")
    phone.kept_code = phone.code()
    phone.submit("/schrift/code")
    return phone


def come_back(site, code):
    other = site.phone()
    other.get("verder")
    other.submit("/verder", {"code": code})
    return other


def note(phone, text=TEXT, **more):
    phone.get("schrift")
    return phone.submit("/schrift", {"text": text, **more})


def count(site, model):
    site.session.expire_all()
    return site.session.scalar(select(func.count()).select_from(model))


def test_every_page_of_a_draft_offers_to_keep_it_and_saves_first(site):
    phone = site.phone()
    phone.begin()
    assert ("then", "to:schrift") in phone.page.form("/verhaal")["buttons"]
    phone.answer({"story-story": "Half"}, then="to:schrift")
    assert phone.path == f"/{SLUG}/schrift/bewaar"
    assert "180 dagen" in phone.page.text
    for page in ("bestanden", "nakijken"):
        assert f"/{SLUG}/schrift/bewaar" in phone.get(page).links
    page = phone.get("vraag/verhaal")
    assert page.form("/verhaal")["fields"]["story-story"] == "Half"


def test_the_front_page_leads_to_keeping_without_a_story(site):
    phone = site.phone()
    assert f"/{SLUG}/schrift/begin" in phone.get("").html
    phone.post("schrift/begin", {})
    assert phone.path == f"/{SLUG}/schrift/bewaar"
    phone.submit("/schrift/bewaar")
    assert phone.path == f"/{SLUG}/schrift/code"
    assert len(phone.code()) == 16


def test_the_code_is_shown_until_it_was_noted_and_keeping_twice_makes_one(site):
    phone = site.phone()
    phone.tell()
    phone.get("schrift/bewaar")
    form = phone.page.form("/schrift/bewaar")
    phone.submit("/schrift/bewaar")
    first = phone.code()
    phone.post(form["action"], form["fields"])
    assert phone.code() == first
    phone.submit("/schrift/code")
    assert first not in phone.page.html
    phone.get("schrift/code")
    assert phone.path == f"/{SLUG}/schrift"
    assert site.session.scalars(select(Report)).one().status == "diary"


def test_another_phone_goes_on_with_the_code_and_sees_what_was_told(site, phone):
    other = come_back(site, phone.kept_code)
    assert other.path == f"/{SLUG}/schrift"
    assert other.get("vraag/verhaal").form("/verhaal")["fields"]["story-story"] == STORY


def test_an_entry_stands_there_with_both_dates_and_cannot_be_changed(site, phone):
    page = note(phone, day="2026-11-13", time="21:07", precision="exact")
    assert phone.path == f"/{SLUG}/schrift"
    assert "Opgeschreven op dinsdag 17 november 2026 om 9.31 uur." in page.text
    assert "Gebeurde op vrijdag 13 november 2026 om 21.07 uur, precies." in page.text
    again = come_back(site, phone.kept_code).page
    assert TEXT in again.html
    fields = [form["fields"] for form in again.forms]
    assert not any(TEXT in str(given) for given in fields)
    assert not any(name == "remove" for form in again.forms for name, _ in form["buttons"])


@pytest.mark.parametrize(
    ("day", "time", "said"),
    [
        ("2026-11-13", "", "Gebeurde rond vrijdag 13 november 2026."),
        ("2026-11-13", "21:07", "ongeveer om 21.07 uur"),
        ("2026-13-45", "99:99", "Wanneer het gebeurde, staat er niet bij."),
    ],
)
def test_an_inexact_or_impossible_moment_is_said_as_it_is(phone, day, time, said):
    assert said in note(phone, day=day, time=time).text


def test_an_empty_entry_is_refused_and_a_long_one_kept_in_the_field(phone):
    assert note(phone, text="  ").status == 400
    page = note(phone, text="x" * (diary.TEXT_LIMIT + 1), day="2026-11-13")
    assert page.status == 400
    assert page.form("/schrift")["fields"]["day"] == "2026-11-13"
    assert len(page.form("/schrift")["fields"]["text"]) == diary.TEXT_LIMIT + 1


def test_a_file_goes_to_its_entry_after_the_question(site, phone):
    note(phone, then="files")
    assert phone.path == f"/{SLUG}/schrift/bestanden"
    assert 'type="file"' not in phone.page.html
    assert TEXT in phone.page.text
    phone.submit("/vraag", {"intimate": "no"})
    files = [(io.BytesIO(b"natte tas"), "sloot.jpg")]
    phone.submit("schrift/bestanden", {"files": files}, content_type="multipart/form-data")
    assert phone.path == f"/{SLUG}/schrift"
    entry = re.search(r"<article.*?</article>", phone.page.html, re.DOTALL).group()
    assert "sloot.jpg" in entry
    assert count(site, EvidenceItem) == 1


def test_an_intimate_file_leads_to_help_in_the_diary_too(phone):
    note(phone, then="files")
    page = phone.submit("/vraag", {"intimate": "unsure"})
    assert "Stuur die foto niet naar ons" in page.text
    assert 'type="file"' not in page.html


def test_words_of_danger_bring_help_now_and_when_one_comes_back(site, phone):
    assert "Hier kun je nu terecht" in note(phone, text="ik wil niet meer leven").text
    other = come_back(site, phone.kept_code)
    assert "Kan het niet wachten?" in other.page.text
    assert "113" in other.page.text


def test_the_list_can_be_saved_under_a_neutral_name_and_warns_first(phone):
    note(phone, text='Ze zeiden "dikke" & <b>lachten</b>', day="2026-11-13")
    page = phone.get("schrift/lijst")
    assert "blijft op je telefoon" in page.text
    assert page.html.index("blijft op je telefoon") < page.html.index("lijst.txt")
    response = phone.client.get(f"/{SLUG}/schrift/lijst.txt")
    text = response.get_data(as_text=True)
    assert response.headers["Content-Disposition"] == 'attachment; filename="notities.txt"'
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert 'Ze zeiden "dikke" & <b>lachten</b>' in text
    assert "Opgeschreven op dinsdag 17 november 2026 om 9.31 uur." in text
    assert "Lindecollege" not in text


def test_after_ten_minutes_nothing_is_shown_and_closing_keeps_it(site, phone):
    note(phone)
    site.clock.forward(minutes=11)
    for path in ("schrift", "schrift/lijst", "schrift/bestanden", "schrift/weg"):
        page = phone.get(path)
        assert TEXT not in page.html
    assert TEXT not in phone.client.get(f"/{SLUG}/schrift/lijst.txt").get_data(as_text=True)
    phone.submit("/hier", {"then": "wipe"})
    assert TEXT in come_back(site, phone.kept_code).page.html


def test_leaving_in_a_hurry_keeps_it_too(site, phone):
    phone.client.post(f"/{SLUG}/weg")
    assert phone.client.get(f"/{SLUG}/schrift").status_code in {303, 410}
    assert come_back(site, phone.kept_code).path == f"/{SLUG}/schrift"


def test_beginning_anew_on_the_front_page_leaves_the_diary_as_it_is(site, phone):
    phone.begin("other")
    assert count(site, Report) == 2
    other = come_back(site, phone.kept_code)
    assert other.get("vraag/verhaal").form("/verhaal")["fields"]["story-story"] == STORY


def test_wiping_is_asked_first_and_final(site, phone):
    note(phone)
    page = phone.get("schrift/weg")
    assert "Dit kan niet terug." in page.text
    phone.submit("/schrift/weg")
    assert phone.path == f"/{SLUG}/gewist"
    assert count(site, Report) == 0
    assert come_back(site, phone.kept_code).page.status == 400


def test_sent_as_a_whole_with_entries_and_no_story(site):
    phone = site.phone()
    phone.post("schrift/begin", {})
    phone.submit("/schrift/bewaar")
    code = phone.code()
    note(phone, day="2026-11-13")
    phone.get("vraag/rol")
    phone.answer({"perspective-perspective": "subject"})
    assert phone.path == f"/{SLUG}/vraag/verhaal"
    phone.answer({"story-story": ""})
    assert phone.path != f"/{SLUG}/vraag/verhaal"
    page = phone.get("nakijken")
    assert TEXT in page.text
    assert "Mevrouw Vos" in page.text
    phone.submit("/nakijken")
    assert phone.path == f"/{SLUG}/klaar"
    assert "Je code blijft dezelfde" in phone.page.text
    other = come_back(site, code)
    assert other.path == f"/{SLUG}/gesprek"
    assert TEXT in other.page.text
    case = site.session.scalars(select(Case)).one()
    seen = cases.show(site.session, actor=site.actors["VOS"], case_id=case.id, now=site.clock())
    assert [entry.text for entry in seen.reports[0].entries] == [TEXT]


def test_a_stranger_reaches_no_page_of_it(site, phone):
    stranger = site.phone()
    stranger.tell()
    for path in ("schrift", "schrift/lijst", "schrift/lijst.txt", "schrift/weg", "schrift/code"):
        response = stranger.client.get(f"/{SLUG}/{path}", follow_redirects=True)
        assert TEXT not in response.get_data(as_text=True)
        assert response.request.path == f"/{SLUG}/schrift/bewaar"
