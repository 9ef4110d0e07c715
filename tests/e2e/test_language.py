"""A report in Arabic on a small phone without JavaScript, and what staff see of it."""

from urllib.parse import urljoin

from tests.browsing import follow
from tests.e2e.staff_pages import Login

STORY = "منذ العطلة توجد مجموعة على واتساب من دوني. اسم الحساب @2b_zonder_n."
SIDEWAYS = "() => document.documentElement.scrollWidth - innerWidth"


def go_on(page, selector):
    follow(page, page.locator(selector).first)
    html = page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("ar", "rtl"), page.url
    assert page.evaluate(SIDEWAYS) <= 0, page.url


def case_with(story, desk):
    """Look through the open cases for this story, and give what its page says."""
    desk.all_cases()
    page = desk.page
    for link in [one.get_attribute("href") for one in page.locator("main a.task").all()]:
        page.goto(urljoin(page.url, link))
        told = page.inner_text("body")
        if story in told:
            return told
    raise AssertionError("nobody's desk has it")


def test_a_report_is_told_from_right_to_left_and_staff_read_which_language(browser, site, visit):
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="nl-NL"
    )
    page = context.new_page()
    page.goto(f"{site.address}/waterkant/")
    assert page.locator("html").get_attribute("dir") == "ltr"
    go_on(page, "button[lang=ar]")
    go_on(page, "[name=perspective][value=self]")
    page.fill("[name=story-story]", STORY)
    assert page.locator("textarea").get_attribute("dir") == "auto"
    go_on(page, "main .go")
    go_on(page, "[value='to:nakijken']")
    assert STORY in page.inner_text("main")
    brand, leave = page.locator(".brand").bounding_box(), page.locator(".leave").bounding_box()
    assert brand["x"] > leave["x"]
    go_on(page, "form[action$='/nakijken'] .go")
    assert page.url.endswith("/klaar")
    assert page.locator(".code").get_attribute("dir") == "ltr"
    places = [one.bounding_box() for one in page.locator(".code span").all()]
    assert places[0]["x"] < places[1]["x"]
    names = page.locator("main bdi").all_inner_texts()
    context.close()

    handler = next(one for one in site.schools["waterkant"].people.values() if one.name in names)
    page, watch = visit()
    school = site.schools["waterkant"]
    told = case_with(STORY, Login.open(page, watch, school).enter(handler))
    assert "geschreven in het Arabisch" in told
    assert "Wat is er gebeurd?" in told
