"""The front door: what a pupil sees first, with and without JavaScript, within the budget."""

import re
from datetime import UTC, date, datetime, time, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from portal.web import helplines
from tests.web.pages import make_app

CSS = Path(__file__).parents[2] / "static" / "css"
PAGES = ("", "hulp", "zo-werkt-het", "ouders", "gegevens", "toegankelijkheid", "gids", "bureau")


class Tags(HTMLParser):
    """Collect start tags and the title of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.title, self._in_title = [], "", False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._in_title = tag == "title"

    def handle_data(self, data):
        if self._in_title:
            self.title += data
            self._in_title = False

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture
def client(tmp_path):
    return make_app(tmp_path).test_client()


def test_several_schools_are_listed_at_the_root(client):
    links = {attrs["href"] for attrs in Tags(client.get("/").text).all("a")}
    assert {"/waterkant/", "/veldlyceum/"} <= links


def test_the_only_school_has_its_front_page_at_the_root(tmp_path):
    client = make_app(tmp_path, slugs=("waterkant",)).test_client()
    assert client.get("/").text == client.get("/waterkant/").text


def test_every_perspective_is_a_button_in_one_form_that_posts(client):
    page = Tags(client.get("/waterkant/").text)
    chosen = {a["value"] for a in page.all("button") if a.get("name") == "perspective"}
    assert chosen == {"self", "other", "unsure", "participant", "staff"}
    assert 'href="/waterkant/ouders"' in client.get("/waterkant/").text
    forms = [(attrs["method"], attrs["action"]) for attrs in page.all("form")]
    expected = ["/weg", "/waterkant/taal", "/waterkant/begin"]
    assert forms == [("post", address) for address in expected]


def test_a_school_that_is_not_open_takes_no_report_and_shows_help(tmp_path):
    page = make_app(tmp_path, opened=False).test_client().get("/waterkant/").text
    assert "perspective" not in page
    assert "Melden kan hier nog niet" in page
    assert "tel:08000432" in page


def test_the_front_page_says_what_the_schools_wifi_shows_and_where_a_code_goes(client):
    page = client.get("/waterkant/").text
    assert "kan de school zien dat je deze site opent, niet wat je schrijft" in page
    assert 'href="/waterkant/verder"' in page


def test_an_unknown_school_is_a_calm_404(client):
    answer = client.get("/nergens/")
    assert answer.status_code == 404
    assert "Deze pagina is er niet" in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_title_tells_the_browser_history_nothing(client, path):
    title = Tags(client.get(f"/waterkant/{path}").text).title
    assert title.removeprefix("Fout: ") == "Lyceum Waterkant"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_sets_no_cookie_and_has_no_inline_script_or_style(client, path):
    answer = client.get(f"/waterkant/{path}")
    page = Tags(answer.text)
    assert "Set-Cookie" not in answer.headers
    assert not page.all("style")
    assert all(attrs.get("src", "").startswith("/static/") for attrs in page.all("script"))
    inline = {"style", *(f"on{event}" for event in ("click", "load", "submit", "error"))}
    assert not [tag for tag, attrs in page.tags if inline & attrs.keys()]


@pytest.mark.parametrize("path", ["", "gids"])
def test_ids_are_unique_and_every_field_has_a_label(client, path):
    page = Tags(client.get(f"/waterkant/{path}").text)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    labelled = {attrs.get("for") for attrs in page.all("label")}
    fields = [*page.all("input"), *page.all("textarea")]
    boxes = {"radio", "checkbox", "hidden"}  # these stand inside their label
    assert {attrs["id"] for attrs in fields if attrs.get("type") not in boxes} <= labelled


def test_the_landing_page_stays_within_its_budget(client):
    page = client.get("/waterkant/").text
    tags = Tags(page)
    parts = [a["href"] for a in tags.all("link")] + [a["src"] for a in tags.all("script")]
    assert len(parts) + 1 <= 4
    assert all(part.startswith("/static/") for part in parts)
    sizes = [_size(client, part) for part in parts]
    assert len(page.encode()) + sum(sizes) <= 50_000


def _size(client, part):
    with client.get(part) as answer:
        return len(answer.data)


def test_the_stylesheets_stay_within_their_budget():
    assert (CSS / "reporter.css").stat().st_size <= 18_432
    assert (CSS / "staff.css").stat().st_size <= 12_288


def test_stylesheets_know_no_left_and_right_so_that_arabic_comes_free():
    physical = r"-(?:left|right)\b|[\s;{](?:left|right):|: (?:left|right);"
    for sheet in CSS.glob("*.css"):
        # The margins of a sheet of paper have no other names.
        words = re.sub(r"@(?:top|bottom)-(?:left|right)\b", "", sheet.read_text())
        assert not re.findall(physical, words), sheet.name


def _luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(first, second):
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_colours_reach_contrast_in_both_themes(theme):
    sheet = (CSS / "reporter.css").read_text()
    light, dark = sheet.split("prefers-color-scheme: dark")[:2]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6})", light))
    if theme == "dark":
        colours |= dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6})", dark))
    for ink in ("ink", "ink2"):
        for ground in ("ground", "surface", "sink", "glow"):
            if (ink, ground) != ("ink2", "glow"):  # never used together
                assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ink, ground, least in (
        ("school-ink", "school", 7),
        ("sun-ink", "sun", 7),
        ("coral", "coral-soft", 4.5),
        ("coral", "surface", 4.5),
        ("coral", "ground", 4.5),
        ("leaf", "leaf-soft", 4.5),
        ("leaf", "ground", 4.5),
        ("line", "surface", 3),
        ("line", "ground", 3),
    ):
        assert _contrast(colours[ink], colours[ground]) >= least, (ink, ground)


def test_help_lines_put_free_numbers_first_and_never_show_paid_ones_to_a_pupil_in_need():
    lines = helplines.every_line()
    assert [line.free for line in lines] == sorted((line.free for line in lines), reverse=True)
    for situation in ("talk", "danger", "suicide", "sexual", "home"):
        found = helplines.for_situation(situation)
        assert found, situation
        assert not [line for line in found if line.phone.startswith("0900")]


EVENING = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CHRISTMAS = datetime(2026, 12, 25, 12, 0, tzinfo=UTC)


def test_who_answers_now_stands_before_who_does_not():
    keys = [line.key for line in helplines.for_situation("talk", "pupil", NOON)]
    assert keys == ["112", "kindertelefoon", "113"]
    keys = [line.key for line in helplines.for_situation("talk", "pupil", EVENING)]
    assert keys == ["112", "113", "kindertelefoon"]
    for moment in (NOON, EVENING, CHRISTMAS):
        for situation in ("images", "police", "rights"):
            paid = [
                line.phone.startswith("0900")
                for line in helplines.for_situation(situation, None, moment)
            ]
            assert paid == sorted(paid)


def test_a_help_line_opens_in_school_time_and_not_on_a_public_holiday():
    lines = {line.key: line for line in helplines.every_line()}
    assert lines["kindertelefoon"].answers(CHRISTMAS)
    at = lines["kindertelefoon"].opening(EVENING).opens_at
    assert (at.day, at.hour, at.utcoffset()) == (21, 11, timedelta(hours=1))
    inspector = lines["vertrouwensinspecteur"]
    assert inspector.answers(NOON)
    assert not inspector.answers(CHRISTMAS)
    assert inspector.opening(CHRISTMAS).opens_at.day == 28
    assert lines["helpwanted"].opening(NOON) is None


def test_lines_that_nobody_checked_for_a_year_are_named():
    first = min(line.checked_on for line in helplines.every_line())
    then = datetime.combine(first, time(12), UTC)
    assert helplines.overdue(then + timedelta(days=365)) == []
    assert helplines.overdue(then + timedelta(days=366))


def test_a_help_line_says_who_checked_it_where_and_when():
    for line in helplines.every_line():
        assert line.source
        assert date(2026, 1, 1) <= line.checked_on <= date.today()  # noqa: DTZ011 - a day in a file
        assert line.tel.isdigit() or line.chat or line.url
        assert line.tel.isdigit() or not line.phone


def test_right_to_left_languages_turn_the_page(tmp_path):
    page = make_app(tmp_path, language="ar").test_client().get("/waterkant/").text
    assert '<html lang="ar" dir="rtl">' in page


def test_pages_speak_calmly(client):
    for path in PAGES[:6]:
        text = re.sub(r"<[^>]+>", " ", client.get(f"/waterkant/{path}").text)
        text = re.sub(r"(?i)slachtofferhulp( nederland|\.nl)", "", text)  # what the line is called
        assert "!" not in text
        text = text.replace("Slachtofferhulp Nederland", "")  # that is what it is called
        assert not re.search(r"(?i)helaas|slachtoffer|dader|succes", text)


def test_search_engines_find_the_front_door_and_nothing_of_the_staff(client):
    assert "X-Robots-Tag" not in client.get("/waterkant/hulp").headers
    for path in ("/waterkant/bureau/inloggen", "/nergens/te/vinden"):
        assert client.get(path).headers["X-Robots-Tag"] == "noindex, nofollow", path
