"""The account pages in a real browser: walked as a person does, with axe and without JavaScript."""

import threading
from datetime import UTC, datetime

import pyotp
import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from portal.app import create_app
from portal.config import Settings
from portal.migrations.run import upgrade
from portal.services import derivation, slots
from tests.axe import violations
from tests.browsing import follow
from tests.services import founded as setting

TAP = "button, a.b, .links a, summary, .task"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)
    app = create_app(Settings(instance_dir=tmp_path))
    parts = app.extensions["portal"]
    upgrade(parts.session_factory.kw["bind"])
    monkeypatch.setattr(setting, "KEYS", parts.keys)
    monkeypatch.setattr(setting, "NOW", datetime.now(UTC))
    founded = setting.found_school(parts.session_factory())
    founded.session.close()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    founded.address = f"http://127.0.0.1:{server.port}/linde"
    yield founded
    server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield started
        started.close()


class Visit:
    """One person at one screen."""

    def __init__(self, chromium, site, *, javascript, width=360, scheme="light"):
        self.site, self.width, self.javascript = site, width, javascript
        self.context = chromium.new_context(
            viewport={"width": width, "height": 740},
            java_script_enabled=javascript,
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        self.page = self.context.new_page()
        self.faults = []
        self.page.on("console", lambda message: self.faults.append(message.text))

    def open(self, path):
        self.page.goto(f"{self.site.address}/{path}")
        self.look()

    def press(self, words):
        follow(self.page, self.page.get_by_role("button", name=words, exact=True))
        self.look()

    def look(self):
        if not self.javascript:
            return
        told = violations(self.page)
        small = self.page.eval_on_selector_all(
            TAP,
            "all => all.filter(e => e.getBoundingClientRect().height < 43.5)"
            ".map(e => e.outerHTML.slice(0, 150))",
        )
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        self.faults += told
        self.faults += [f"{self.page.url}: small {small}"] if small else []
        self.faults += [f"{self.page.url}: {wide} wide"] if wide > self.width else []

    def activate(self, code):
        self.open("bureau/activeren")
        self.page.get_by_label("Activeringscode").fill("AAAA-AAAA-AAAA-AAAA")
        self.press("Verder")
        self.page.get_by_label("Activeringscode").fill(setting.printed(self.site.codes[code]))
        self.press("Verder")
        secret = self.page.input_value("input[name=secret]")
        for phrase in ("welkom123456", setting.PASSPHRASE):
            self.page.get_by_label("6 cijfers uit je app").fill(pyotp.TOTP(secret).now())
            self.page.get_by_label("Nieuwe wachtzin").fill(phrase)
            self.press("Activeer mijn account")
        return self.groups("Cijfers van je sleutel"), secret

    def groups(self, label):
        return " ".join(self.page.get_by_label(label).locator("li").all_inner_texts())

    def done(self):
        """Close, and give what the browser complained about but for the refusals asked for."""
        self.context.close()
        quiet = ("400 (BAD REQUEST)", "Password forms should have")
        return [fault for fault in self.faults if not any(words in fault for words in quiet)]


LOOKS = [
    (False, 360, "light"),
    (True, 320, "light"),
    (True, 1280, "dark"),
]


@pytest.mark.parametrize(("javascript", "width", "scheme"), LOOKS)
def test_two_people_activate_and_one_confirms_the_other(chromium, site, javascript, width, scheme):
    options = {"javascript": javascript, "width": width, "scheme": scheme}
    founder, member = (Visit(chromium, site, **options) for _ in range(2))
    founder.activate("VOS")
    digits, _ = member.activate("BAK")
    member.open("bureau/account")
    assert member.groups("Cijfers van je sleutel") == digits
    member.open("bureau/collegas")
    founder.open("bureau/collegas")
    for typed in ("1234 5678", digits):
        founder.page.get_by_label("De 24 cijfers van Marijke Bakker").fill(typed)
        founder.press("Bevestig de sleutel")
    assert founder.page.get_by_text("nagekeken door Noor Vos").is_visible()
    member.open("bureau/account")
    member.press("Log uit")
    assert member.page.url.endswith("/bureau/inloggen")
    assert founder.done() == []
    assert member.done() == []


@pytest.mark.parametrize(("javascript", "width", "scheme"), LOOKS[:2])
def test_an_administrator_invites_imports_and_ends(
    chromium, site, tmp_path, javascript, width, scheme
):
    visit = Visit(chromium, site, javascript=javascript, width=width, scheme=scheme)
    visit.activate("VOS")
    visit.open("beheer")
    follow(visit.page, visit.page.get_by_role("link", name="Sem Jansen"))
    visit.look()
    visit.press("Maak een activeringscode")
    assert len(visit.groups("Activeringscode")) == 19
    for name, text in (
        ("staff", setting.STAFF_CSV + "KOK;Eva Kok;kok@school.example;docent;;;\n"),
        ("classes", setting.CLASSES_CSV),
    ):
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    visit.open("beheer/rooster")
    for name in ("staff", "classes"):
        visit.page.get_by_label(f"{name}.csv").set_input_files(tmp_path / f"{name}.csv")
    visit.press("Kijk wat er verandert")
    assert visit.page.get_by_text("+ KOK Eva Kok").is_visible()
    visit.press("Neem dit over")
    visit.open("beheer/tijden")
    visit.open("beheer/spoed")
    visit.page.get_by_label("Wat is dit?").fill("Piket")
    visit.page.get_by_label("Adres", exact=True).fill("piket@sms.example")
    visit.press("Zet in de lijst")
    visit.open("beheer")
    follow(visit.page, visit.page.get_by_role("link", name="Eva Kok"))
    visit.press("Beëindig dit account")
    assert visit.page.get_by_role("link", name="Weg Eva Kok").is_visible()
    assert visit.done() == []


@pytest.mark.parametrize(("javascript", "width", "scheme"), LOOKS[:2])
def test_a_lost_passphrase_is_replaced_with_the_printed_code(
    chromium, site, javascript, width, scheme
):
    visit = Visit(chromium, site, javascript=javascript, width=width, scheme=scheme)
    _, secret = visit.activate("BAK")
    printed = visit.groups("Herstelcode")
    visit.open("bureau/account")
    visit.press("Log uit")
    follow(
        visit.page, visit.page.get_by_role("link", name="Wachtzin kwijt? Gebruik je herstelcode")
    )
    visit.look()
    visit.page.get_by_label("Inlognaam").fill("BAK")
    visit.page.get_by_label("Herstelcode").fill(printed)
    soon = pyotp.TOTP(secret).at(datetime.now(UTC).timestamp() + 30)
    visit.page.get_by_label("6 cijfers uit je app").fill(soon)
    visit.page.get_by_label("Nieuwe wachtzin").fill("acht blauwe vogels op het dak")
    visit.press("Zet mijn nieuwe wachtzin")
    assert visit.groups("Herstelcode") != printed
    follow(visit.page, visit.page.get_by_role("link", name="Ik heb hem bewaard"))
    assert "/inloggen" not in visit.page.url
    assert visit.done() == []
