"""A father of two, at night, without JavaScript: from the front page to the code, and back with it.

The clock is the test's own, so this runs on the application itself, in the real browser.
"""

import re
import threading
from datetime import UTC, datetime

import pytest
from werkzeug.serving import make_server

from tests.browsing import follow
from tests.web.reporter_site import SLUG, Site

NIGHT = datetime(2026, 11, 17, 22, 41, tzinfo=UTC)
STORY = "Mijn zoons worden bij de fietsen opgewacht. Zij durven er niet langs."
PUPIL_WORDS = re.compile(r"\b(je|jij|jou|jouw|jullie)\b", re.IGNORECASE)


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    site.clock.moment = NIGHT
    return site


@pytest.fixture
def page(site, browser):
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        java_script_enabled=False,
        locale="nl-NL",
        base_url=f"http://127.0.0.1:{server.port}",
    )
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()
    server.shutdown()


def read(page):
    """What stands in the main part; nothing in it may say "je" to a parent."""
    text = page.inner_text("main")
    assert not PUPIL_WORDS.search(text), (page.url, PUPIL_WORDS.search(text))
    return text


def press(page, words):
    follow(page, page.locator("main button, main a").filter(has_text=words).first)


def tell(page):
    """From the front page to the story, with both children."""
    page.goto(f"/{SLUG}/")
    follow(page, page.get_by_role("link", name="Ik ben ouder of verzorger"))
    assert "Tot dan vertelt school niets over uw kind" in read(page)
    press(page, "Begin met vertellen")
    page.fill("[name=children-children-0-name]", "Joep")
    page.locator("label:has([name=children-children-0-classes])", has_text="1A").click()
    press(page, "Nog een kind")
    assert page.input_value("[name=children-children-0-name]") == "Joep"
    page.fill("[name=children-children-1-name]", "Bram")
    page.locator("label:has([name=children-children-1-classes])", has_text="1B").click()
    press(page, "Verder")
    read(page)
    page.fill("[name=story-story]", STORY)
    press(page, "Verder")
    read(page)


def send(page):
    """Look it over and send it; gives the code."""
    page.goto(f"/{SLUG}/nakijken")
    looked_over = read(page)
    for line in ("Joep, 1A", "Bram, 1B", STORY):
        assert line in looked_over
    press(page, "Verstuur naar")
    receipt = read(page)
    assert "School gaat eerst na wie u bent" in receipt
    assert re.search(r"uiterlijk \w+ \d+ \w+", receipt)
    assert re.search(r"niemand", receipt), "it is night"
    return "".join(page.locator(".code span").all_inner_texts())


def test_a_father_tells_it_at_night_and_comes_back(page, site):
    tell(page)
    code = send(page)
    with page.expect_response(lambda answer: answer.url.endswith("/weg")):
        page.locator("main button", has_text="wis dit scherm").click()  # leads out of what is ours
    page = page.context.new_page()
    page.goto(f"/{SLUG}/ouders")
    follow(page, page.get_by_role("link", name="Ik heb een code"))
    page.fill("[name=code]", code)
    press(page, "Open uw melding")
    assert page.url.endswith("/gesprek")
    assert "Joep" in page.content()
    read(page)
    page.fill("[name=text]", "Het is vandaag weer gebeurd.")
    press(page, "Stuur")
    assert "Het is vandaag weer gebeurd." in read(page)
