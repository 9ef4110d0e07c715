"""Every page of the reporter, held against the rules that all of them keep to.

By default in two languages and a few looks; with the full sweeps in all languages. Which pages
there are is counted by the templates that were rendered.
"""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.tour import checks
from tests.tour.reporter import LANGUAGES, served, tour
from tests.web.reporter_site import Site

TEMPLATES = Path(__file__).parents[2] / "templates" / "reporter"
QUICK = {"nl": ((320, "light"), (1280, "dark")), "ar": ((360, "light"),)}
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


@pytest.mark.parametrize(
    "language",
    [one if one in QUICK else pytest.param(one, marks=pytest.mark.sweep) for one in LANGUAGES],
)
def test_every_page_is_open_to_everybody(going, language, full_sweeps):
    with going(language) as visit:
        found = []
        for name in visit.stops():
            assert visit.page.locator("html").get_attribute("lang") == language, name
            direction = "rtl" if language == RIGHT_TO_LEFT else "ltr"
            assert visit.page.locator("html").get_attribute("dir") == direction, name
            looks = checks.looks_for(language) if full_sweeps else QUICK[language]
            faults = checks.all_faults(visit.page, looks, keyboard=full_sweeps)
            found += [f"{name}: {fault}" for fault in faults]
        assert not found, "\n".join(found)
        assert expected_templates() - visit.rendered == set()


def expected_templates():
    pages = {f"reporter/{one.name}" for one in TEMPLATES.glob("*.html") if one.name[0] != "_"}
    return pages - NOT_ON_THE_TOUR
