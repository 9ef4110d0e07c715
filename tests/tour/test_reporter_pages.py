"""Every page of the reporter, held against the rules that all of them keep to.

By default in two languages and a few looks; with the full sweeps in all languages, widths and
looks. Which pages there are is counted by the templates that were rendered.
"""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.tour import checks
from tests.tour.reporter import LANGUAGES, served, tour
from tests.web.reporter_site import Site

TEMPLATES = Path(__file__).parents[2] / "templates" / "reporter"
SOME = ((320, "light"), (1280, "dark"), (360, "forced"), (360, "large"))
EVERY = tuple((width, look) for width in checks.WIDTHS for look in checks.LOOKS)
# Shown while other uploads take all places (tests/web/test_body.py meets it), and where one
# instance has several schools (tests/web/test_front.py).
NOT_ON_THE_TOUR = {"reporter/busy.html", "reporter/schools.html"}
RIGHT_TO_LEFT = "ar"


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield started
        started.close()


@pytest.fixture
def going(chromium, tmp_path):
    """A function that begins a tour in a language."""
    site = Site(tmp_path, smtp_host="127.0.0.1")
    with served(site) as home:

        def begin(language):
            return tour(site, chromium, home, language)

        yield begin


def looked_at(page, looks):
    """Say what is wrong with the page that is open."""
    found = checks.malformed(page.content())
    checks.unfold(page)
    for width, look in looks:
        checks.put_on(page, width, look)
        found += [f"{width} {look}: {fault}" for fault in checks.faults(page, look)]
    checks.put_on(page, 360, "light")
    found += [f"too small: {one}" for one in checks.small_targets(page)]
    return found + [f"focus not seen: {one}" for one in checks.lost_focus(page)]


@pytest.mark.parametrize(
    "language",
    [
        one if one in ("nl", RIGHT_TO_LEFT) else pytest.param(one, marks=pytest.mark.sweep)
        for one in LANGUAGES
    ],
)
def test_every_page_is_open_to_everybody(going, language, full_sweeps):
    with going(language) as visit:
        found = []
        for name in visit.stops():
            assert visit.page.locator("html").get_attribute("lang") == language, name
            direction = "rtl" if language == RIGHT_TO_LEFT else "ltr"
            assert visit.page.locator("html").get_attribute("dir") == direction, name
            looks = EVERY if full_sweeps else SOME
            found += [f"{name}: {fault}" for fault in looked_at(visit.page, looks)]
        assert not found, "\n".join(found)
        assert expected_templates() - visit.rendered == set()


def expected_templates():
    pages = {f"reporter/{one.name}" for one in TEMPLATES.glob("*.html") if one.name[0] != "_"}
    return pages - NOT_ON_THE_TOUR
