"""The guides and the incidents in a real browser, without scripts and with axe, small and wide."""

import threading

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from portal import data
from tests.axe import violations
from tests.browsing import follow
from tests.web.reporter_site import SLUG, STORY, Site

LOOKS = ((320, "dark"), (1280, "light"))
EVERY = [guide.key for guide in data.guides().every]
# The other side sees it; filming. The rest only in the full sweeps.
SOME = ("snapchat", "scherm")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}/{SLUG}/"
    server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield started
        started.close()


@pytest.fixture
def phone(chromium, address):
    """A function that opens a browser with a draft in it."""
    opened = []

    def begin(width=360, scheme="light", *, javascript=True):
        context = chromium.new_context(
            viewport={"width": width, "height": 740},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=javascript,
            bypass_csp=True,
            locale="nl-NL",
        )
        opened.append(context)
        page = context.new_page()
        page.goto(address)
        follow(page, page.get_by_role("button", name="Over mij"))
        page.fill("[name=story-story]", STORY)
        follow(page, page.get_by_role("button", name="Verder", exact=True))
        return page

    yield begin
    for context in opened:
        context.close()


def look(page):
    assert [(page.url, fault) for fault in violations(page)] == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0, page.url


def tap(page):
    small = page.evaluate(
        """() => [...document.querySelectorAll("main :is(a, button, summary, label.chip)")]
        .filter((e) => e.checkVisibility() && !e.closest(".vh") && !e.matches(".vh"))
        .map((e) => [e.innerText, e.getBoundingClientRect().height])
        .filter(([, height]) => height < 43.5)"""
    )
    assert small == [], page.url


@pytest.mark.sweep  # tests/tour passes by these pages in every run
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_and_everything_can_be_tapped(phone, address, full_sweeps, width, scheme):
    page = phone(width, scheme)
    pages = EVERY if full_sweeps else SOME
    for path in ("bewaren", "bewaren/niets", *(f"bewaren/{key}" for key in pages)):
        page.goto(address + path)
        look(page)
        tap(page)
    page.goto(address + "vraag/online")
    page.locator("label:has([name=online-happened][value=yes])").click()
    follow(page, page.get_by_role("button", name="Verder", exact=True))
    page.get_by_text("Meer hierover").click()
    page.fill("[name=online-incidents-0-url]", "https://www.instagram.com/p/1?igsh=abc")
    follow(page, page.get_by_role("button", name="Nog een bericht of account"))
    for path in ("vraag/online", "bestanden", "nakijken"):
        page.goto(address + path)
        page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
        look(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_one_tap_leads_to_the_guide_and_back_with_everything_still_there(phone, javascript):
    page = phone(javascript=javascript)
    page.goto(page.url.replace("/wie", "/online"))
    page.locator("label:has([name=online-happened][value=yes])").click()
    follow(page, page.get_by_role("button", name="Verder", exact=True))
    page.locator("label:has([value=snapchat])").click()
    page.fill("[name=online-incidents-0-account]", "@een\n@twee")
    follow(page, page.get_by_role("button", name="Hulp bij bewaren"))
    assert page.url.endswith("/bewaren/snapchat")
    assert page.inner_text("h1") == "Bewaren uit Snapchat"
    follow(page, page.get_by_role("link", name="Terug naar de vragen"))
    assert page.input_value("[name=online-incidents-0-account]") == "@een\n@twee"
    assert page.is_checked("[name=online-incidents-0-platform][value=snapchat]")


def test_a_drawing_is_small_and_says_nothing_to_a_screen_reader(phone, address):
    page = phone()
    page.goto(address + "bewaren/whatsapp")
    drawings = page.locator("svg.pic").all()
    assert drawings
    for drawing in drawings:
        assert drawing.get_attribute("aria-hidden") == "true"
        assert len(drawing.evaluate("e => e.outerHTML")) <= 600
