"""Which language a page speaks, who chose it, and that choosing loses nothing."""

import re

import pytest
from sqlalchemy import select

from portal.models import Case, Report
from portal.services import cases, catalogues, reading, recovery
from portal.web import i18n
from portal.web.reporter import asked, wording
from tests.web.reporter_site import SLUG, STORY, Site

ARABIC = {"Accept-Language": "ar-SY,ar;q=0.9,nl;q=0.5"}


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def phone(site):
    return site.phone()


def language_of(page):
    return re.search(r'<html lang="(\w+)" dir="(\w+)">', page.html).groups()


def report_of(site):
    site.session.expire_all()
    return site.session.scalars(select(Report)).one()


def choose(phone, code):
    """Press the button of a language, in whatever form it stands."""
    form = next(f for f in phone.page.forms if ("then", f"taal:{code}") in f["buttons"])
    return phone.post(form["action"], {**form["fields"], "then": f"taal:{code}"})


def press_beside(phone, code, given):
    """Press a language's button that stands outside the page's form but sends it."""
    button = rf'<button name="then" value="taal:{code}"[^>]* form="page" formnovalidate>'
    assert re.search(button, phone.page.html)
    form = next(
        f
        for f in phone.page.forms
        if f'id="page" method="post" action="{f["action"]}"' in phone.page.html
    )
    return phone.post(form["action"], {**form["fields"], **given, "then": f"taal:{code}"})


def test_the_first_visit_speaks_what_the_browser_asks_for(site):
    said = {
        "ar-SY,ar;q=0.9,nl;q=0.5": ("ar", "rtl"),
        "pl": ("pl", "ltr"),
        "xx, *;q=0.1": ("nl", "ltr"),
        "fr-FR, en;q=0.3": ("en", "ltr"),
        "": ("nl", "ltr"),
    }
    for wanted, (code, direction) in said.items():
        answer = site.app.test_client().get(f"/{SLUG}/", headers={"Accept-Language": wanted})
        assert f'<html lang="{code}" dir="{direction}">' in answer.text, wanted
        assert "Set-Cookie" not in answer.headers


def test_the_switch_lists_every_other_language_in_its_own_script(phone):
    phone.get("")
    for name in ("English", "Türkçe", "العربية", "Polski", "Українська"):
        assert f">{name}</button>" in phone.page.html
    assert ">Nederlands</button>" not in phone.page.html


def test_a_choice_before_telling_is_a_cookie_of_this_visit_that_holds_only_the_language(phone):
    phone.get("")
    phone.post("taal", {"then": "taal:tr", "back": f"/{SLUG}/hulp"}, follow=False)
    cookie = phone.response.headers["Set-Cookie"]
    assert re.match(r"l=tr;", cookie)
    assert "HttpOnly" in cookie
    assert not re.search("Max-Age|Expires", cookie)
    assert phone.response.headers["Location"] == f"/{SLUG}/hulp"
    phone.get("")
    assert language_of(phone.page) == ("tr", "ltr")


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/other/hulp", ""])
def test_the_switch_leads_nowhere_else(phone, back):
    phone.post("taal", {"then": "taal:tr", "back": back}, follow=False)
    assert phone.response.headers["Location"] == f"/{SLUG}/"


@pytest.mark.parametrize("then", ["taal:xx", "taal:../../etc", "taal:", "tr", ""])
def test_a_language_that_is_not_there_changes_nothing(phone, then):
    phone.post("taal", {"then": then, "back": f"/{SLUG}/"}, follow=False)
    assert "Set-Cookie" not in phone.response.headers
    phone.get("")
    assert language_of(phone.page) == ("nl", "ltr")


def test_another_site_cannot_choose(phone):
    headers = {"Sec-Fetch-Site": "cross-site"}
    phone.post("taal", {"then": "taal:tr"}, follow=False, headers=headers)
    assert phone.response.status_code == 403


def test_once_there_is_a_session_only_that_holds_the_choice(site, phone):
    phone.get("")
    phone.post("taal", {"then": "taal:ar", "back": f"/{SLUG}/"})
    phone.begin()
    assert language_of(phone.page) == ("ar", "rtl")
    assert phone.client.get_cookie("l") is None
    assert report_of(site).language == "ar"
    phone.get("")
    assert language_of(phone.page) == ("ar", "rtl")
    phone.post("weg", {}, follow=False)
    phone.get("")
    assert language_of(phone.page) == ("nl", "ltr")


def test_choosing_in_the_middle_of_a_story_keeps_every_word(site, phone):
    phone.begin()
    press_beside(phone, "uk", {"story-story": STORY})
    assert phone.path == f"/{SLUG}/vraag/verhaal"
    assert STORY in phone.page.html
    assert language_of(phone.page) == ("uk", "ltr")
    assert report_of(site).language == "uk"


def test_choosing_with_an_empty_story_is_no_mistake(phone):
    phone.begin()
    press_beside(phone, "en", {})
    assert phone.page.status == 200
    assert phone.path == f"/{SLUG}/vraag/verhaal"
    assert 'role="alert"' not in phone.page.html


def test_choosing_beside_a_code_or_a_message_keeps_it(site, phone):
    phone.tell()
    phone.send()
    code = phone.code()
    other = site.phone()
    other.get("verder")
    press_beside(other, "pl", {"code": code})
    assert code in other.page.html
    assert language_of(other.page) == ("pl", "ltr")
    other.submit("/verder", {"code": code})
    assert other.path == f"/{SLUG}/gesprek"
    press_beside(other, "tr", {"text": "Het gebeurde weer."})
    assert "Het gebeurde weer." in other.page.html
    assert language_of(other.page) == ("tr", "ltr")
    assert report_of(site).language == "tr"


def test_who_comes_back_reads_the_language_of_the_report(site):
    phone = site.phone()
    phone.post("taal", {"then": "taal:ar", "back": f"/{SLUG}/"})
    phone.tell()
    phone.send()
    back = site.phone()
    back.get("verder")
    back.submit("/verder", {"code": phone.code()})
    assert language_of(back.page) == ("ar", "rtl")


def test_what_could_not_be_saved_stays_on_the_page_in_the_new_language(site, phone):
    phone.begin()
    site.clock.forward(hours=3)
    phone.answer({"story-story": STORY})
    assert phone.page.status == 410
    choose(phone, "ar")
    assert STORY in phone.page.html
    assert language_of(phone.page) == ("ar", "rtl")


def test_every_page_on_which_something_is_typed_sends_it_along(site, phone):
    """A switch with a form of its own would lose what was typed."""
    phone.tell()
    missing = []
    for path in (
        "over",
        "rol",
        "verhaal",
        "wie",
        "wanneer",
        "online",
        "eerder",
        "wensen",
        "naam",
        "nu",
    ):
        phone.get(f"vraag/{path}")
        if 'form="page" formnovalidate' not in phone.page.html:
            missing.append(path)
    assert not missing


def test_the_answer_keeps_the_question_as_it_was_shown_and_staff_read_it_in_dutch(
    site, monkeypatch
):
    said, real = {"Wat is er gebeurd?": "ماذا حدث؟"}, i18n.translate
    monkeypatch.setattr(asked, "translate", lambda text: said.get(text) or real(text))
    phone = site.phone()
    phone.post("taal", {"then": "taal:ar", "back": f"/{SLUG}/"})
    phone.tell()
    assert "ماذا حدث؟" in phone.get("nakijken").html
    phone.send()
    case = site.session.scalars(select(Case)).one()
    seen = cases.show(site.session, actor=site.actors["VOS"], case_id=case.id, now=site.clock())
    assert seen.reports[0].language == "ar"
    told = reading.lines_of(site.session, seen.reports[0], case.id)
    story = next(one for one in told if one.key == "story")
    assert (story.title, story.shown) == ("Wat is er gebeurd?", "ماذا حدث؟")
    assert story.asked[0] == "ماذا حدث؟"


def test_staff_pages_stay_dutch(site):
    answer = site.app.test_client().get(f"/{SLUG}/bureau/inloggen", headers=ARABIC)
    assert '<html lang="nl" dir="ltr">' in answer.text


def test_an_error_page_speaks_the_language_too(site):
    answer = site.app.test_client().get("/bestaat/niet/hier", headers=ARABIC)
    assert answer.status_code == 404
    assert '<html lang="ar" dir="rtl">' in answer.text


PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2);\\n"

#: a b
#, fuzzy
#| msgid "Vroeger"
msgid "Geraden"
msgstr "Guessed"

msgctxt "clock"
msgid "%(hour)s"
msgstr "at %(hour)s"

msgid ""
"two "
"\\"lines\\"\\n"
"here"
msgstr "one\\tline"

msgid "%(num)s bestand"
msgid_plural "%(num)s bestanden"
msgstr[0] "%(num)s plik"
msgstr[1] "%(num)s pliki"
msgstr[2] "%(num)s plików"

#~ msgid "gone"
#~ msgstr "gone"
"""


def test_a_dropped_po_file_is_read_with_its_plurals_and_without_guesses(tmp_path):
    path = tmp_path / "messages.po"
    path.write_text(PO, encoding="utf-8")
    read = catalogues.load(path)
    assert read.gettext("Geraden") == "Geraden"
    assert read.pgettext("clock", "%(hour)s") == "at %(hour)s"
    assert read.gettext('two "lines"\nhere') == "one\tline"
    forms = [read.ngettext("%(num)s bestand", "%(num)s bestanden", n) for n in (1, 3, 5)]
    assert forms == ["%(num)s plik", "%(num)s pliki", "%(num)s plików"]


def test_writing_a_catalogue_changes_nothing_in_it(tmp_path):
    first = catalogues.read(PO)
    again = catalogues.read(catalogues.write(first))
    assert again == first


def test_the_portals_own_message_about_an_opened_name_is_said_by_a_text_that_holds_it(site):
    kept = recovery.NAME_NOTICE.format(reason="gevaar <b>thuis</b>")
    with site.app.test_request_context(f"/{SLUG}/"):
        assert wording.notice(kept) == kept
        shown = "مرحبا %(reason)s"
        made = i18n.catalogue("nl")
        made.gettext = lambda text: shown if "%(reason)s" in text else text
        try:
            assert wording.notice(kept) == "مرحبا gevaar <b>thuis</b>"
        finally:
            del made.gettext


SOMALI = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgctxt "this language, in itself"
msgid "Nederlands"
msgstr "Soomaali"

msgctxt "this language, in Dutch"
msgid "Nederlands"
msgstr "Somalisch"

msgid "Wat is er gebeurd?"
msgstr "Maxaa dhacay?"

msgid "Snel weg"
msgstr "<b>Dhaqso</b> u bax"
"""


@pytest.fixture
def somali(tmp_path, monkeypatch):
    """A folder with one more language, begun and not finished."""
    place = tmp_path / "translations" / "so" / "LC_MESSAGES" / "messages.po"
    place.parent.mkdir(parents=True)
    place.write_text(SOMALI, encoding="utf-8")
    monkeypatch.setattr(i18n, "TRANSLATIONS", tmp_path / "translations")
    i18n.languages.cache_clear()
    i18n.catalogue.cache_clear()
    yield
    i18n.languages.cache_clear()
    i18n.catalogue.cache_clear()


@pytest.mark.usefixtures("somali")
def test_a_dropped_file_is_a_language_and_what_it_lacks_is_marked_as_dutch(tmp_path):
    phone = Site(tmp_path / "site").phone()
    phone.get("")
    assert '<button name="then" value="taal:so" lang="so" dir="ltr">Soomaali</button>' in (
        phone.page.html
    )
    phone.post("taal", {"then": "taal:so", "back": f"/{SLUG}/"})
    phone.begin()
    assert language_of(phone.page) == ("so", "ltr")
    assert "<h1>Maxaa dhacay?</h1>" in phone.page.html
    assert '<p lang="nl" dir="ltr">Schrijf zoals je het aan een vriend' in phone.page.html
    assert i18n.dutch_name("so") == "Somalisch"


def test_an_error_page_is_shown_even_where_the_session_cannot_be_opened(site, monkeypatch):
    phone = site.phone()
    phone.begin()
    site.app.testing = False

    def broken():
        raise RuntimeError

    monkeypatch.setattr(i18n.session, "any_current", broken)
    page = phone.get("nakijken")
    assert page.status == 500
    assert "Er ging bij ons iets mis" in page.text
    assert '<html lang="nl">' in page.html
