"""Sending: who reads it, once and only once, the receipt, and leaving nothing behind."""

import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import werkzeug.formparser
from sqlalchemy import func, select

from portal.models import Case, Report
from tests.web.reporter_site import SLUG, STORY, Site
from tests.web.tus_sender import CHUNK, Sender, content


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


def test_a_name_needs_somebody_who_may_know_it(phone):
    phone.tell()
    phone.get("vraag/naam")
    page = phone.answer({"name-name": "Noor"})
    assert page.status == 400
    assert "Kies wie de naam mag weten." in page.text
    assert page.form("/naam")["fields"]["name-name"] == "Noor"
    page = phone.answer({"name-who": "role", "name-name": "Noor"})
    assert "Kies aan wie de naam mag." in page.text
    page = phone.answer({"name-who": "handlers", "name-name": ""})
    assert "Vul een naam in" in page.text
    phone.answer({"name-who": "handlers", "name-name": "Noor"})
    assert "Je naam: Noor" in phone.get("nakijken").text


def test_the_limit_of_the_name_is_said_where_it_is_asked(phone):
    phone.tell()
    text = phone.get("vraag/naam").text
    assert "kan soms raden van wie het komt" in text
    assert "Dan kunnen twee mensen samen je naam openen." in text


def test_the_readers_are_named_and_the_button_says_to_whom(site, phone):
    phone.tell()
    phone.answer(
        {"classes-subject": [site.class_id("1A")], "classes-accused": [site.class_id("1A")]}
    )
    text = phone.get("nakijken").text
    assert re.search(r"Mevrouw Bakker\s*, mentor", text)
    assert "Verstuur naar mevrouw Bakker" in text


def test_one_tap_shuts_somebody_out_and_one_lets_them_in_again(site, phone):
    phone.tell()
    phone.answer(
        {"classes-subject": [site.class_id("1A")], "classes-accused": [site.class_id("1A")]}
    )
    phone.get("nakijken")
    phone.submit("/lezers", {"exclude": site.staff_id("BAK")})
    assert "Mevrouw Bakker kan dit niet openen en hoort er niets over." in phone.page.text
    assert "Verstuur naar mevrouw Bakker" not in phone.page.text
    assert "mevrouw Vos" in phone.page.text
    assert "Je sloot iemand uit. Daarom lezen deze mensen het." in phone.page.text
    assert "leest deze melding niet mee" not in phone.page.text
    assert "in plaats daarvan" not in phone.page.text
    phone.submit("/lezers", {"allow": site.staff_id("BAK")})
    assert "Verstuur naar mevrouw Bakker" in phone.page.text


def test_somebody_else_can_be_preferred(site, phone):
    phone.tell()
    phone.get("nakijken")
    phone.submit("/lezers", {"prefer": site.staff_id("DAM")})
    assert "Liever met Meneer Dam." in phone.page.text
    assert "Je koos zelf wie dit leest." in phone.page.text
    assert "De melder" not in phone.page.text
    phone.submit("/lezers", {"exclude": site.staff_id("DAM")})
    assert "Liever met Meneer Dam." not in phone.page.text


def test_when_too_few_are_left_it_says_so_and_sends_nothing(site, phone):
    phone.tell()
    phone.get("nakijken")
    form = phone.page.form("/nakijken")
    for code in ("BAK", "WIT", "VOS", "DAM", "LUI"):
        phone.submit("/lezers", {"exclude": site.staff_id(code)})
    assert "Laat hieronder iemand toe." in phone.page.text
    assert not any(form["action"].endswith("/nakijken") for form in phone.page.forms)
    assert "Laat eerst iemand toe die je uitsloot." in phone.page.text
    assert phone.post(form["action"], form["fields"]).status == 400
    assert sent_reports(site) == 0
    for code in ("VOS", "DAM"):
        phone.submit("/lezers", {"allow": site.staff_id(code)})
    phone.submit("/nakijken")
    assert sent_reports(site) == 1


def test_many_files_stand_as_a_number_with_their_names_folded(phone):
    phone.tell()
    phone.upload(*((f"bewijs{number}.txt", b"%d" % number) for number in range(9)))
    page = phone.get("nakijken")
    assert re.search(r'<p class="you" dir="auto">9 bestanden</p>', page.html)
    assert "bewijs8.txt" in page.html.partition("<details")[2]
    phone.get("bestanden")
    phone.submit("/haal-weg", {"remove": dict(phone.page.form("/haal-weg")["buttons"])["remove"]})
    assert "9 bestanden" not in phone.get("nakijken").text


def test_a_member_of_staff_named_as_accused_is_shut_out(site, phone):
    phone.tell()
    phone.answer({"classes-other": ["staff"], "classes-staff": [site.staff_id("BAK")]})
    phone.send()
    assert phone.path == f"/{SLUG}/klaar"
    assert "Mevrouw Bakker" not in phone.page.text


def test_sending_without_a_story_is_refused_in_words(phone):
    phone.begin()
    page = phone.send()
    assert page.status == 400
    assert "Schrijf eerst op wat er is gebeurd." in page.text


def test_the_receipt_says_who_when_and_what_to_keep(phone):
    phone.tell()
    page = phone.send()
    assert "Je melding is binnen." in page.text
    assert re.search(r"Mevrouw Vos\s+leest het", page.text)
    assert "uiterlijk do 19 nov" in page.text
    assert "’s Avonds en in het weekend leest niemand mee." in page.text
    assert "0800-0432" in page.text


def test_sending_twice_and_reloading_give_the_same_receipt(site, phone):
    phone.tell()
    phone.get("nakijken")
    form = phone.page.form("/nakijken")
    phone.submit("/nakijken")
    code = phone.code()
    phone.post(form["action"], form["fields"])
    assert phone.code() == code
    phone.get("klaar")
    assert phone.code() == code
    assert sent_reports(site) == 1


def test_two_taps_at_the_same_instant_make_one_report(site, phone):
    phone.tell()
    phone.get("nakijken")
    form = phone.page.form("/nakijken")
    cookie = phone.client.get_cookie("v").value

    def tap(_):
        client = site.app.test_client()
        client.set_cookie("v", cookie)
        return client.post(form["action"], data=form["fields"], follow_redirects=True)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(tap, range(4)))
    codes = {tuple(re.findall(r"<span>(\w{4})</span>", answer.text)) for answer in answers}
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(codes) == 1
    assert sent_reports(site) == 1
    assert site.session.scalar(select(func.count()).select_from(Case)) == 1


def test_back_after_the_receipt_shows_nothing_that_was_typed(phone):
    phone.tell()
    phone.send()
    for path in ("nakijken", "vraag/verhaal", "bestanden", "vraag/naam"):
        page = phone.get(path)
        assert STORY[:20] not in page.html
        assert "Al verstuurd." in page.text


def test_the_code_is_shown_for_half_an_hour_and_not_after(site, phone):
    phone.tell()
    phone.send()
    code = phone.code()
    site.clock.forward(minutes=12)
    assert code[:4] not in phone.get("klaar").html
    phone.submit("/hier", {"then": "go"})
    assert phone.code() == code
    site.clock.forward(minutes=19)
    page = phone.get("klaar")
    assert code[:4] not in page.html
    assert "Al verstuurd." in page.text


def test_typing_after_sending_keeps_the_text_on_the_page(phone):
    phone.tell()
    form = phone.page.form("/wie")
    phone.send()
    page = phone.post(form["action"], {**form["fields"], "people-accused": "Nog iets vergeten"})
    assert "Nog iets vergeten" in page.html
    assert "Al verstuurd." in page.text


def test_leaving_ends_the_session_and_goes_to_a_page_about_nothing(site, phone):
    phone.tell()
    answer = phone.client.post(f"/{SLUG}/weg")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "https://weer.example/nu"
    assert answer.headers["Cache-Control"] == "no-store"
    assert phone.client.get_cookie("v") is None
    for path in ("vraag/verhaal", "bestanden", "nakijken", "klaar"):
        page = phone.get(path)
        assert page.status == 410
        assert " ".join(page.text.split()).endswith("Hier staat niets. Naar de eerste pagina")
        for told in (STORY[:20], "Lindecollege", "Snel weg", "Hulp", "113", "0800"):
            assert told not in page.html, (path, told)


def test_after_a_long_pause_it_is_explained_and_not_just_empty(site, phone):
    phone.tell()
    site.clock.forward(hours=3)
    page = phone.get("vraag/wie")
    assert page.status == 410
    assert "Na een lange pauze wissen wij wat er stond." in page.text
    assert "Lindecollege" in page.text


def test_leaving_works_without_a_session(phone):
    assert phone.client.post(f"/{SLUG}/weg").status_code == 303


def test_every_page_carries_the_way_out(phone):
    phone.tell()
    for path in ("vraag/wie", "bestanden", "bestanden/beschrijf", "nakijken", "verder"):
        phone.get(path)
        assert any(form["action"] == f"/{SLUG}/weg" for form in phone.page.forms), path


@pytest.mark.parametrize(
    ("story", "urgent"), [("Ik wil niet meer leven.", True), ("Ze verstoppen mijn tas.", False)]
)
def test_words_of_danger_make_somebody_look_today(site, phone, story, urgent):
    phone.tell(story)
    phone.get("nakijken")
    phone.send()
    assert site.session.scalars(select(Case.urgent)).all() == [urgent]


def test_a_file_in_an_ordinary_form_is_never_put_on_the_disk(phone, monkeypatch):
    def spooled(*_arguments, **_options):
        raise AssertionError("a form spooled a file")

    monkeypatch.setattr(werkzeug.formparser, "SpooledTemporaryFile", spooled, raising=False)
    monkeypatch.setattr(werkzeug.formparser, "TemporaryFile", spooled, raising=False)
    phone.begin()
    big = (io.BytesIO(b"x" * 2_000_000), "foto.png")
    page = phone.submit(
        "/verhaal", {"story-story": STORY, "foto": big}, content_type="multipart/form-data"
    )
    assert page.status == 200, page.text
    assert STORY in phone.get("nakijken").text


def begun_upload(phone, length, sent):
    """A file of which only the beginning came in."""
    sender = Sender(phone)
    sender.patch(sender.begin(length, filename="filmpje.mp4"), 0, content(sent))


def test_the_look_over_says_what_is_still_under_way_and_how_to_wait(phone):
    phone.tell()
    assert "onderweg" not in phone.get("nakijken").text
    begun_upload(phone, 4 * CHUNK, CHUNK)
    page = phone.get("nakijken")
    assert "Er is nog 1 bestand onderweg." in page.text
    assert re.search(r"filmpje\.mp4\s+25 % is binnen", page.text)
    assert f"/{SLUG}/bestanden" in page.links
    assert "Zonder kan ook" in page.text
    phone.submit("/nakijken")
    assert phone.path == f"/{SLUG}/klaar"
