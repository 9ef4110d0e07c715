"""Staff start a case, and a report about staff goes past the one it is about."""

import pytest

from tests.e2e.handling import log_in
from tests.e2e.reporter_pages import Front, Question, Receipt, Review
from tests.e2e.site import wait_until
from tests.e2e.staff_pages import CasePage

SIGNAL = "Bij de kluisjes staat elke pauze een kring om één leerling uit de brugklas."
TALK = "Een leerling vertelde mij dat haar fiets voor de derde keer lek is gestoken."
ABOUT_STAFF = "Een docent doet elke les mijn stem na en de klas lacht dan."


@pytest.fixture
def phone(visit, javascript):
    """A function that opens one more phone with, or without, scripts."""
    return lambda: visit(javascript=javascript)


def skip_to_review(question: Question) -> Review:
    """Skip every question that may be skipped."""
    screen = question
    while not isinstance(screen, Review):
        screen = screen.go_on("Sla over")
    return screen


def test_a_signal_is_write_only(phone, site, javascript):
    school = site.schools["heuvelrug"]
    giver = school.mentor_of("3A" if javascript else "3B")
    page, watch = phone()
    desk = log_in(page, watch, school, giver)
    started = desk.something_new().give(kind="signal", story=SIGNAL, subject="1A")
    readers, label = started.readers(), started.label()
    assert giver.name not in readers
    assert not page.locator("a", has_text="Open de zaak").count()
    page.goto(f"{site.address}/heuvelrug/bureau/")
    assert label not in page.inner_text("body")
    page, watch = phone()
    reader = next(one for one in school.people.values() if one.name == readers[0])
    desk = log_in(page, watch, school, reader)
    address = desk.open_case(label).page.url
    assert SIGNAL in page.inner_text("main")
    page, watch = phone()
    log_in(page, watch, school, school.mentor_of("2B"))
    assert page.goto(address).status == 404


def test_a_talk_gives_a_code_that_works_for_the_pupil(phone, site, javascript):
    school = site.schools["stadspoort"]
    page, watch = phone()
    writer = school.mentor_of("2A" if javascript else "2B")
    desk = log_in(page, watch, school, writer)
    started = desk.something_new().give(kind="talk", story=TALK, subject="1B", code=True)
    code = started.code()
    started.press("Open de zaak")
    assert TALK in CasePage(page, watch).text()
    page, watch = phone()
    talk = Front.open(page, watch, site.address, school.slug).come_back().give(code)
    talk.say("Het was gisteren weer.")
    assert "Het was gisteren weer." in page.inner_text("main")


def test_a_report_about_staff_passes_by_the_accused(phone, site, javascript):
    school = site.schools["waterkant"]
    accused = school.mentor_of("1A" if javascript else "1B")
    page, watch = phone()
    question = Front.open(page, watch, site.address, school.slug).begin("Over mij")
    question.write("story-story", ABOUT_STAFF)
    question = question.go_on()
    question.tick("classes-other", "staff")
    question.tick_by_text("classes-staff", accused.name)
    review = skip_to_review(question.go_on())
    readers = "\n".join(review.readers())
    assert "schoolleiding. Leest het en antwoordt." in readers
    assert "vertrouwenspersoon" in readers
    assert accused.name not in readers
    head = school.having("schoolleiding")[0]
    to_head, to_accused = (len(site.mailbox.to(one, school)) for one in (head, accused))
    receipt = review.send()
    assert isinstance(receipt, Receipt)
    page, watch = phone()
    desk = log_in(page, watch, school, head)
    case = desk.open_telling(ABOUT_STAFF)
    address, label = page.url, case.label()
    page, watch = phone()
    desk = log_in(page, watch, school, accused)
    assert label not in desk.text()
    assert not any(label in row for row in desk.all_cases().labels())
    assert page.goto(address).status == 404
    wait_until(lambda: len(site.mailbox.to(head, school)) > to_head, 45)
    assert len(site.mailbox.to(accused, school)) == to_accused
