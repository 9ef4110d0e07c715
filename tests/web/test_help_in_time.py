"""Help in time: what a reporter reads when nobody does, and what the school can set."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.models import AcuteAlarm, AcuteCall, Case, CustodyEvent, DutyContact
from portal.services import acute, transaction
from tests.web.reporter_site import STORY, Site
from tests.web.test_school_look import Desk

EVENING = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)  # a Friday
NOBODY = "Dit leest nu niemand."
MONDAY = "School leest weer: maandag vanaf 8.30 uur."
WHO = "Wij weten niet wie je bent en waar je bent. Ben je in gevaar? Bel 112."
DANGER = "Ik wil niet meer leven."


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def phone(site):
    return site.phone()


@pytest.fixture
def admin(site):
    return Desk(site, "VOS")


def told_in_vain(page):
    """Whether a page says that nobody reads, when somebody does, and whom to call meanwhile."""
    return NOBODY in page.text and MONDAY in page.text and {"tel:113", "tel:112"} <= {*page.links}


def test_out_of_hours_every_page_that_promises_an_answer_says_so(site, phone):
    site.clock.moment = EVENING
    phone.tell()
    assert told_in_vain(phone.get("nakijken"))
    assert told_in_vain(phone.send())
    code = phone.code()
    back = site.phone()
    back.get("verder")
    assert told_in_vain(back.submit("/verder", {"code": code}))
    assert told_in_vain(back.submit("/gesprek", {"text": "Is daar iemand?"}))
    page = back.submit("/gesprek", {"text": DANGER})
    card = page.text.partition("Hier kun je nu terecht")[2]
    assert NOBODY in card
    assert MONDAY in card
    assert WHO in card


def test_within_hours_nothing_is_said_of_that(site, phone):
    phone.tell()
    assert NOBODY not in phone.get("nakijken").text
    assert NOBODY not in phone.send().text


def test_who_gave_no_name_reads_that_nobody_can_find_them(site, phone):
    phone.tell(DANGER)
    assert WHO in phone.page.text
    phone.get("nakijken")
    assert WHO in phone.send().text
    assert "Er komt iemand" not in phone.page.text


def test_who_gave_a_name_does_not_read_that_on_the_receipt(site, phone):
    phone.tell()
    phone.get("vraag/naam")
    phone.answer({"name-who": "handlers", "name-name": "Noor Voorbeeld"})
    assert WHO not in phone.send().text


def test_a_parent_reads_it_as_a_parent(site, phone):
    site.clock.moment = EVENING
    phone.tell(DANGER, perspective="parent")
    assert "Wij weten niet wie u bent en waar u bent. Bent u in gevaar? Bel 112." in phone.page.text


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 20, 19, 0, tzinfo=UTC), "Nu open"),
        (datetime(2026, 11, 20, 21, 0, tzinfo=UTC), "Opent morgen om 11.00 uur"),
        (datetime(2026, 11, 20, 6, 0, tzinfo=UTC), "Opent vandaag om 11.00 uur"),
    ],
)
def test_a_help_line_says_whether_it_answers_now(site, phone, moment, said):
    site.clock.moment = moment
    page = phone.get("hulp")
    row = page.html.partition("0800-0432")[2].partition("</li>")[0]
    assert said in re.sub(r"<[^>]+>", " ", row)
    assert "gratis" in row
    assert "anoniem" in row


def test_the_help_page_groups_the_lines_and_every_number_can_be_tapped(site, phone):
    page = phone.get("hulp")
    groups = re.findall(r'<section class="card help[^"]*" id="(\w+)"', page.html)
    assert groups == ["danger", "suicide", "sexual", "images", "home", "bullying",
                      "discrimination", "lhbti", "police", "rights"]  # fmt: skip
    for number in ("112", "113", "08000432", "08000188", "08002000", "09000101", "08005010"):
        assert f"tel:{number}" in page.links


def test_hours_and_holidays_are_set_and_hold_at_once(site, phone, admin):
    admin.post("beheer/tijden", hours="ma-vr 8.30-16.30\n2026-11-17 dicht", holidays="")
    phone.tell()
    page = phone.get("nakijken")
    assert "School leest weer: morgen vanaf 8.30 uur." in page.text
    admin.post(
        "beheer/tijden", hours="ma-vr 8.30-16.30", holidays="2026-11-16 2026-11-27 Herfstvakantie"
    )
    page = phone.get("nakijken")
    assert "School leest weer: maandag 30 november vanaf 8.30 uur." in page.text
    kinds = site.session.scalars(select(CustodyEvent.kind)).all()
    assert kinds.count("school:changed") == 2


@pytest.mark.parametrize(
    ("hours", "holidays", "line"),
    [
        ("ma-vr kwart over acht", "", "ma-vr kwart over acht"),
        ("ma-vr 8.30-16.30", "kerst", "kerst"),
        ("ma-vr 8.30-16.30", "2027-01-03 2026-12-19 Kerst", "2027-01-03 2026-12-19 Kerst"),
    ],
)
def test_a_line_that_cannot_be_understood_is_shown_and_nothing_changes(
    site, admin, hours, holidays, line
):
    response = admin.post("beheer/tijden", hours=hours, holidays=holidays)
    assert response.status_code == 400
    assert f"Deze regel is niet te lezen: {line}" in response.text
    assert site.school_row().reading_hours == ""


def add(admin, address="piket@sms.example", **more):
    given = {"name": "Piket", "kind": "mail", "address": address, "staff_id": "", **more}
    return admin.post("beheer/spoed/adres", **given)


def test_an_administrator_sets_the_chain_and_tests_it(site, admin):
    assert "Er staat nog niemand in" in admin.get("beheer/spoed").text
    assert "Zet eerst een adres in de lijst." in admin.post(
        "beheer/spoed", on="yes", minutes="5", acute_hours=""
    ).text  # fmt: skip
    assert add(admin, "geen adres").status_code == 400
    add(admin)
    add(admin, "https://alarm.example/x", kind="webhook", staff_id=site.staff_id("BAK"))
    admin.post("beheer/spoed", on="yes", minutes="5", acute_hours="")
    site.session.expire_all()
    school = site.school_row()
    assert (school.acute_on, school.acute_minutes) == (True, 5)
    first, second = site.session.scalars(select(DutyContact).order_by(DutyContact.place))
    admin.post(f"beheer/spoed/{second.id}/eerst")
    admin.post(f"beheer/spoed/{first.id}/test")
    page = admin.get("beheer/spoed").text
    assert page.index("alarm.example") < page.index("piket@sms.example")
    assert "test wordt verstuurd" in page
    assert "alleen als Mevrouw Bakker de zaak mag lezen" in page
    admin.post(f"beheer/spoed/{first.id}/weg")
    assert "piket@sms.example" not in admin.get("beheer/spoed").text
    assert len(site.session.scalars(select(AcuteCall)).all()) == 1


def test_only_an_administrator_sets_times_and_the_chain(site):
    teacher = Desk(site, "JAN")
    for path in ("beheer/spoed", "beheer/tijden"):
        assert teacher.get(path).status_code == 403
    assert add(teacher).status_code == 403


def alarm(site, phone, admin):
    add(admin)
    admin.post("beheer/spoed", on="yes", minutes="5", acute_hours="")
    phone.tell(DANGER)
    phone.send()
    site.session.expire_all()
    return site.session.scalars(select(Case)).one()


def handler(site, case):
    """The code of who handles it."""
    return next(code for code in site.actors if site.staff_id(code) == case.handler_id)


def test_a_reader_takes_notice_on_the_desk(site, phone, admin):
    case = alarm(site, phone, admin)
    code = handler(site, case)
    mentor, stranger = Desk(site, code), Desk(site, "JAN")
    assert "Er is spoed." in mentor.get("bureau/").text
    assert "Er is spoed." not in stranger.get("bureau/").text
    assert case.label in mentor.get("bureau/spoed").text
    assert case.label not in stranger.get("bureau/spoed").text
    assert stranger.post(f"bureau/spoed/{case.id}").status_code == 404
    assert acute.waiting(site.session, actor=site.actors[code])
    transaction.rollback(site.session)
    mentor.post(f"bureau/spoed/{case.id}")
    assert "Er is spoed." not in mentor.get("bureau/").text


def test_opening_the_case_is_taking_notice_also_the_second_time(site, phone, admin):
    case = alarm(site, phone, admin)
    code = handler(site, case)
    mentor = Desk(site, code)
    assert "Spoedmelding gemaakt" in mentor.get(f"bureau/zaken/{case.id}/").text
    back = site.phone()
    back.get("verder")
    back.submit("/verder", {"code": phone.code()})
    back.submit("/gesprek", {"text": DANGER})
    site.session.expire_all()
    found = site.session.scalars(select(AcuteAlarm).order_by(AcuteAlarm.raised_at)).all()
    assert [one.acknowledged_at is not None for one in found] == [True, False]
    transaction.rollback(site.session)
    page = mentor.get(f"bureau/zaken/{case.id}/").text
    assert f"{site.actors[code].name} heeft de spoedmelding gezien" in page
    site.session.expire_all()
    rows = site.session.scalars(select(AcuteAlarm)).all()
    assert all(one.acknowledged_at for one in rows)


def test_the_administrator_sees_no_alarm(site, phone, admin):
    case = alarm(site, phone, admin)
    page = admin.get("beheer/spoed").text
    assert case.id not in page
    assert case.label not in page
    assert STORY not in page


def test_old_help_lines_are_shown_to_the_administrator(admin, monkeypatch):
    asked = "Kloppen de hulplijnen nog?"
    assert asked not in admin.get("beheer").text
    monkeypatch.setattr("portal.web.helplines.CHECK_AFTER", timedelta(days=-30))
    page = admin.get("beheer").text
    assert asked in page
    assert "Kindertelefoon" in page
