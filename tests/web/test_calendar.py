"""The calendar, being away, duties and keys over HTTP: what they give, and to whom."""

import re
from datetime import timedelta

import pytest

from portal.models import Case, StaffMember
from portal.services import transaction
from tests.services import world as told
from tests.web.desk_site import FILE_NAMES, HERE, NAME, STORY, copy_of_site

OK, SEE_OTHER, FORBIDDEN, NOT_FOUND, UNFIT = 200, 303, 403, 404, 422
DUE = told.NOW.date() + timedelta(days=3)


@pytest.fixture
def site(tmp_path):
    made = copy_of_site(tmp_path)
    with made.factory() as session:
        session.get_one(Case, made.case_id).due_on = DUE
        transaction.commit(session)
    return made


def text_of(response):
    return response.get_data(as_text=True)


def address_of(person):
    page = text_of(person.post("/agenda", {"do": "renew"}))
    return re.search(r'id="adres">https?://[^/]+(/[^<]+\.ics)', page).group(1)


def anybody(site):
    return site.app.test_client()


def test_the_address_gives_days_and_labels_and_nothing_else(site):
    feed = anybody(site).get(address_of(site.log_in(site.mentor)))
    assert feed.status_code == OK
    assert feed.content_type == "text/calendar; charset=utf-8"
    told_of = text_of(feed)
    with site.factory() as session:
        label = session.get_one(Case, site.case_id).label
        names = [one.name for one in session.query(StaffMember)]
    assert f"SUMMARY:Portaal: stap\\, zaak {label}" in told_of
    assert f"DTSTART;VALUE=DATE:{DUE:%Y%m%d}" in told_of
    for secret in (STORY, NAME, *FILE_NAMES, "1A", *names, "http"):
        assert secret not in told_of


def test_an_address_stands_nowhere_and_ends_when_it_should(site):
    person, outside = site.log_in(site.mentor), anybody(site)
    first = address_of(person)
    assert first not in text_of(person.get("/agenda"))
    token = first.rpartition("/")[2].removesuffix(".ics")
    with site.factory() as session:
        kept = [one.calendar_hash for one in session.query(StaffMember) if one.calendar_hash]
    assert len(kept) == 1
    assert token not in kept[0]
    second = address_of(person)
    assert outside.get(first).status_code == NOT_FOUND
    assert outside.get(second.replace(f"/{HERE}/", "/heuvelrug/")).status_code == NOT_FOUND
    person.post("/agenda", {"do": "stop"})
    assert outside.get(second).status_code == NOT_FOUND
    third = address_of(person)
    with site.factory() as session:
        session.get_one(StaffMember, site.here.ids[site.mentor]).disabled_at = told.NOW
        transaction.commit(session)
    assert outside.get(third).status_code == NOT_FOUND


def test_who_is_shut_out_has_an_empty_calendar(site):
    for code in (site.shut_out, site.accused):
        feed = text_of(anybody(site).get(address_of(site.log_in(code))))
        assert "VEVENT" not in feed


def test_one_case_gives_its_own_day(site):
    person, path = site.log_in(site.mentor), f"/zaken/{site.case_id}/"
    assert f"{path}agenda.ics" in text_of(person.get(path))
    answer = person.get(f"{path}agenda.ics")
    assert answer.status_code == OK
    assert f"DTSTART;VALUE=DATE:{DUE:%Y%m%d}" in text_of(answer)


def test_being_away_gives_the_keys_and_tells_of_cases_that_stay_behind(site):
    person = site.log_in(site.mentor)
    days = {"first_on": "2026-11-17", "last_on": "2026-11-20"}
    assert person.post("/afwezig", {**days, "first_on": "morgen"}).status_code == UNFIT
    assert person.post("/afwezig", {**days, "substitute": "x"}).status_code == UNFIT
    with site.factory() as session:
        label = session.get_one(Case, site.case_id).label
    page = text_of(person.post("/afwezig", {**days, "substitute": site.here.ids[site.shut_out]}))
    assert label in page
    back = re.search(r'action="/\w+/bureau(/afwezig/\w+/terug)"', page).group(1)
    assert site.log_in(site.shut_out).post(back).status_code == NOT_FOUND
    assert person.post(back).status_code == SEE_OTHER
    assert "terug" not in text_of(person.get("/afwezig"))


def test_keys_can_be_switched_off(site):
    person = site.log_in(site.mentor)
    assert "js/desk" in text_of(person.get("/zaken"))
    assert person.post("/toetsen", {"on": "0"}).status_code == SEE_OTHER
    for path in ("/", "/zaken", "/zoek"):
        assert "js/desk" not in text_of(person.get(path))
    person.post("/toetsen", {"on": "1"})
    assert "js/desk" in text_of(person.get("/zaken"))


def test_only_who_manages_the_roster_sets_duties(site):
    with site.factory() as session:
        session.get_one(StaffMember, site.here.ids[site.mentor]).is_admin = True
        session.get_one(StaffMember, site.here.ids[site.accused]).is_admin = False
        transaction.commit(session)
    path = f"/{HERE}/beheer/diensten"
    boss, other = site.log_in(site.mentor), site.log_in(site.accused)
    assert boss.client.get(path).status_code == OK
    assert other.client.get(path).status_code == FORBIDDEN
    head = {"Sec-Fetch-Site": "same-origin"}
    for person, status in ((boss, UNFIT), (other, FORBIDDEN)):
        sent = {"t": person.token, "staff": "mentor:x", "first_on": "2026-11-17"}
        assert person.client.post(path, data=sent, headers=head).status_code == status
