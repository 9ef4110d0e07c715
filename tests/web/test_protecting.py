"""What files give away is said before sending, with three choices; nothing is demanded."""

import io
import re

import pytest
from sqlalchemy import select

from portal.demo import samples
from portal.models import Compartment, EvidenceItem, Report
from portal.services import protecting
from tests.web.reporter_site import SLUG, Page, Site
from tests.web.test_control import Desk

CHAT = b"12-11-2026 21:06 - Fenna de Boer: waar ben je\n12-11-2026 21:07 - Sem: gaat je niks aan\n"

LATER, OTHER_CHAT = "WhatsApp-chat met Noor.txt", CHAT.replace(b"Sem", b"Noor")


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def phone(site):
    phone = site.phone()
    phone.tell()
    phone.upload(("IMG_2041.jpg", samples.jpeg()), ("WhatsApp-chat met Sem.txt", CHAT))
    return phone


def form_of(phone, name):
    """The form about the file of this name."""
    part = phone.page.html.partition(f"{name}: ")[2]
    found = re.search(r'name="keep" value="(\w+)"', part)
    return found.group(1)


def kinds(site):
    query = select(Compartment.kind).join(
        EvidenceItem, EvidenceItem.compartment_id == Compartment.id
    )
    site.session.expire_all()
    return sorted(site.session.scalars(query))


def test_each_file_says_in_plain_words_what_it_tells(phone):
    text = phone.page.text
    assert "Waar het gemaakt is. Dat kan je huis zijn." in text
    assert "Met welk toestel: Voorbeeld Telefoon 5." in text
    assert "Wat er te zien is, weten wij niet." in text
    assert "Van wie de telefoon is: waarschijnlijk Fenna de Boer." in text
    assert "Niets kiezen mag ook." in text


def test_of_many_files_only_the_first_are_looked_at_and_that_is_said(phone, monkeypatch):
    monkeypatch.setattr(protecting, "LOOKED_AT", 1)
    page = phone.get("bestanden")
    assert page.html.count('name="keep"') == 1
    assert "Kijk de andere bestanden zelf na." in page.text


def test_the_same_stands_at_the_look_over_and_going_on_is_the_default(site, phone):
    page = phone.get("nakijken")
    assert "Dat kan je huis zijn." in page.text
    assert (
        "required"
        not in page.html.partition("Wat je bestanden vertellen")[2].partition("Verstuur naar")[0]
    )
    phone.send()
    assert phone.path == f"/{SLUG}/verstuurd" or phone.code()
    assert kinds(site) == ["evidence", "evidence"]


@pytest.mark.parametrize("place", ["bestanden", "nakijken"])
def test_keeping_a_file_sealed_is_one_tap_and_comes_back_where_it_was(site, phone, place):
    phone.get(place)
    phone.submit("/bestanden/houd-dicht", {"keep": form_of(phone, "IMG_2041.jpg")})
    assert phone.path == f"/{SLUG}/{place}"
    assert kinds(site) == ["evidence", "sealed"]
    page = phone.get("bestanden")
    assert "Verzegeld, alleen voor de politie" in page.text
    assert "IMG_2041.jpg" in page.text.replace("\u200b", "")
    assert "Dat kan je huis zijn." not in page.text
    phone.send()
    assert "IMG_2041" not in phone.page.text


def test_somebody_naked_is_sealed_at_once_and_can_be_taken_away(site, phone):
    item = form_of(phone, "IMG_2041.jpg")
    page = phone.submit("/bestanden/houd-dicht", {"intimate": item})
    assert "Dat bestand is nu verzegeld." in page.text
    assert "/bestanden/beschrijf" in phone.page.html
    assert kinds(site) == ["evidence", "sealed"]
    phone.post("bestanden/haal-weg", {**phone.page.form("/haal-weg")["fields"], "remove": item})
    assert kinds(site) == ["evidence"]


def test_twice_or_for_a_strange_file_nothing_breaks(site, phone):
    item = form_of(phone, "IMG_2041.jpg")
    body = {**phone.page.form("/houd-dicht")["fields"], "keep": item}
    for _ in range(2):
        assert phone.post("bestanden/houd-dicht", body).status == 200
    assert phone.post("bestanden/houd-dicht", {**body, "keep": "x" * 26}).status == 200
    assert kinds(site) == ["evidence", "sealed"]
    assert phone.post("bestanden/houd-dicht", {"keep": item}).status == 400


def test_who_comes_back_may_ask_while_nobody_opened_it(site, phone):
    phone.send()
    back = site.phone()
    back.post("verder", {"code": phone.code()})
    back.get("gesprek/bestanden")
    form = back.page.form("/gesprek/bestanden/houd-dicht")
    first = next(value for name, value in form["buttons"] if name == "keep")
    page = back.submit("/gesprek/bestanden/houd-dicht", {"keep": first})
    assert "Verzegelen is gevraagd" in page.text
    assert "De school ziet het niet meer." in page.text


@pytest.fixture
def back(site, phone):
    """Somebody who came back, and added the same two kinds of files."""
    phone.send()
    back = site.phone()
    back.post("verder", {"code": phone.code()})
    back.get("gesprek/bestanden")
    back.submit("/bestanden/vraag", {"intimate": "no"})
    parts = [(io.BytesIO(samples.jpeg(seed=2)), "later.jpg"), (io.BytesIO(OTHER_CHAT), LATER)]
    back.submit("gesprek/bestanden", {"files": parts}, content_type="multipart/form-data")
    return back


def told_of(page, name):
    """The fold about a file of this name."""
    return next(part for part in page.html.split("<details")[1:] if f"{name}: " in part)


def test_files_added_later_say_what_they_tell_to_who_added_them(site, back):
    assert back.path == f"/{SLUG}/gesprek/bestanden"
    text = back.page.text
    assert "Wat je nieuwe bestanden vertellen" in text
    assert "Met welk toestel: Voorbeeld Telefoon 5." in told_of(back.page, "later.jpg")
    chat = told_of(back.page, LATER)
    assert "Van wie de telefoon is: waarschijnlijk Fenna de Boer." in chat
    assert re.search(r'name="who"[^>]*value="Fenna de Boer"[^>]*checked', chat)
    assert "Weghalen kan niet meer" in chat


def test_a_file_added_later_can_be_kept_sealed_with_the_own_name_taken_out(site, back):
    chat = re.search(r'name="keep" value="(\w+)"', told_of(back.page, LATER)).group(1)
    form = next(one for one in back.page.forms if ("keep", chat) in one["buttons"])
    page = back.post(form["action"], {**form["fields"], "keep": chat})
    assert "Verzegelen is gevraagd." in told_of(page, LATER)
    case_id = site.session.scalars(select(Report.case_id)).one()
    desk = Desk(site, "VOS")
    desk.case(case_id)
    place = f"/{SLUG}/bureau/zaken/{case_id}/bewijs/{chat}/"
    copy = desk.client.get(f"{place}kopie")
    assert copy.status_code == 200
    said = copy.get_data(as_text=True)
    assert "Noor" in said
    assert "Fenna" not in said


def test_a_file_added_later_with_somebody_naked_is_shown_to_nobody(site, back):
    photo = re.search(r'name="intimate" value="(\w+)"', told_of(back.page, "later.jpg")).group(1)
    form = next(one for one in back.page.forms if ("intimate", photo) in one["buttons"])
    back.post(form["action"], {**form["fields"], "intimate": photo})
    case_id = site.session.scalars(select(Report.case_id)).one()
    desk = Desk(site, "VOS")
    desk.case(case_id)
    place = f"/{SLUG}/bureau/zaken/{case_id}/bewijs/{photo}/"
    for part in ("kopie", "origineel", "beeld/clear"):
        assert desk.client.get(place + part).status_code in {403, 404}


def test_what_a_file_tells_is_not_kept_for_the_next_who_has_the_code(site, phone, back):
    again = site.phone()
    again.post("verder", {"code": phone.code()})
    assert "Voorbeeld Telefoon" not in again.get("gesprek/bestanden").text


def test_staff_can_close_the_copy_of_a_sealed_file_with_one_press(site, phone):
    phone.submit("/bestanden/houd-dicht", {"keep": form_of(phone, "IMG_2041.jpg")})
    phone.send()
    site.session.expire_all()
    query = select(EvidenceItem.id).where(EvidenceItem.sealed_record_id.is_not(None))
    item = site.session.scalars(query).one()
    desk, case_id = Desk(site, "DAM"), site.session.scalars(select(Report.case_id)).one()
    place = f"/{SLUG}/bureau/zaken/{case_id}/bewijs/{item}/"
    page = Page(desk.client.get(place))
    assert "Dit is een opgeschoonde kopie." in page.text
    assert f'href="{place}dicht"' in page.html
    page = desk.post(f"{case_id}/bewijs/{item}/dicht")
    assert "Wat er nu moet" in page.text
    assert "<img" not in page.html.partition("<main")[2].partition("</main>")[0]
    assert desk.client.get(f"{place}kopie").status_code == 404
