"""What every page of the story keeps to, on the phone and on the desk."""

import re

import pytest

from tests.e2e.visitor import Visitor

# The same for everybody, and no page: scripts, and how a school's own colour and logo look.
KEPT = re.compile(r"/static/|/[^/]+/(stijl\.css$|beeld/)")
TELLING_WORDS = re.compile("pest|meld|slachtoffer|dader", re.IGNORECASE)


@pytest.fixture(params=["told", "handled", "returned"])
def watch(request, javascript):
    """The three visits of the story: telling it, handling it, coming back."""
    return request.getfixturevalue(request.param).watch


def test_nothing_is_asked_of_anybody_else(watch, site):
    assert watch.requests
    assert watch.elsewhere(site.exit_url.removesuffix("/nu")) == []


def test_nothing_inline_and_nothing_to_complain_about(watch):
    assert watch.inline == []
    # Pressing Back after leaving gets this answer on purpose.
    assert [said for said in watch.console if "410 (GONE)" not in said] == []


def test_no_page_may_be_kept(watch):
    pages = [one for one in watch.headers if not KEPT.match(one[0])]
    assert len(pages) > 5
    for path, status, headers in pages:
        assert headers["cache-control"] == "no-store", (path, status)
        assert headers["referrer-policy"] == "no-referrer", path
        assert "default-src 'none'" in headers["content-security-policy"], path


def test_every_page_is_accessible_and_fits(watch):
    assert len(watch.titles) >= 3
    assert watch.axe == []
    assert watch.overflow == []


@pytest.mark.parametrize("visit_name", ["told", "returned"])
def test_titles_and_addresses_of_the_reporter_say_nothing(request, visit_name, site, javascript):
    titles = request.getfixturevalue(visit_name).watch.titles
    for address, title in titles.items():
        assert not TELLING_WORDS.search(address.removeprefix(site.address)), address
        assert not TELLING_WORDS.search(title), address
        assert "?" not in address


def test_the_landing_page_is_small_and_sets_no_cookie(visit, site):
    page, watch = visit()
    sizes = []
    page.on("requestfinished", lambda one: sizes.append(one.sizes()["responseBodySize"]))
    page.goto(f"{site.address}/waterkant/", wait_until="networkidle")
    assert page.context.cookies() == []
    # The logo is the icon as well: the second time the browser has it already.
    assert len(set(watch.requests)) <= 4
    assert sum(sizes) <= 50_000
    assert "Set-Cookie" not in Visitor(site).get("").headers


def test_the_session_cookie_is_out_of_reach_and_ends_with_the_browser(visit, site):
    page, _ = visit()
    page.goto(f"{site.address}/waterkant/")
    page.click("button[value=self]")
    (cookie,) = page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert cookie["expires"] == -1
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
