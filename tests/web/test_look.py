"""The look in a real browser: axe, small screens, both themes, Arabic, and leaving in a hurry."""

import threading

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.axe import violations
from tests.web.pages import make_app

REST = ((320, "dark"), (1280, "light"))
PAGES = ("", "hulp", "zo-werkt-het", "ouders", "toegankelijkheid", "gids", "bureau", "bestaat/niet")


def serve(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def elsewhere():
    server, address = serve(Response("Het weer"))
    yield address
    server.shutdown()


@pytest.fixture(scope="module", params=["nl", "ar"])
def either_direction(request, tmp_path_factory):
    server, address = serve(make_app(tmp_path_factory.mktemp("pages"), language=request.param))
    yield address
    server.shutdown()


@pytest.fixture(scope="module")
def site(tmp_path_factory, elsewhere):
    server, address = serve(make_app(tmp_path_factory.mktemp("site"), exit_url=f"{elsewhere}/weer"))
    yield address
    server.shutdown()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 360, "height": 740})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (320, "light"),
        (1280, "dark"),
        *(pytest.param(*one, marks=pytest.mark.sweep) for one in REST),
    ],
)
def test_axe_finds_nothing_and_nothing_overflows(browser, either_direction, width, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    page, faults = context.new_page(), []
    page.on("console", lambda message: faults.append(message.text))
    for path in PAGES:
        page.goto(f"{either_direction}/waterkant/{path}")
        assert [(path, fault) for fault in violations(page)] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
    assert [fault for fault in faults if "404" not in fault] == []


@pytest.mark.parametrize("path", ["", "gids"])
def test_targets_are_big_enough_for_a_thumb(page, site, path):
    page.goto(f"{site}/waterkant/{path}")
    small = page.eval_on_selector_all(
        "button, .choice, .chip, a.b, .lines a, .foot a, .change, summary",
        "found => found.filter(e => e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML)",
    )
    assert small == []


def test_the_first_three_choices_stand_on_the_first_screen_of_a_phone(page, site):
    page.goto(f"{site}/waterkant/")
    bottoms = page.eval_on_selector_all(
        ".choice", "found => found.map(e => e.getBoundingClientRect().bottom)"
    )
    assert bottoms[2] <= 740


@pytest.mark.parametrize("javascript", [True, False])
def test_leaving_ends_on_the_neutral_page(browser, site, elsewhere, javascript):
    context = browser.new_context(java_script_enabled=javascript)
    page = context.new_page()
    page.goto(f"{site}/waterkant/")
    page.click("#leave button")
    page.wait_for_url(f"{elsewhere}/weer")
    assert page.text_content("body") == "Het weer"
    context.close()


def test_the_page_goes_blank_before_the_server_answers(page, site):
    page.goto(f"{site}/waterkant/gids")
    shown, title = page.evaluate(
        """() => {
            const form = document.getElementById("leave");
            form.addEventListener("submit", (event) => event.preventDefault());
            form.requestSubmit();
            return [getComputedStyle(document.documentElement).display, document.title];
        }"""
    )
    assert shown == "none"
    assert "Lyceum" not in title


def test_three_times_shift_leaves(page, site, elsewhere):
    page.goto(f"{site}/waterkant/")
    for _ in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url(f"{elsewhere}/weer")


def test_capital_letters_do_not_leave(page, site):
    page.goto(f"{site}/waterkant/gids")
    page.focus("textarea")
    for letter in ("Shift+A", "Shift+B", "Shift+C", "Shift+D"):
        page.keyboard.press(letter)
    assert "ABCD" in page.input_value("textarea")
    assert page.url == f"{site}/waterkant/gids"


def test_a_focused_field_is_never_hidden_behind_the_top_bar(page, site):
    page.goto(f"{site}/waterkant/gids")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    for selector in ("#nick", "#url", "#story"):
        page.focus(selector)
        top = page.eval_on_selector(selector, "field => field.getBoundingClientRect().top")
        bar = page.eval_on_selector(".top", "bar => bar.getBoundingClientRect().bottom")
        assert top >= bar, selector


def test_a_link_to_a_folded_part_of_a_case_opens_it(page, site):
    page.goto(f"{site}/waterkant/bureau")
    assert not page.is_visible("#reply")
    page.click(".tabs a[href='#gesprek']")
    assert page.is_visible("#reply")
