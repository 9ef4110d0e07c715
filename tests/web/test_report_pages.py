"""The reporter's pages in a real browser: axe, no sideways scrolling, both ways to upload."""

import threading

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from tests.axe import violations
from tests.browsing import follow
from tests.web.reporter_site import SLUG, STORY, Site

PARENT = "Begin met vertellen"
EVERY_PAGE = (
    "vraag/rol",
    "vraag/over",
    "vraag/verhaal",
    "vraag/wie",
    "vraag/wanneer",
    "vraag/online",
    "vraag/eerder",
    "vraag/wensen",
    "vraag/naam",
    "vraag/nu",
    "vraag/genoeg",
    "bestanden",
    "bestanden/beschrijf",
    "nakijken",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def address(site):
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}/{SLUG}/"
    server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield started
        started.close()


class Walk:
    """One visit; `look` holds the page against the rules."""

    def __init__(self, chromium, address, *, javascript=True, width=360, scheme="light"):
        self.address = address
        self.context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=javascript,
            bypass_csp=True,
            locale="nl-NL",
        )
        self.page = self.context.new_page()

    def go(self, path):
        self.page.goto(self.address + path)

    def press(self, words):
        follow(self.page, self.button(words))

    def button(self, words):
        return self.page.get_by_role("button", name=words, exact=True).first

    def tell(self, words="Over mij"):
        self.go("ouders" if words == PARENT else "")
        follow(self.page, self.page.get_by_role("button", name=words).first)
        self.go("vraag/verhaal")
        self.page.fill("[name=story-story]", STORY)
        self.press("Verder")

    def look(self):
        shown = self.page.url
        assert [(shown, fault) for fault in violations(self.page)] == []
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(wide) == 0, shown


@pytest.fixture
def walk(chromium, address):
    made = []

    def begin(**options):
        made.append(Walk(chromium, address, **options))
        return made[-1]

    yield begin
    for one in made:
        one.context.close()


@pytest.mark.sweep  # tests/tour passes by these pages in every run
@pytest.mark.parametrize(
    ("width", "scheme", "who"),
    [(320, "light", "Over iemand anders"), (1280, "dark", PARENT)],
)
def test_axe_finds_nothing_on_any_page(walk, width, scheme, who):
    visit = walk(width=width, scheme=scheme)
    visit.tell(who)
    for path in EVERY_PAGE:
        visit.go(path)
        for fold in visit.page.locator("summary").all():
            fold.click()
        visit.page.evaluate("scrollTo(0, 0)")
        visit.look()
    follow(visit.page, visit.page.locator("[name=exclude]").first)
    visit.look()
    follow(visit.page, visit.page.locator("form[action$='/nakijken'] button"))
    visit.look()
    code = visit.page.inner_text(".code").replace(" ", "")
    visit.go("vraag/verhaal")
    visit.look()
    visit.go("verder")
    visit.page.fill("[name=code]", "fout")
    visit.press("Verder")
    visit.look()
    visit.page.fill("[name=code]", "".join(code.split()))
    visit.press("Verder")
    visit.look()
    visit.go("gesprek/bestanden")
    visit.look()


@pytest.mark.parametrize("javascript", [True, False])
def test_files_arrive_alike_with_and_without_javascript(walk, tmp_path, javascript):
    visit = walk(javascript=javascript)
    visit.tell()
    good, empty = tmp_path / "goed.png", tmp_path / "leeg.txt"
    good.write_bytes(b"\x89PNG" + b"1" * 300_000)
    empty.write_bytes(b"")
    visit.go("bestanden")
    visit.press("Nee, op geen enkel bestand")
    visit.page.set_input_files("#files-pick", [good, empty])
    visit.button("Voeg toe").click()
    visit.page.wait_for_selector(
        f".file.safe >> text={'Veilig bij school' if javascript else 'Veilig bewaard'}"
    )
    visit.page.wait_for_selector(".file.empty >> text=Dit bestand is leeg.")
    visit.go("bestanden")
    visit.page.wait_for_selector(".file.safe >> text=goed.png")


def test_files_that_were_chosen_but_not_added_are_not_lost_in_silence(walk, tmp_path):
    visit = walk()
    visit.tell()
    chosen = tmp_path / "gekozen.txt"
    chosen.write_bytes(b"bewijs")
    visit.go("bestanden")
    visit.press("Nee, op geen enkel bestand")
    visit.page.set_input_files("#files-pick", [chosen])
    visit.button("Sla over").click()
    visit.page.get_by_text("is nog niet toegevoegd").wait_for()
    assert visit.page.url.endswith("/bestanden")
    assert visit.page.evaluate("document.activeElement.innerText") == "Voeg toe"
    visit.look()
    visit.press("Sla over")
    assert visit.page.url.endswith("/eerder")
