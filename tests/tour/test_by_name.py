"""A whole report by somebody who hears the page: only roles and names, in the order they are read.

No selector, no position: what a screen reader does not offer cannot be used here.
"""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import sync_playwright

from tests.tour.reporter import served
from tests.web.reporter_site import Site

STORY = "Sinds maandag staat er een nare groep over mij in de app."


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("heard"))
    with served(site) as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_context(locale="nl", viewport={"width": 360, "height": 740}).new_page()
        page.goto(home)
        yield page
        browser.close()


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name).first.click()


def heard(page):
    """The headings as they are read out, with their levels."""
    tree = page.locator("body").aria_snapshot()
    return re.findall(r'heading "([^"]+)" \[level=(\d)\]', tree)


def told_in_order(page):
    """No level is left out on the way down, and the page says first what it is."""
    headings = heard(page)
    levels = [int(level) for _name, level in headings]
    assert levels, page.url
    assert levels[0] == 1, headings
    assert levels.count(1) == 1, headings
    assert all(after - before <= 1 for before, after in pairwise(levels)), headings


def test_a_report_is_made_by_ear(page):
    told_in_order(page)
    assert page.get_by_role("banner").get_by_role("button", name="Snel weg").count() == 1
    press(page, "Over mij")
    told_in_order(page)
    page.get_by_role("main").get_by_role("textbox").first.fill(STORY)
    press(page, re.compile("^Verder"))
    told_in_order(page)
    for box in page.get_by_role("textbox").all():
        assert box.evaluate("one => one.labels.length || one.ariaLabel"), "a field without a name"
    press(page, re.compile("Dit is genoeg"))
    told_in_order(page)
    assert STORY[:30] in page.get_by_role("main").inner_text()
    press(page, re.compile("^Verstuur"))
    page.wait_for_url("**/klaar")
    told_in_order(page)
    assert page.get_by_role("heading", name="Jouw code").count() == 1


def test_a_mistake_is_read_out_first(page):
    page.get_by_role("link", name=re.compile("Lindecollege")).click()
    page.get_by_role("link", name=re.compile("Open je melding")).click()
    page.get_by_role("textbox", name=re.compile("code")).fill("fout")
    press(page, re.compile("^Verder|^Open"))
    assert page.title().startswith("Fout")
    alert = page.get_by_role("alert")
    assert alert.count() == 1
    link = alert.get_by_role("link").first
    link.click()
    assert page.evaluate("document.activeElement.name") == "code"
