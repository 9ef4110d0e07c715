"""Links beside typed text: none of them loses it, and the pages at the foot lead back to it."""

import pytest

from tests.web.reporter_site import SLUG, Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


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
