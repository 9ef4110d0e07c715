"""Keeping it for oneself for a while, then sending it whole; and taking a report back."""

import re

from tests.browsing import follow
from tests.e2e.keeping import Diary, Keep, Reins
from tests.e2e.reporter_pages import Front, Review, arrived
from tests.e2e.staff_pages import Login
from tests.e2e.telling import file_payload

FIRST = "Mijn fiets lag weer in de sloot."
SECOND = "Ze wachtten me op bij het hek. {{ blijft zo }} & <b>zo</b>"
FILE, BYTES = "sloot 13 november.png", b"\x89PNG\r\n\x1a\nnot a whole picture" * 40


def keep_two_entries(visit, site, school, javascript):
    """Keep one entry, leave, come back on another phone with the code and add one with a file."""
    page, watch = visit(javascript=javascript)
    code = Keep.from_front(page, watch, school.slug).keep()
    words = code.code()
    diary = code.noted()
    diary.fill(FIRST)
    diary = diary.save()
    assert words not in page.content()
    page.locator(".leave").click()
    page.wait_for_url(site.exit_url)
    page.context.close()
    page, watch = visit(javascript=javascript)
    enter = Front.open(page, watch, watch.home, school.slug).come_back()
    enter.write("code", words)
    enter.press("Verder", exact=True)
    page.wait_for_url("**/schrift")
    return page, watch, words


def send_whole(page, watch, school, subject):
    """Answer what is still asked, look it over and send."""
    follow(page, page.locator("main a, main button", has_text="Stuur alles naar school"))
    question = arrived(page, watch)
    question.tick("perspective-perspective", "subject")
    question = question.go_on()
    assert question.key == "verhaal"
    question = question.go_on()
    question.tick_by_text("classes-subject", subject)
    question.tick_by_text("classes-accused", subject)
    question.go_on()
    page.goto(f"{watch.home}/{school.slug}/nakijken")
    review = Review(page, watch)
    seen = review.text()
    return seen, review.send()


def test_what_was_kept_for_weeks_is_sent_whole_and_read_by_the_mentor(visit, site, javascript):
    school, subject = site.schools["heuvelrug"], "1A" if javascript else "1B"
    page, watch, words = keep_two_entries(visit, site, school, javascript)
    from_page = page.inner_text("main")
    assert FIRST in from_page
    diary = Diary(page, watch)
    diary.fill(SECOND, "2026-11-13", "21:07")
    diary = diary.save_with_file(file_payload(FILE, BYTES))
    entries = diary.entries()
    assert [FIRST in entries[0], SECOND in entries[1], FILE in entries[1]] == [True] * 3
    name, text = diary.export()
    assert (name, FIRST in text, SECOND in text) == ("notities.txt", True, True)
    assert re.search(r"13 november 2026 om 21.07 uur, precies", text)
    page.goto(f"{watch.home}/{school.slug}/schrift")
    seen, receipt = send_whole(page, watch, school, subject)
    assert FIRST in seen
    assert "Je code blijft dezelfde" in receipt.text()
    page.context.close()
    page, watch = visit(javascript=javascript)
    mentor = school.mentor_of(subject)
    case = Login.open(page, watch, school).enter(mentor).open_telling(FIRST)
    told = case.text()
    assert told.index(FIRST) < told.index(SECOND)
    assert "13 november 2026, 21.07 uur, precies" in told
    assert FILE in told
    page, watch = visit(javascript=javascript)
    enter = Front.open(page, watch, watch.home, school.slug).come_back()
    enter.give(words)
    assert page.url.endswith("/gesprek")


def test_a_new_code_ends_the_old_one_and_withdrawing_leaves_nothing(visit, site, javascript):
    school = site.schools["heuvelrug"]
    page, watch = visit(javascript=javascript)
    question = Front.open(page, watch, watch.home, school.slug).begin("Over mij")
    question.write("story-story", "Dit neem ik straks terug.")
    question.go_on()
    page.goto(f"{watch.home}/{school.slug}/nakijken")
    old = Review(page, watch).send().code()
    page.goto(f"{watch.home}/{school.slug}/verder")
    arrived(page, watch).give(old)
    Reins.open(page, watch, "Neem een nieuwe code").press("Geef een nieuwe code")
    page.wait_for_selector(".ticket")
    fresh = " ".join(one.inner_text() for one in page.locator(".ticket .code span").all())
    assert fresh != old
    follow(page, page.get_by_role("button", name="Ik heb de code"))
    page.wait_for_url("**/gesprek")
    Reins.open(page, watch, "Trek je melding in").press("Ja, trek in en wis alles")
    page.wait_for_url("**/gewist")
    for code in (old, fresh):
        page, watch = visit(javascript=javascript)
        enter = Front.open(page, watch, watch.home, school.slug).come_back()
        enter.write("code", code)
        enter.press("Verder", exact=True)
        page.wait_for_selector("#errors")
        assert "Deze code klopt niet." in page.inner_text("main")
