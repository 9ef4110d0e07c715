"""A question that is answered with a tap, and a check week that calls, without JavaScript."""

import sqlite3
from contextlib import closing

import pytest

from tests.e2e.handling import log_in
from tests.e2e.reporter_pages import Front
from tests.e2e.site import wait_until
from tests.e2e.staff_pages import CasePage

TALK = "Een leerling vertelde mij dat haar tas elke dag in de sloot ligt."
QUESTION = "Mag ik je ouders bellen?"


@pytest.fixture
def phone(visit):
    return lambda: visit(javascript=False)


def begin_check_weeks_a_week_ago(site, label):
    """What the school decided today counts as decided last week."""
    with closing(sqlite3.connect(site.folder / "portal.sqlite3")) as database, database:
        back = "UPDATE school_case SET checking_since = date(checking_since, '-7 days')"
        found = database.execute(f"{back} WHERE label = ?", (label,)).rowcount
    assert found == 1


def test_a_tap_answers_a_question_and_a_bad_week_stands_on_the_desk(phone, site):
    school = site.schools["stadspoort"]
    page, watch = phone()
    desk = log_in(page, watch, school, school.mentor_of("3A"))
    started = desk.something_new().give(kind="talk", story=TALK, subject="1A", code=True)
    code, label, handler = started.code(), started.label(), started.readers()[0]
    page, watch = phone()
    handler = next(one for one in school.people.values() if one.name == handler)
    case = log_in(page, watch, school, handler).open_case(label)
    address = page.url
    case.record_step("Besproken en afgesproken.", status="checking")
    begin_check_weeks_a_week_ago(site, label)
    CasePage.open(page, watch, address).ask(QUESTION, ["Ja, dat mag", "Nee, liever niet"])

    reporter, watching = phone()
    talk = Front.open(reporter, watching, site.address, school.slug).come_back().give(code)
    assert QUESTION in talk.messages()
    talk = talk.tap("Nee, liever niet")
    assert talk.messages()[-1] == "Nee, liever niet"

    def asked():
        reporter.reload()
        return reporter.locator("#week button").count()

    wait_until(asked)
    talk = talk.tap("Het is erger")
    assert "Het is erger" in talk.messages()
    assert not reporter.locator("#week button").count()

    page.goto(f"{site.address}/{school.slug}/bureau/")
    row = page.locator("main .step:has(a.go), main a.task").filter(has_text=label).first
    assert "Controleweek: kijk hoe het met de melder gaat" in row.inner_text()
    CasePage.open(page, watch, address)
    talked = page.locator("#gesprek").inner_text()
    assert talked.index(QUESTION) < talked.index("Nee, liever niet\n")
    assert "Het is erger" in talked
