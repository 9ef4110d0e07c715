"""Telling: every question, saving, long pauses, help at once and where details stop."""

import re

import pytest
from sqlalchemy import func, select

from portal.models import Report
from portal.services import sessions
from tests.web.reporter_site import SLUG, STORY, Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def phone(site):
    return site.phone()


def sent_reports(site):
    site.session.expire_all()
    return site.session.scalar(
        select(func.count()).select_from(Report).where(Report.status == "sent")
    )


def walk(phone, then="skip"):
    """Leave every question open until the look-over; gives the pages that came by."""
    pages = []
    while not phone.path.endswith("/nakijken"):
        pages.append(phone.path.rpartition("/")[2])
        if pages[-1] == "bestanden":
            phone.submit("bestanden/verder", {"then": then})
        else:
            phone.answer(then=then)
        assert phone.page.status == 200
    return pages


def test_a_report_with_only_a_story_arrives(site, phone):
    phone.tell()
    pages = walk(phone)
    assert pages == ["wie", "wanneer", "online", "bestanden", "eerder", "wensen", "naam"]
    phone.submit("/nakijken")
    assert phone.path == f"/{SLUG}/klaar"
    assert len(phone.code()) == 16
    assert sent_reports(site) == 1


def test_no_cookie_before_a_perspective_is_chosen(phone):
    assert "Set-Cookie" not in phone.client.get(f"/{SLUG}/").headers
    answer = phone.client.post(f"/{SLUG}/begin", data={"perspective": "subject"})
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]


def test_the_first_page_asks_what_is_kept_as_its_question(phone):
    assert "Over wie gaat het?" in phone.get("").text


@pytest.mark.parametrize(
    ("perspective", "title"),
    [
        ("subject", "Wat is er gebeurd?"),
        ("bystander", "Wat heb je gezien of gehoord?"),
        ("participant", "Wat is er gebeurd?"),
        ("parent", "Wat is er gebeurd met uw kind?"),
        ("staff", "Wat hebt u gezien of gehoord?"),
        ("unsure", "Wat is er gebeurd?"),
    ],
)
def test_each_perspective_is_asked_in_its_own_words(phone, perspective, title):
    phone.begin(perspective)
    phone.get("vraag/verhaal")
    assert title in phone.page.text


def test_a_parent_never_reads_je(phone):
    phone.tell(perspective="parent")
    own_words = re.compile(r"\b(je|jij|jouw)\b", re.IGNORECASE)
    while not phone.path.endswith("/nakijken"):
        asked = re.sub(r"<(header|footer|aside|a).*?</\1>", "", phone.page.html, flags=re.DOTALL)
        main = re.search(r"<main.*?</main>", asked, re.DOTALL).group()
        assert not own_words.search(re.sub(r"<[^>]+>", " ", main)), phone.path
        if phone.path.endswith("bestanden"):
            phone.submit("bestanden/verder")
        else:
            phone.answer(then="skip")


def test_titles_and_addresses_are_neutral(phone):
    phone.tell()
    loaded = re.compile(r"pest|meld|slachtoffer|veilig", re.IGNORECASE)
    while not phone.path.endswith("/klaar"):
        assert not loaded.search(phone.path)
        assert not loaded.search(phone.page.title)
        assert phone.response.headers["Cache-Control"] == "no-store"
        if phone.path.endswith("bestanden"):
            phone.submit("bestanden/verder")
        elif phone.path.endswith("nakijken"):
            phone.submit("/nakijken")
        else:
            phone.answer(then="skip")


def test_what_was_answered_is_shown_again_and_read_back(site, phone):
    phone.tell()
    first, second = site.class_id("1A"), site.class_id("1B")
    phone.answer(
        {
            "people-accused": "Iemand, @2b",
            "classes-subject": [first],
            "classes-accused": [first, second],
            "classes-other": ["unknown_account"],
        }
    )
    phone.get("vraag/wie")
    fields = phone.page.form("/wie")["fields"]
    assert fields["people-accused"] == "Iemand, @2b"
    assert fields["classes-accused"] == [first, second]
    phone.get("nakijken")
    assert "De klas van wie dit deed: 1A, 1B" in phone.page.text
    assert "Onbekend account" in phone.page.text


def test_unknown_and_skipped_are_different_answers(phone):
    phone.tell()
    phone.answer(then="unknown")
    phone.answer(then="skip")
    text = phone.get("nakijken").text
    assert re.search(r"Wie hebben ermee te maken\?\s+Weet ik niet", text)
    assert re.search(r"Dit sloeg je over.*Wanneer en waar was het\?", text, re.DOTALL)


@pytest.mark.parametrize("then", ["unknown", "skip"])
def test_typed_text_survives_skipping(phone, then):
    phone.tell()
    phone.answer({"people-accused": "Sanne uit 1B"}, then=then)
    assert "Sanne uit 1B" in phone.get("nakijken").text


def test_changing_a_line_returns_to_the_look_over(phone):
    phone.tell()
    walk(phone)
    phone.get("vraag/eerder")
    phone.answer({"told_before-told": "yes", "told_before-whom": "Mijn mentor"})
    assert phone.path == f"/{SLUG}/nakijken"
    assert "Aan wie: Mijn mentor" in phone.page.text


def test_the_perspective_can_be_changed_but_not_lost(phone):
    phone.tell()
    phone.get("vraag/rol")
    phone.answer({"perspective-perspective": "bystander"})
    assert phone.path == f"/{SLUG}/vraag/over"
    phone.get("vraag/rol")
    phone.post("vraag/rol", {"t": phone.page.form("/rol")["fields"]["t"]})
    assert "Ik zag het of hoorde het" in phone.get("nakijken").text


def test_choosing_again_at_the_door_keeps_the_story(phone):
    phone.tell()
    phone.begin("bystander")
    assert phone.path == f"/{SLUG}/vraag/over"
    assert STORY[:20] in phone.get("vraag/verhaal").html


def test_who_begins_after_a_long_pause_sees_nothing_of_who_was_there(site, phone):
    phone.tell()
    site.clock.forward(minutes=11)
    phone.begin("subject")
    assert phone.page.form("/verhaal")["fields"]["story-story"] == ""


def test_more_places_online_are_kept_in_order(phone):
    phone.tell()
    phone.get("vraag/online")
    first = {"online-happened": "yes", "online-incidents-0-account": "@een"}
    phone.answer({**first, "online-incidents-0-platform": "snapchat"}, then="again")
    assert phone.path.endswith("/online")
    phone.answer(
        {"online-incidents-1-account": "@twee", "online-incidents-1-when-day": "2026-11-13"}
    )
    text = phone.get("nakijken").text
    assert "Snapchat, @een" in text
    assert "@twee, 13-11-2026" in text


@pytest.mark.parametrize("story", ["", "   \r\n\t "])
def test_an_empty_story_gets_a_clear_answer_and_keeps_the_rest(phone, story):
    phone.begin()
    page = phone.answer({"story-story": story, "safety-now": "yes"})
    assert page.status == 400
    assert "Schrijf eerst op wat er is gebeurd." in page.text
    assert page.title.startswith("Fout: ")
    assert page.form("/verhaal")["fields"]["safety-now"] == ["yes"]


@pytest.mark.parametrize("character", ["x", "😢"])
def test_a_story_of_200_000_characters_is_accepted(phone, character):
    story = character * 200_000
    phone.tell(story)
    assert phone.path == f"/{SLUG}/vraag/wie"
    assert phone.get("vraag/verhaal").form("/verhaal")["fields"]["story-story"] == story
    phone.send()
    assert phone.path == f"/{SLUG}/klaar"


def test_a_longer_story_is_refused_with_every_character_still_there(phone):
    phone.begin()
    page = phone.answer({"story-story": "x" * 200_001})
    assert page.status == 400
    assert "te lang" in page.text
    assert page.form("/verhaal")["fields"]["story-story"] == "x" * 200_001


def test_line_ends_of_browsers_do_not_count_twice(phone):
    assert phone.tell("a\r\n" * 100_000).status == 200


def test_markup_in_a_story_stays_text(phone):
    phone.tell("<script>alert(1)</script>\n</textarea><b>x")
    page = phone.get("vraag/verhaal")
    assert "<script>alert" not in page.html
    assert (
        page.form("/verhaal")["fields"]["story-story"]
        == "<script>alert(1)</script>\n</textarea><b>x"
    )


def test_after_ten_minutes_no_page_shows_typed_text_until_go_on(site, phone):
    phone.tell()
    for path in ("vraag/verhaal", "vraag/wie", "bestanden", "bestanden/beschrijf", "nakijken"):
        site.clock.forward(minutes=11)
        page = phone.get(path)
        assert STORY[:20] not in page.html
        assert page.form("/hier")["buttons"] == [("then", "go"), ("then", "wipe")]
        phone.submit("/hier", {"then": "go"})
        assert phone.path == f"/{SLUG}/{path}"
        assert phone.page.status == 200
    assert STORY[:20] in phone.page.html


def test_wiping_after_a_pause_destroys_the_draft(site, phone):
    phone.tell()
    site.clock.forward(minutes=11)
    phone.get("vraag/wie")
    phone.submit("/hier", {"then": "wipe"})
    assert phone.path == f"/{SLUG}/"
    assert phone.get("vraag/verhaal").status == 410
    site.session.expire_all()
    assert site.session.scalar(select(func.count()).select_from(Report)) == 0


def test_an_answer_that_comes_after_an_hour_is_saved(site, phone):
    phone.begin()
    site.clock.forward(minutes=60)
    phone.answer({"story-story": "Getypt voor de pauze."})
    assert phone.path == f"/{SLUG}/vraag/wie"
    phone.get("vraag/verhaal")
    assert "Getypt voor de pauze." in phone.page.html


def test_going_on_leads_only_into_this_site(site, phone):
    phone.tell()
    site.clock.forward(minutes=11)
    phone.get("vraag/wie")
    for target in ("https://elders.example/", "//elders.example/", f"/{SLUG}/\\elders.example"):
        token = phone.page.form("/hier")["fields"]["t"]
        body = {"t": token, "then": "go", "back": target}
        answer = phone.client.post(f"/{SLUG}/hier", data=body)
        assert answer.headers["Location"] == f"/{SLUG}/vraag/verhaal"


def test_a_form_after_the_session_ended_shows_what_was_typed_and_begins_anew_with_it(site, phone):
    phone.begin()
    site.clock.forward(hours=3)
    page = phone.answer({"story-story": STORY})
    assert page.status == 410
    assert STORY[:20] in page.html
    phone.submit("/begin")
    assert phone.path == f"/{SLUG}/vraag/verhaal"
    assert phone.page.form("/verhaal")["fields"]["story-story"] == STORY


def test_only_texts_are_shown_again_and_all_of_them_go_into_the_new_story(site, phone):
    phone.tell()
    site.clock.forward(hours=3)
    given = {"people-accused": "Iemand", "people-witnesses": "Li", "classes-other": ["unknown"]}
    page = phone.answer({**given, "classes-subject": [site.class_id("1A")]})
    assert set(page.form("/begin")["fields"]) == {
        "perspective",
        "people-accused",
        "people-witnesses",
    }
    phone.submit("/begin")
    assert phone.page.form("/verhaal")["fields"]["story-story"] == "Iemand\n\nLi"


@pytest.mark.parametrize("token", ["", "x" * 64])
def test_a_body_without_its_token_is_refused_and_shown_again(phone, token):
    phone.begin()
    page = phone.answer({"story-story": STORY, "t": token})
    assert page.status == 400
    assert STORY[:20] in page.html
    assert phone.get("vraag/verhaal").form("/verhaal")["fields"]["story-story"] == ""


def test_a_form_of_another_site_is_refused_and_not_shown(phone):
    phone.begin()
    page = phone.answer({"story-story": STORY})
    page = phone.post(
        "vraag/verhaal", {"story-story": STORY}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert page.status == 403
    assert STORY[:20] not in page.html


def test_a_page_after_its_session_is_calm_and_says_what_to_do(phone):
    phone.client.set_cookie("v", "long-over")
    page = phone.get("vraag/wie")
    assert page.status == 410
    assert f"/{SLUG}/" in page.links
    assert f"/{SLUG}/verder" in page.links


@pytest.mark.parametrize(
    ("tick", "number"), [("now", "112"), ("suicide", "113"), ("sexual", "0800-0188")]
)
def test_a_tick_brings_help_at_once_and_blocks_nothing(phone, tick, number):
    phone.begin()
    page = phone.answer({"story-story": STORY, f"safety-{tick}": "yes"})
    assert page.status == 200
    assert number in page.text.partition("</main>")[0]
    assert "schooldagen" in page.text
    assert phone.send().status == 200


def test_words_bring_help_on_the_next_page_also_misspelt(phone):
    page = phone.tell("ik wil egt nie meer leeven")
    assert "Hier kun je nu terecht" in page.text
    assert "113" in page.text


def test_help_is_on_every_page_before_anything_was_said(phone):
    phone.begin()
    assert "Nu gevaar, of wil je niet meer leven?" in phone.page.text
    for path in ("bestanden", "nakijken"):
        phone.get(path)
        assert f"/{SLUG}/vraag/nu" in phone.page.links
    phone.get("vraag/nu")
    phone.answer({"safety-suicide": "yes"})
    assert "113" in phone.page.text


def test_where_sexual_violence_is_told_no_details_are_asked(phone):
    page = phone.tell("Hij heeft me aangerand.")
    assert phone.path == f"/{SLUG}/vraag/genoeg"
    assert "Je hoeft niets meer te vertellen." in page.text
    assert "0800-0188" in page.text
    phone.submit("/genoeg", {"then": "send"})
    assert phone.path == f"/{SLUG}/nakijken"
    assert "In welke klassen zitten zij?" not in phone.page.text
    phone.submit("/nakijken")
    assert phone.path == f"/{SLUG}/klaar"


def test_who_wants_to_go_on_after_that_is_asked_everything(phone):
    phone.tell("Hij heeft me aangerand.")
    phone.submit("/genoeg", {"then": "more"})
    assert walk(phone) == ["wie", "wanneer", "online", "bestanden", "eerder", "wensen", "naam"]


def test_an_unknown_page_or_perspective_is_no_error_of_ours(phone):
    assert phone.post("begin", {"perspective": "x"}).status == 400
    phone.begin()
    assert phone.get("vraag/niets").status == 404


def test_a_closed_school_begins_no_draft(site, phone):
    site.school_row().opened_at = None
    site.session.commit()
    phone.begin()
    assert phone.path == f"/{SLUG}/"


def test_two_schools_do_not_share_a_draft(site, phone):
    phone.tell()
    assert phone.client.get("/elders/vraag/verhaal").status_code == 404


def test_a_draft_session_lasts_two_hours(site, phone):
    phone.tell()
    site.clock.forward(seconds=sessions.LIFETIME[sessions.DRAFT].total_seconds() - 1)
    assert phone.get("vraag/wie").status == 200
    site.clock.forward(seconds=2)
    assert phone.get("vraag/wie").status == 410
