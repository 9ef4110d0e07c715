"""Keeping evidence: guides that lose nothing, incidents, and a list that never demands."""

import html

import pytest

from portal import data
from tests.web.reporter_site import SLUG, STORY, Site

GUIDES = data.guides().every
ASKING = {"online-happened": "yes"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def phone(site):
    return site.phone()


@pytest.fixture
def online(phone):
    phone.tell()
    phone.get("vraag/online")
    return phone


def incident(number=0, **parts):
    return {f"online-incidents-{number}-{key}": v for key, v in parts.items()}


def words(page):
    return " ".join(page.text.split())


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.key)
def test_a_guide_says_all_it_knows_to_anybody(phone, guide):
    page = phone.get(f"bewaren/{guide.key}")
    shown = words(page)
    assert page.status == 200
    assert "Bewaar eerst. Blokkeer daarna pas. Wis niets." in shown
    assert "Ziet het er anders uit? Een schermfoto is altijd goed." in shown
    assert "Staat er iemand bloot op?" in shown
    for step in guide.steps:
        for line in (*step.lines, *step.iphone, *step.android):
            assert line in shown
    assert "Nagekeken op" in shown
    assert page.title == "Lindecollege"


def test_the_list_leads_to_every_guide(phone):
    page = phone.get("bewaren")
    assert {f"/{SLUG}/bewaren/{guide.key}" for guide in GUIDES} <= set(page.links)
    assert f"/{SLUG}/bewaren/niets" in page.links
    assert f"/{SLUG}/bewaren" in phone.get("zo-werkt-het").links


@pytest.mark.parametrize("key", ["bestaat-niet", "WhatsApp", "..%2fvraag"])
def test_what_is_no_guide_is_not_found(phone, key):
    assert phone.get(f"bewaren/{key}").status == 404


def test_without_a_draft_a_guide_leads_to_the_first_page(phone):
    page = phone.get("bewaren/snapchat")
    assert f"/{SLUG}/" in page.links
    assert f"/{SLUG}/bestanden" not in page.links


def test_whoever_came_back_is_led_back_to_the_conversation(phone):
    phone.tell()
    phone.send()
    code = phone.code()
    phone.get("verder")
    phone.submit("/verder", {"code": code})
    page = phone.get("bewaren/snapchat")
    assert {f"/{SLUG}/gesprek", f"/{SLUG}/gesprek/bestanden"} <= set(page.links)


def test_whoever_keeps_a_diary_is_led_back_to_it(phone):
    phone.tell()
    phone.answer(then="to:schrift")
    phone.submit("/schrift/bewaar")
    page = phone.get("bewaren/snapchat")
    assert f"/{SLUG}/schrift" in page.links
    assert f"/{SLUG}/bestanden" not in page.links


def test_reading_a_guide_from_an_incident_loses_nothing(online):
    typed = incident(
        account="@een\n@twee", url="https://www.tiktok.com/@een/video/1", when_text="vorige week"
    )
    online.answer({**ASKING, **typed, **incident(platform="snapchat")}, then="guide-0")
    assert online.path == f"/{SLUG}/bewaren/snapchat"
    page = online.get(next(link for link in online.page.links if link.endswith("/vraag/online")))
    fields = page.form("/online")["fields"]
    assert fields["online-incidents-0-account"].replace("\r", "") == "@een\n@twee"
    assert fields["online-incidents-0-url"] == "https://www.tiktok.com/@een/video/1"
    assert fields["online-incidents-0-when_text"] == "vorige week"
    assert fields["online-incidents-0-platform"] == "snapchat"
    assert online.get("vraag/verhaal").form("/verhaal")["fields"]["story-story"] == STORY


@pytest.mark.parametrize("then", ["guide-0", "guide-7", "guide-", "guide-x"])
def test_without_an_app_the_button_leads_to_the_list(online, then):
    online.answer({**ASKING, **incident(account="@een")}, then=then)
    assert online.path == f"/{SLUG}/bewaren"
    assert "@een" in online.get("nakijken").text


def test_what_is_too_long_keeps_the_visitor_and_the_text(online):
    page = online.answer({**ASKING, **incident(account="x" * 20_001)}, then="guide-0")
    assert page.status == 400
    assert "x" * 20_001 in page.html


def test_a_pasted_link_names_its_app_and_stays_as_it_was_pasted(online):
    address = "https://www.instagram.com/p/Dk2vR8qLm/?igsh=abc&x=1"
    page = online.answer({**ASKING, **incident(url=address)}, then="again")
    assert "Herkend: Instagram." in words(page)
    assert "Alles achter het vraagteken blijft ook bewaard." in words(page)
    fields = page.form("/online")["fields"]
    assert fields["online-incidents-0-url"] == address
    assert fields["online-incidents-0-platform"] == "instagram"


def test_a_link_pasted_as_the_account_names_its_app_too(online):
    given = incident(account="https://www.tiktok.com/@een")
    page = online.answer({**ASKING, **given}, then="again")
    assert page.form("/online")["fields"]["online-incidents-0-platform"] == "tiktok"


def test_the_app_that_was_chosen_stands_whatever_the_link_says(online):
    given = incident(url="https://www.instagram.com/p/1", platform="whatsapp")
    page = online.answer({**ASKING, **given}, then="again")
    assert page.form("/online")["fields"]["online-incidents-0-platform"] == "whatsapp"


def test_what_is_no_address_is_kept_with_a_gentle_word(online):
    page = online.answer({**ASKING, **incident(url="weet ik niet meer")}, then="again")
    assert "Dit lijkt geen heel adres. Dat mag, het blijft zo staan." in words(page)
    assert page.form("/online")["fields"]["online-incidents-0-url"] == "weet ik niet meer"


def test_earlier_incidents_fold_and_the_new_one_is_open(online):
    page = online.answer({**ASKING, **incident(account="@een", platform="discord")}, then="again")
    first, second = page.html.split('aria-label="Bericht of account')[1:]
    assert '<details class="fold"><summary>1. Discord · @een' in html.unescape(first)
    assert '<details class="fold" open>' in second


def test_what_is_wrong_in_a_folded_incident_is_open_and_said_there(online):
    online.answer({**ASKING, **incident(account="@een")}, then="again")
    page = online.answer({**ASKING, **incident(1, account="x" * 20_001)})
    second = page.html.split('aria-label="Bericht of account')[2]
    assert page.status == 400
    assert '<details class="fold" open>' in second
    assert 'id="online-incidents-1-account-error"' in second
    assert 'href="#online-incidents-1-account"' in page.html


def test_an_incident_is_read_back_in_words(online):
    given = incident(account="@een\n@twee", visible_to="group", still_there="no", precision="about")
    online.answer({**ASKING, **given})
    assert "@een, @twee, Ongeveer, Een groep, Nee" in words(online.get("nakijken"))


def test_evidence_pages_lead_to_the_guide_of_the_app_that_was_named(online):
    online.answer({**ASKING, **incident(platform="telegram")})
    online.get("bestanden")
    online.submit("bestanden/verder", {"then": "to:bewaren/telegram"})
    assert online.path == f"/{SLUG}/bewaren/telegram"
    assert f"/{SLUG}/bestanden" in online.page.links


@pytest.mark.parametrize("then", ["to:bewaren/elders", "to://elders.example", "to:nu"])
def test_made_up_guides_lead_to_the_next_question(online, then):
    online.get("bestanden")
    online.submit("bestanden/verder", {"then": then})
    assert online.path == f"/{SLUG}/vraag/eerder"


def test_nothing_kept_is_a_good_answer(online):
    online.get("bestanden")
    page = online.submit("bestanden/verder", {"then": "nothing"})
    assert "Niets bewaard? Dat is niet erg." in words(page)
    assert f"/{SLUG}/vraag/eerder" in page.links
    assert "Ik heb niets bewaard" in online.get("nakijken").text


def test_a_file_after_all_takes_the_answer_back(online):
    online.get("bestanden")
    online.submit("bestanden/verder", {"then": "nothing"})
    online.upload(("schermfoto.png", b"\x89PNG" + b"1" * 99))
    online.submit("bestanden/verder", {"then": ""})
    assert "Ik heb niets bewaard" not in online.get("nakijken").text


def test_the_police_list_says_what_is_there_and_never_demands(online):
    online.answer({**ASKING, **incident(account="@een", url="social.example/p/1")})
    online.upload(("schermfoto.png", b"\x89PNG" + b"1" * 99))
    for path in ("bestanden", "nakijken"):
        shown = words(online.get(path))
        assert "Niets hiervan moet." in shown, path
        assert "Wat helpt bij de politie: 3 van 7" in shown, path
        assert "Er staat een adres bij." in shown, path
        assert "Er is een foto toegevoegd." in shown, path
        assert "moet je" not in shown, path
    assert f"/{SLUG}/bewaren" in online.page.links


def test_whoever_came_back_sees_the_list_beside_the_files(phone):
    phone.tell()
    phone.send()
    code = phone.code()
    phone.get("verder")
    phone.submit("/verder", {"code": code})
    page = phone.get("gesprek/bestanden")
    assert "Wat helpt bij de politie: 0 van 7" in words(page)
    assert f"/{SLUG}/vraag/online" not in page.links


def test_where_details_stop_no_list_is_shown(phone):
    phone.tell("Hij heeft me aangerand.")
    assert "Wat helpt bij de politie" not in phone.get("bestanden").text
