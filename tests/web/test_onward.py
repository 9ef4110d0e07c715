"""Links beside typed text: none of them loses it, and the pages at the foot lead back to it."""

import pytest

from tests.web.reporter_site import SLUG, Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, smtp_host="127.0.0.1")


@pytest.fixture
def phone(site):
    return site.phone()


@pytest.fixture
def diary(phone):
    phone.post("schrift/begin", {})
    phone.submit("/schrift/bewaar")
    phone.submit("/schrift/code")
    return phone


@pytest.mark.parametrize("there", ["zo-werkt-het", "gegevens", "toegankelijkheid", "hulp"])
def test_a_half_told_story_survives_the_links_at_the_foot(phone, there):
    phone.begin()
    assert f'value="to:{there}"' in phone.page.html
    assert f'href="/{SLUG}/{there}"' not in phone.page.html
    phone.answer({"story-story": "Half verh"}, f"to:{there}")
    assert phone.path == f"/{SLUG}/{there}"
    back = next(link for link in phone.page.links if "/vraag/" in link)
    page = phone.get(back)
    assert page.form("/vraag/verhaal")["fields"]["story-story"] == "Half verh"


def test_the_links_at_the_foot_ask_for_no_story(phone):
    phone.begin()
    phone.answer({}, "to:hulp")
    assert phone.path == f"/{SLUG}/hulp"


def test_who_began_nothing_is_led_back_nowhere(phone):
    page = phone.get("hulp")
    assert not [link for link in page.links if "/vraag/" in link or "/gesprek" in link]


def test_after_sending_the_way_back_is_the_receipt(phone):
    phone.tell()
    phone.send()
    assert f"/{SLUG}/klaar" in phone.get("hulp").links


def test_a_button_goes_only_to_pages_that_are_known(phone):
    phone.begin()
    phone.answer({"story-story": "Een verhaal"}, "to:/elders.example")
    assert phone.path.startswith(f"/{SLUG}/vraag/")


@pytest.mark.parametrize("there", ["schrift/lijst", "schrift/weg", "hulp"])
def test_an_entry_that_was_not_saved_yet_stands_there_again(diary, there):
    given = {"text": "Half geschreven", "day": "2026-11-13", "then": f"to:{there}"}
    diary.submit("/schrift", given)
    assert diary.path == f"/{SLUG}/{there}"
    page = diary.get("schrift")
    assert page.form("/schrift")["fields"]["text"] == "Half geschreven"
    assert page.form("/schrift")["fields"]["day"] == "2026-11-13"
    page = diary.submit("/schrift")
    assert page.form("/schrift")["fields"]["text"] == ""


def test_a_file_to_an_earlier_entry_keeps_the_new_one(diary):
    page = diary.submit("/schrift", {"text": "Eerste"})
    name, entry = page.taps("/schrift/bij")[0]
    fields = page.form("/schrift")["fields"]
    diary.post("schrift/bij", {**fields, "text": "Tweede, half", name: entry})
    assert diary.path == f"/{SLUG}/schrift/bestanden"
    assert diary.get("schrift").form("/schrift")["fields"]["text"] == "Tweede, half"


def test_sending_everything_takes_along_what_is_typed(diary):
    diary.submit("/schrift", {"text": "Eerste"})
    diary.submit("/schrift", {"text": "Tweede", "then": "to:vraag/rol"})
    assert diary.path == f"/{SLUG}/vraag/rol"
    page = diary.get("schrift")
    assert "Tweede" in page.text
    assert page.form("/schrift")["fields"]["text"] == ""


@pytest.mark.parametrize("page", ["verder", "ouders"])
def test_a_code_that_would_end_an_unsent_story_is_asked_with_a_warning(phone, page):
    phone.begin()
    assert "Hier staat nog een verhaal open." not in phone.get(page).text
    phone.get("vraag/verhaal")
    phone.answer({"story-story": "Nog niet af"})
    assert "Hier staat nog een verhaal open." in phone.get(page).text
    assert f"/{SLUG}/schrift/bewaar" in phone.page.links
    phone.send()
    assert "Hier staat nog een verhaal open." not in phone.get(page).text


def test_a_kept_story_is_lost_to_no_code(diary):
    assert "Hier staat nog een verhaal open." not in diary.get("verder").text


@pytest.fixture
def back(site, phone):
    """Who sent it and came back with the code."""
    phone.tell()
    phone.send()
    back = site.phone()
    back.get("verder")
    back.submit("/verder", {"code": phone.code()})
    return back


HALF = {
    "gesprek/wacht": {"text": "Eerst wil ik"},
    "gesprek/naam": {"who": "persons", "name": "Wolkje Zon", "contact": "pauze bij de kluisjes"},
    "gesprek/mail": {"address": "wolkje@post.exam"},
}


@pytest.mark.parametrize("away", ["to:hulp", "to:zo-werkt-het", "to:gesprek", "taal:en"])
@pytest.mark.parametrize("page", HALF)
def test_what_is_half_written_after_the_code_survives_every_way_out(back, page, away):
    shown = back.get(page)
    footer = {one["value"] for one in shown.tied if one.get("name") == "then"}
    assert {"to:hulp", "to:zo-werkt-het", "to:gegevens", "taal:en"} <= footer
    assert f'href="/{SLUG}/hulp"' not in shown.html
    back.submit(f"/{page}", {**HALF[page], "then": away})
    if away != "taal:en":
        assert back.path == f"/{SLUG}/{away.removeprefix('to:')}"
        if away != "to:gesprek":
            assert f"/{SLUG}/{page}" in back.page.links  # the way back
        back.get(page)
    fields = back.page.form(f"/{page}")["fields"]
    assert {name: fields[name] for name in HALF[page]} == HALF[page]


def test_what_was_sent_is_half_written_no_more(back):
    back.get("gesprek/wacht")
    back.submit("/gesprek/wacht", {"text": "Half", "then": "to:hulp"})
    back.get("gesprek/wacht")
    back.submit("/gesprek/wacht", {"text": "Heel"})
    assert f"/{SLUG}/gesprek" in back.get("hulp").links
    back.get("gesprek/wacht")
    back.submit("/gesprek/wacht", {"then": "resume"})
    page = back.get("gesprek/wacht")
    assert page.form("/gesprek/wacht")["fields"]["text"] == ""


def test_a_new_code_that_was_not_written_down_yet_is_not_lost_on_the_way(back):
    back.get("gesprek/code")
    back.submit("/gesprek/code")
    code = back.code()
    back.submit("/gesprek/code", {"then": "to:hulp"})
    assert f"/{SLUG}/gesprek/code" in back.page.links
    page = back.get("gesprek")
    assert "Staat de nieuwe code al op papier?" in page.text
    back.submit("/gesprek", {"text": "", "then": "to:gesprek/code"})
    assert back.code() == code
    back.submit("/gesprek/code", {"then": "seen"})
    assert "Staat de nieuwe code al op papier?" not in back.page.text


TYPED = "K7RM 4XWP 9T"


@pytest.mark.parametrize(("start", "there"), [("verder", "hulp"), ("ouders", "ouders/gegevens")])
def test_a_half_typed_code_comes_back_without_a_session(phone, start, there):
    phone.get(start)
    assert f'href="/{SLUG}/hulp"' not in phone.page.html
    page = phone.submit("/verder", {"code": TYPED, "then": f"to:{there}"})
    assert page.status == 200
    assert not phone.client.get_cookie("v")
    assert TYPED not in phone.path
    page = phone.submit("/verder", {"then": f"to:{there.replace('hulp', 'gegevens')}"})
    assert "Wat bewaren we?" in page.text
    page = phone.submit("/verder", {"then": "to:verder"})
    assert page.form("/verder")["fields"]["code"] == TYPED
    assert page.form("/verder")["fields"].get("from", "") == ("" if start == "verder" else "ouders")


@pytest.mark.parametrize("start", ["verder", "ouders"])
def test_the_switch_of_language_keeps_a_half_typed_code_and_the_page(phone, start):
    phone.get(start)
    page = phone.submit("/verder", {"code": TYPED, "then": "taal:en"})
    assert '<html lang="en"' in page.html
    assert ('id="rechten"' in page.html) == (start == "ouders")
    assert page.form("/verder")["fields"]["code"] == TYPED


def test_a_parent_with_a_wrong_code_is_still_addressed_as_one(phone):
    phone.get("ouders")
    page = phone.submit("/verder", {"code": "0000 0000 0000 0000"})
    assert page.status == 400
    assert "Dan leest u hier uw antwoord." in page.text
