"""What a browser's profile on disk still tells after a report was sent and left.

Chromium with a profile that stays, searched byte by byte once the browser is closed.
"""

import sqlite3
from contextlib import closing

import pytest

from tests.browsing import follow
from tests.e2e.conftest import PHONE
from tests.e2e.reporter_pages import Front
from tests.e2e.watch import Watch

STORY = "ze noemen mij steeds kwallenkoning in de groepsapp"
NAME = "Zoë Proefpersoon"
FILE = "kleedkamer_kwallenkoning.txt"
SAYS_TOO_MUCH = ("pest", "meld", "slachtoffer", "dader", "verhaal", "bewijs")


def tell_and_leave(page, site):
    question = Front.open(page, Watch(site.address, with_axe=False), site.address, "waterkant")
    question = question.begin("Over mij")
    question.write("story-story", STORY)
    question.go_on()
    page.goto(f"{site.address}/waterkant/vraag/naam")
    page.locator("[name=name-who][value=handlers]").check(force=True)
    page.fill("[name=name-name]", NAME)
    follow(page, page.locator("main form button.go"))
    page.goto(f"{site.address}/waterkant/bestanden")
    follow(page, page.locator("button[name=intimate][value=no]"))
    given = {"name": FILE, "mimeType": "text/plain", "buffer": b"bewijs van kwallenkoning"}
    page.set_input_files("#files-pick", given)
    page.locator("form[data-upload] button").last.click()
    page.locator(".file.safe").first.wait_for()
    page.goto(f"{site.address}/waterkant/nakijken")
    follow(page, page.locator("form[action$='/nakijken'] button"))
    code = "".join(page.inner_text(".code").split())
    page.click("#leave button")
    page.wait_for_url(site.exit_url)
    return code


@pytest.fixture(scope="module", params=[True, False], ids=["js", "nojs"])
def left(request, site, playwright, tmp_path_factory):
    """A profile after the report, the browser closed; and the code that was shown."""
    profile = tmp_path_factory.mktemp("profile")
    context = playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox"],
        viewport=PHONE,
        locale="nl-NL",
        java_script_enabled=request.param,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    code = tell_and_leave(context.pages[0], site)
    context.close()
    return profile, code


def test_no_file_of_the_profile_holds_a_word_of_it(left):
    profile, code = left
    spoken = ["kwallenkoning", "Proefpersoon", FILE, code, f"{code[:4]} {code[4:8]}"]
    wanted = [one.encode(kind) for one in spoken for kind in ("utf-8", "utf-16-le")]
    files = [one for one in profile.rglob("*") if one.is_file()]
    assert len(files) > 20
    held = [
        (one.relative_to(profile), word)
        for one in files
        for word in wanted
        if word in one.read_bytes()
    ]
    assert held == []


def test_the_history_says_no_more_than_the_school(left, site):
    profile, _code = left
    with closing(sqlite3.connect(profile / "Default" / "History")) as history:
        visits = history.execute("SELECT url, title FROM urls").fetchall()
        typed = history.execute("SELECT term FROM keyword_search_terms").fetchall()
    ours = [(url.removeprefix(site.address), title) for url, title in visits if site.address in url]
    assert ours
    assert typed == []
    for path, title in ours:
        assert "?" not in path
        assert not [word for word in SAYS_TOO_MUCH if word in title.lower()], title


def test_nothing_typed_is_offered_to_the_next_one(left):
    profile, _code = left
    with closing(sqlite3.connect(profile / "Default" / "Web Data")) as kept:
        assert kept.execute("SELECT name, value FROM autofill").fetchall() == []
    with closing(sqlite3.connect(profile / "Default" / "Login Data")) as kept:
        assert kept.execute("SELECT origin_url FROM logins").fetchall() == []
