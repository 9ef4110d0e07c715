"""The conversation over HTTP, on both sides: taps without JavaScript, who has it, a mail."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.models import Case, OutboxMail, Report
from portal.services import (
    case_records,
    case_work,
    cases,
    checks,
    handing,
    packets,
    traces,
    transaction,
)
from tests.web.desk_site import copy_of_site
from tests.web.reporter_site import SLUG, Site

QUESTION, OPTIONS = "Mag ik je mentor vertellen wat er is?", ["Ja hoor", "Nee", "Eerst praten"]


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def code(site):
    phone = site.phone()
    phone.tell()
    phone.send()
    return phone.code()


@pytest.fixture
def back(site, code):
    return come_back(site, code)


def come_back(site, code):
    phone = site.phone()
    phone.get("verder")
    phone.submit("/verder", {"code": code})
    return phone


def mine(page, text):
    """The reporter's own bubble with this text."""
    return re.search(rf'<p class="you"[^>]*>{re.escape(text)}</p>', page.html).group()


def the_report(site):
    return site.session.scalars(select(Report)).one()


def say(site, text="Dank je.", **more):
    report = the_report(site)
    case_work.reply(
        site.session,
        actor=site.actors["VOS"],
        case_id=report.case_id,
        report_id=report.id,
        text=text,
        now=site.clock(),
        **more,
    )
    transaction.commit(site.session)


def start_checking(site):
    """As if the school had begun its check weeks a week ago."""
    case = site.session.scalars(select(Case)).one()
    case.status, case.checking_since = "checking", (site.clock() - timedelta(days=7)).date()
    transaction.commit(site.session)
    checks.open_due(site.session, now=site.clock())
    transaction.commit(site.session)


def test_a_question_is_answered_with_one_button_and_can_be_answered_anew(site, back):
    say(site, QUESTION, options=OPTIONS)
    page = back.get("gesprek")
    assert "Mevrouw Vos heeft een vraag. Tik op een antwoord." in page.text
    assert [value.partition(":")[2] for _, value in page.taps("/keuze")] == ["0", "1", "2"]
    assert "autofocus" not in page.html.partition("<main")[2]
    page = back.tap("/keuze", 1)
    assert back.path == f"/{SLUG}/gesprek"
    assert page.html.index(QUESTION) < page.html.index(mine(page, "Nee"))
    assert "Tik op een antwoord." not in page.text
    site.clock.forward(minutes=5)
    page = back.tap("/keuze", 0, {"beside": "Maar niet in de klas."})
    assert "eerder antwoord" in page.text
    assert mine(page, "Ja hoor\nMaar niet in de klas.")


@pytest.mark.parametrize("choice", ["", "9", "-1", "x", "١"])
def test_a_choice_that_was_not_offered_changes_nothing(site, back, choice):
    say(site, QUESTION, options=OPTIONS)
    back.get("gesprek")
    asked = back.page.taps("/keuze")[0][1].partition(":")[0]
    fields = back.page.form("/gesprek")["fields"]
    page = back.post("gesprek/keuze", {**fields, "choice": f"{asked}:{choice}"})
    assert page.status == 200
    assert "Tik op een antwoord." in page.text


def test_no_button_of_the_conversation_loses_what_was_typed_elsewhere(site, back):
    say(site, QUESTION, options=OPTIONS)
    back.get("gesprek")
    page = back.tap("/keuze", 1, {"text": "En nog iets", "beside": "liever niet"})
    assert mine(page, "Nee\nliever niet")
    assert page.form("/gesprek")["fields"]["text"] == "En nog iets"
    for there in ("hulp", "gegevens", "gesprek/wacht", "gesprek/naam", "gesprek/code"):
        back.submit("/gesprek", {"then": f"to:{there}", "text": "Nog niet klaar"})
        assert back.path == f"/{SLUG}/{there}"
        page = back.get("gesprek")
        assert page.form("/gesprek")["fields"]["text"] == "Nog niet klaar"
    page = back.submit("/gesprek", {"text": "Nu wel klaar"})
    assert page.form("/gesprek")["fields"]["text"] == ""


def test_words_beside_a_question_go_along_with_the_button_that_sends(site, back):
    say(site, QUESTION, options=OPTIONS)
    page = back.get("gesprek")
    asked = page.taps("/keuze")[0][1].partition(":")[0]
    page = back.submit("/gesprek", {f"with-{asked}": "Ik weet het niet"})
    assert mine(page, "Ik weet het niet")


def test_words_beside_an_answer_that_is_too_late_stand_there_again(site, back):
    back.get("gesprek")
    fields = back.page.form("/gesprek")["fields"]
    given = {**fields, "choice": "weg:1", "with-weg": "Dit wilde ik zeggen"}
    page = back.post("gesprek/keuze", given)
    assert page.form("/gesprek")["fields"]["text"] == "Dit wilde ik zeggen"


def test_danger_beside_an_answer_brings_help_and_marks_the_case(site, back):
    say(site, QUESTION, options=OPTIONS)
    back.get("gesprek")
    page = back.tap("/keuze", 0, {"beside": "ik wil dood"})
    assert "113" in page.html.partition('class="ask"')[0]
    site.session.expire_all()
    assert site.session.scalars(select(Case)).one().urgent


def test_danger_in_a_later_message_marks_the_case_for_today(site, back):
    back.submit("/gesprek", {"text": "ik wil niet meer leven"})
    site.session.expire_all()
    assert site.session.scalars(select(Case)).one().urgent


def test_the_week_is_asked_once_with_one_tap(site, code):
    start_checking(site)
    back = come_back(site, code)
    assert "Week 1 van 4." in back.page.text
    values = [value.partition(":")[2] for _, value in back.page.taps("/week")]
    assert values == ["better", "same", "worse", "talk"]
    page = back.tap("/week", 2)
    assert "Week 1 van 4." not in page.text
    assert mine(page, "Het is erger")
    site.session.expire_all()
    assert site.session.scalars(select(Case)).one().check_call


def test_the_promise_carries_a_date(back):
    assert "Je hoort iets op uiterlijk donderdag 19 november." in back.page.text


def test_a_broken_promise_is_said(site, code):
    site.clock.forward(days=4)
    page = come_back(site, code).page
    assert "School had voor donderdag 19 november willen antwoorden." in page.text


def test_once_school_wrote_its_promise_is_broken_no_more(site, code):
    site.clock.forward(days=4)
    say(site, "Sorry dat het duurde.")
    # Somebody wrote in a way that leaves the promised day standing.
    case = site.session.scalars(select(Case)).one()
    case.answer_by = (site.clock() - timedelta(days=2)).date()
    transaction.commit(site.session)
    back = come_back(site, code)
    assert "willen antwoorden" not in back.page.text
    back.submit("/gesprek", {"text": "En nu?"})
    assert "willen antwoorden" in back.page.text


def test_a_packet_for_the_police_is_explained_where_it_is_told(site, back):
    actor, case_id = site.actors["VOS"], the_report(site).case_id
    packets.order(site.session, actor=actor, case_id=case_id, chosen=[], now=site.clock())
    transaction.commit(site.session)
    text = " ".join(back.get("gesprek").text.split())
    told = "Mevrouw Vos maakte een pakket voor de politie. Dat is nog geen aangifte."
    assert told in text
    assert "Over aangifte praat school eerst met jou, behalve bij gevaar." in text


def test_who_read_it_stands_there_with_role_and_day(site, back):
    case = site.session.scalars(select(Case)).one()
    assert "las het op" not in back.page.text
    cases.note_reading(site.session, actor=site.actors["VOS"], case_id=case.id, now=site.clock())
    transaction.commit(site.session)
    page = back.get("gesprek")
    assert "las het op di 17 nov" in page.text
    told = page.html.partition("Alles wat ermee gebeurde")[2].partition("</ul>")[0]
    assert "Mevrouw Vos" in told
    assert "las het." in told
    assert "School heeft het gelezen" in page.text


def test_what_came_under_a_new_key_asks_for_the_code_again(site, code, back):
    case = site.session.scalars(select(Case)).one()
    assert "Er is iets veranderd bij school." not in back.page.text
    handing.hand_over(
        site.session,
        actor=site.actors["VOS"],
        case_id=case.id,
        to_staff_id=site.staff_id("WIT"),
        role_key="mentor",
        reason="andere klas",
        keep_reading=False,
        now=site.clock(),
    )
    transaction.commit(site.session)
    page = back.get("gesprek")
    assert "Er is iets veranderd bij school." in page.text
    fields = page.form("/gesprek")["fields"]
    back.post("gesprek/hier", {**fields, "then": "code", "text": "Halve zin"})
    assert back.path == f"/{SLUG}/verder"
    page = back.submit("/verder", {"code": code})
    assert page.form("/gesprek")["fields"]["text"] == "Halve zin"
    assert "Er is iets veranderd bij school." not in page.text
    assert "heeft je melding overgedragen aan Meneer De Wit." in page.text


def test_no_mail_is_offered_without_a_mail_server(site, back):
    assert "Een mail als er nieuws is" not in back.page.text
    assert back.get("gesprek/mail").status == 404


@pytest.fixture
def mailing(tmp_path):
    return Site(tmp_path / "mail", smtp_host="127.0.0.1")


def test_a_mail_is_switched_on_after_a_warning_and_off_again(mailing):
    phone = mailing.phone()
    phone.tell()
    phone.send()
    back = come_back(mailing, phone.code())
    assert "Een mail als er nieuws is" in back.page.text
    page = back.get("gesprek/mail")
    assert "Leest iemand mee op je telefoon of in je mail? Zet dit dan niet aan." in page.text
    page = back.submit("gesprek/mail", {"address": "geen adres"})
    assert page.status == 400
    assert page.form("gesprek/mail")["fields"]["address"] == "geen adres"
    page = back.submit("gesprek/mail", {"address": "fenna@post.example"})
    assert "De mail staat aan." in page.text
    assert "fenna@post.example" not in page.html
    say(mailing)
    query = select(OutboxMail.address).where(OutboxMail.address.is_not(None))
    assert mailing.session.scalars(query).all() == ["fenna@post.example"]
    back.get("gesprek/mail")
    page = back.submit("gesprek/mail", {"then": "off"})
    assert "De mail staat aan." not in page.text
    mailing.session.expire_all()
    assert mailing.session.scalars(query).all() == []


@pytest.fixture
def desk(tmp_path):
    return copy_of_site(tmp_path)


def text_of(response):
    return response.get_data(as_text=True)


def test_staff_take_a_question_from_the_list_change_it_and_see_the_answer_under_it(desk):
    person = desk.log_in(desk.mentor)
    path = f"/zaken/{desk.case_id}/"
    page = text_of(person.get(f"{path}?vraag=tell-mentor"))
    assert "Mag ik je mentor vertellen wat er is gebeurd?" in page
    assert 'value="Eerst overleggen"' in page
    given = {
        "report": desk.report_id,
        f"ask-{desk.report_id}": "Mag ik je mentor bellen?",
        f"option-{desk.report_id}": ["Ja", "Nee", "", ""],
    }
    assert person.post(f"{path}vraag", given).status_code == 303
    page = text_of(person.get(path))
    assert "Mag ik je mentor bellen?" in page
    assert "Nog geen antwoord." in page


@pytest.mark.parametrize("options", [[], ["Ja"], ["Ja", "Ja"]])
def test_a_question_without_two_answers_comes_back_with_what_was_typed(desk, options):
    person = desk.log_in(desk.mentor)
    given = {
        "report": desk.report_id,
        f"ask-{desk.report_id}": "Mag ik je mentor bellen?",
        f"option-{desk.report_id}": options,
    }
    answer = person.post(f"/zaken/{desk.case_id}/vraag", given)
    assert answer.status_code == 422
    assert "Mag ik je mentor bellen?" in text_of(answer)


def test_staff_withhold_with_a_reason_and_show_it_again(desk):
    person = desk.log_in(desk.mentor)
    path = f"/zaken/{desk.case_id}/"
    page = text_of(person.get(path))
    line = re.search(r'name="line" value="([a-z2-7]{26})"', page).group(1)
    assert person.post(f"{path}achterhouden", {"line": line}).status_code == 422
    given = {"line": line, "ground": "home", "withhold": "Ouder leest mee."}
    assert person.post(f"{path}achterhouden", given).status_code == 303
    page = text_of(person.get(path))
    assert "Niet alles is te zien voor de melder." in page
    assert "Ouder leest mee." in page
    with desk.factory() as session:
        actor = desk.here.actor(session, desk.mentor)
        _case, opened = case_records.open_for(session, actor=actor, case_id=desk.case_id)
        hidden = traces.withheld_from_now_on(session, opened)
        assert not hidden  # a reading alone says nothing of who follows
    assert person.post(f"{path}tonen").status_code == 303
    page = text_of(person.get(path))
    assert "Niet alles is te zien voor de melder." not in page
