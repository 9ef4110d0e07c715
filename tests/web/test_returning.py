"""Coming back: the code in any shape, one answer for every wrong one, and writing both ways."""

import io
import re

import pytest
from sqlalchemy import func, select

from portal.models import EvidenceItem, Report
from portal.services import case_work, transaction
from portal.web import limits
from tests.web.reporter_site import SLUG, STORY, Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def code(site):
    phone = site.phone()
    phone.tell()
    phone.answer({"people-accused": "@2b_zonder_n"})
    phone.upload(("eerste.png", b"\x89PNG" + b"1" * 500))
    phone.send()
    return phone.code()


def shapes(code):
    grouped = "-".join(code[start : start + 4] for start in range(0, 16, 4))
    return {
        "plain": code,
        "lower": code.lower(),
        "dashes": grouped,
        "spaces": f"  {grouped.replace('-', ' ')} ",
        "letters": code.replace("0", "o").replace("1", "I"),
    }


@pytest.mark.parametrize("shape", ["plain", "lower", "dashes", "spaces", "letters"])
def test_the_code_opens_the_report_in_every_shape(site, code, shape):
    phone = site.phone()
    phone.get("verder")
    phone.submit("/verder", {"code": shapes(code)[shape]})
    assert phone.path == f"/{SLUG}/gesprek"
    assert STORY[:20] in phone.page.text
    assert "@2b_zonder_n" in phone.page.text
    assert "eerste.png" in phone.page.text


def test_wrong_half_guessed_and_empty_codes_get_one_answer_and_stay(site, code):
    phone = site.phone()
    wrong = ["", code[:8], "0000000000000000", code[:-1] + ("2" if code[-1] != "2" else "3"), "é?!"]
    sentences = set()
    for typed in wrong:
        phone.get("verder")
        page = phone.submit("/verder", {"code": typed})
        assert page.status == 400
        assert page.form("/verder")["fields"]["code"] == typed
        sentences.add(page.html.split('id="code-error"')[1].split("</p>")[0])
    assert len(sentences) == 1
    assert "Deze code klopt niet." in phone.page.text


def test_a_code_opens_nothing_at_another_school(site, code):
    phone = site.phone()
    assert phone.client.post("/elders/verder", data={"code": code}).status_code == 404


def use_up_wrong_codes(phone):
    """Try wrong codes until the page asks for patience."""
    phone.get("verder")
    for tried in range(700):
        if phone.submit("/verder", {"code": "WRONG"}).status == 429:
            return tried
    raise AssertionError("never slowed")


def test_a_class_that_types_wrong_codes_slows_nobody(site, code):
    phone = site.phone()
    phone.get("verder")
    for _ in range(100):
        assert phone.submit("/verder", {"code": "WRONG"}).status == 400
    phone.submit("/verder", {"code": code})
    assert phone.path == f"/{SLUG}/gesprek"


def test_a_flood_of_wrong_codes_asks_for_a_moment_and_then_lets_a_right_one_through(site, code):
    machine = site.phone()
    assert use_up_wrong_codes(machine) == 600
    phone = site.phone()
    phone.get("verder")
    page = phone.submit("/verder", {"code": code})
    assert page.status == 429
    assert phone.response.headers["Retry-After"] == "3"
    assert page.form("/verder")["fields"]["code"] == code
    assert "Wacht even" in page.text
    assert phone.submit("/verder", {"code": code}).status == 429  # too early
    site.clock.forward(seconds=4)
    assert machine.submit("/verder", {"code": "WRONG"}).status in {400, 429}
    phone.submit("/verder", {"code": code})
    assert phone.path == f"/{SLUG}/gesprek"


def test_a_ticket_is_ours_and_serves_few_tries(site, code):
    machine = site.phone()
    use_up_wrong_codes(machine)
    ticket = machine.page.form("/verder")["fields"]["waited"]
    site.clock.forward(seconds=4)
    post = machine.client.post
    for made_up in ("", "1.2.3", "é", ticket[:-1] + "x"):
        form = {"code": "WRONG", "waited": made_up}
        assert post(f"/{SLUG}/verder", data=form).status_code == 429
    form = {"code": "WRONG", "waited": ticket}
    answers = [post(f"/{SLUG}/verder", data=form).status_code for _ in range(5)]
    assert answers == [400] * 3 + [429] * 2
    site.clock.forward(minutes=11)
    late = {"code": code, "waited": machine.page.form("/verder")["fields"]["waited"]}
    assert post(f"/{SLUG}/verder", data=late).status_code == 429


def test_good_codes_and_reports_of_one_address_are_never_slowed(site, code):
    for _ in range(30):
        phone = site.phone()
        phone.get("verder")
        phone.submit("/verder", {"code": code})
        assert phone.page.status == 200
    for _ in range(30):
        phone = site.phone()
        phone.tell()
        assert phone.page.status == 200


def test_the_counters_do_not_hold_the_address(site):
    with site.app.test_request_context("/", environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        today = limits.address_key()
        assert "192.0.2.7" not in today
        assert limits.address_key() == today
    site.clock.forward(days=1)
    with site.app.test_request_context("/", environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        assert limits.address_key() != today


@pytest.fixture
def back(site, code):
    phone = site.phone()
    phone.get("verder")
    phone.submit("/verder", {"code": code})
    return phone


def test_the_headline_says_in_plain_words_where_it_stands(back):
    assert "Het is binnen bij school" in back.page.text
    assert "Ontvangen" in back.page.text
    assert back.page.text.index("Ontvangen") < back.page.text.index("Klaar")
    assert "Mevrouw Vos" in back.page.text


def test_writing_to_the_school_stands_in_the_conversation(back):
    back.submit("/gesprek", {"text": "Is er al iets?\r\nIk wacht."})
    assert back.path == f"/{SLUG}/gesprek"
    assert "Is er al iets?\nIk wacht." in back.page.html
    assert "Dinsdag 17 november" in back.page.text


def test_a_reply_of_the_school_is_the_headline_and_stands_in_the_conversation(site, back):
    report = site.session.scalars(select(Report)).one()
    case_work.reply(
        site.session,
        actor=site.actors["VOS"],
        case_id=report.case_id,
        report_id=report.id,
        text="Dank je.\nWil je praten?",
        now=site.clock(),
    )
    transaction.commit(site.session)
    page = back.get("gesprek")
    assert "Mevrouw Vos heeft geschreven. Lees het hieronder." in page.text
    assert "Dank je.\nWil je praten?" in page.html
    assert re.search(r'class="now"[^>]*><span><b>In gesprek', page.html)
    site.clock.forward(minutes=1)
    page = back.submit("/gesprek", {"text": "Ja, graag."})
    assert "heeft geschreven" not in page.text
    assert "Hieronder staan de berichten." in page.text


def test_the_readers_stand_with_their_roles(back):
    readers = back.page.html.partition("Wie dit leest")[2].partition("</ul>")[0]
    assert re.search(r"<li>(<bdi>)?Mevrouw Vos(</bdi>)?, \w+", readers)
    assert all(", " in one for one in re.findall("<li>(.*?)</li>", readers))


def test_files_stand_in_one_order_before_sending_on_the_receipt_and_later(site):
    phone = site.phone()
    phone.tell()
    for name in ("c.txt", "a.txt", "d.txt", "b.txt"):
        phone.upload((name, name.encode()))
        site.clock.forward(minutes=2)
    phone.send()
    sent = re.findall(r"<bdi>(\w\.txt)</bdi>", phone.page.html)
    code = phone.code()
    phone = site.phone()
    phone.get("verder")
    phone.submit("/verder", {"code": code})
    assert re.findall(r"<bdi>(\w\.txt)</bdi>", phone.page.html) == sent
    assert sent == ["c.txt", "a.txt", "d.txt", "b.txt"]


@pytest.mark.parametrize(
    ("text", "words"), [("  ", "Schrijf eerst iets op."), ("x" * 50_001, "te lang")]
)
def test_an_empty_or_endless_message_is_refused_and_kept(back, text, words):
    page = back.submit("/gesprek", {"text": text})
    assert page.status == 400
    assert words in page.text
    assert page.form("/gesprek")["fields"]["text"] == text


def test_a_file_can_be_added_after_the_question(site, back):
    back.get("gesprek/bestanden")
    assert 'type="file"' not in back.page.html
    back.submit("/vraag", {"intimate": "no"})
    files = [(io.BytesIO(b"later"), "later.txt")]
    back.submit("gesprek/bestanden", {"files": files}, content_type="multipart/form-data")
    assert back.path == f"/{SLUG}/gesprek/bestanden"  # which says what it gives away
    assert "later.txt" in back.page.text
    assert "later.txt" in back.get("gesprek").text
    site.session.expire_all()
    assert site.session.scalar(select(func.count()).select_from(EvidenceItem)) == 2


def test_an_intimate_file_leads_to_help_also_later(back):
    back.get("gesprek/bestanden")
    page = back.submit("/vraag", {"intimate": "unsure"})
    assert "Stuur die foto niet naar ons" in page.text
    assert "0800-0188" in page.text
    assert 'type="file"' not in page.html


def test_an_empty_file_later_is_said_in_plain_words(back):
    back.get("gesprek/bestanden")
    back.submit("/vraag", {"intimate": "no"})
    files = [(io.BytesIO(b""), "leeg.txt")]
    back.submit("gesprek/bestanden", {"files": files}, content_type="multipart/form-data")
    assert "Dit bestand is leeg." in back.page.text


def test_after_ten_minutes_nothing_is_shown_until_go_on(site, back):
    site.clock.forward(minutes=11)
    page = back.get("gesprek")
    assert STORY[:20] not in page.html
    back.submit("/gesprek/hier", {"then": "go"})
    assert STORY[:20] in back.page.html


def test_a_message_after_the_session_ended_is_shown_once_more(site, back):
    site.clock.forward(hours=2)
    page = back.submit("/gesprek", {"text": "Dit wil ik niet kwijt."})
    assert page.status == 410
    assert "Dit wil ik niet kwijt." in page.html
    assert f"/{SLUG}/verder" in page.links


def test_without_a_code_there_is_no_conversation(site):
    phone = site.phone()
    phone.client.set_cookie("v", "long-over")
    page = phone.get("gesprek")
    assert page.status == 410
    assert f"/{SLUG}/verder" in page.links


def test_coming_back_makes_no_second_report(site, back):
    assert back.page.status == 200
    site.session.expire_all()
    assert site.session.scalar(select(func.count()).select_from(Report)) == 1


def test_leaving_after_coming_back_closes_the_conversation(back):
    back.client.post(f"/{SLUG}/weg")
    page = back.get("gesprek")
    assert STORY[:20] not in page.html
    assert "Lindecollege" not in page.html
    assert "113" not in page.text


def test_a_file_first_keeps_the_message_that_was_being_typed(back):
    assert ("then", "files") in back.page.form("/gesprek")["buttons"]
    back.submit("/gesprek", {"text": "Nog niet af", "then": "files"})
    assert back.path == f"/{SLUG}/gesprek/bestanden"
    page = back.get("gesprek")
    assert page.form("/gesprek")["fields"]["text"] == "Nog niet af"
    back.submit("/gesprek", {"text": "Nu wel af"})
    assert back.page.form("/gesprek")["fields"]["text"] == ""
    assert "Nu wel af" in back.page.html
    assert "Nog niet af" not in back.page.html


@pytest.mark.parametrize("then", ["", "files"])
def test_words_of_danger_written_later_bring_help_at_once(back, then):
    assert "Hier kun je nu terecht" not in back.page.text
    page = back.submit("/gesprek", {"text": "ik wil niet meer leven", "then": then})
    card = page.text.partition("Hier kun je nu terecht")[2]
    assert "113" in card.partition("Staat er iemand")[0].partition("Het is binnen")[0]
    back.get("gesprek")
    back.submit("/gesprek", {"text": "Het gaat weer."})
    assert "Hier kun je nu terecht" not in back.page.text
