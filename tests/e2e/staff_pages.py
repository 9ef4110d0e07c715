"""The pages of staff: log-in, the desk, a case, its evidence, the packet, a new signal."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from tests.e2e.screens import Screen
from tests.e2e.site import Person, School, wait_until


class Login(Screen):
    path = "bureau/inloggen"

    @classmethod
    def open(cls, page, watch, school: School) -> "Login":
        page.goto(f"{watch.home}/{school.slug}/bureau/inloggen")
        return cls(page, watch)

    def enter(self, person: Person):
        self.write("login", person.login)
        self.write("passphrase", person.passphrase)
        self.write("code", person.digits())
        self.press("Log in")
        return Desk(self.page, self.watch)


class Desk(Screen):
    path = "bureau/"

    def new(self) -> list[Locator]:
        """What is new: the one to begin with, and the lines below it."""
        return self.page.locator("main .step, main a.task").filter(has_text="Nieuw").all()

    def open_new(self, classes):
        found = next(one for one in self.new() if classes in one.inner_text())
        link = found.locator("a.go")
        (link if link.count() else found).click()
        return CasePage(self.page, self.watch)

    def open_telling(self, words):
        """Open the case that tells this; those of one hour stand in no order of arrival."""
        self.all_cases()
        links = [row.get_attribute("href") for row in self.page.locator("main a.task").all()]
        for link in links:
            case = CasePage.open(self.page, self.watch, self.watch.home + link)
            if words in case.text():
                return case
        pytest.fail(f"none of {len(links)} cases tells {words!r}")

    def open_case(self, label):
        """Open a case by its label, wherever on the desk it stands."""
        row = self.page.locator("main .step:has(a.go), main a.task").filter(has_text=label).first
        link = row.locator("a.go")
        (link if link.count() else row).click()
        return CasePage(self.page, self.watch)

    def all_cases(self):
        self.page.goto(self.page.url + "zaken?lijst=alle")
        return Cases(self.page, self.watch)

    def something_new(self):
        self.page.goto(self.page.url + "nieuw/")
        return Start(self.page, self.watch)


class Cases(Screen):
    path = "bureau/zaken"

    def labels(self):
        return [row.inner_text() for row in self.page.locator("a.task").all()]


class CasePage(Screen):
    path = "bureau/zaken/[a-z2-7]{26}/"

    @classmethod
    def open(cls, page, watch, address) -> "CasePage":
        page.goto(address)
        return cls(page, watch)

    def label(self):
        return self.heading().removeprefix("Zaak ").strip()

    def tiles(self) -> list[str]:
        """The evidence by exhibit and name."""
        return [name.inner_text() for name in self.page.locator("li.evidence bdi").all()]

    def tile_pictures(self) -> dict[str, bytes | None]:
        """The picture on each tile as the browser shows it; None where there is none."""
        found: dict[str, bytes | None] = {}
        for tile in self.page.locator("li.evidence").all():
            tile.scroll_into_view_if_needed()
            picture = tile.locator("img")
            if shown := picture.count():
                wait_until(lambda picture=picture: picture.evaluate("e => e.naturalWidth"))
            body = shown and self._get(picture.get_attribute("src"))
            found[tile.locator("bdi").first.inner_text()] = body or None
        return found

    def _get(self, source) -> bytes:
        return self.page.context.request.get(self.watch.home + source).body()

    def show(self, name):
        tile = self.page.locator("li.evidence", has_text=name)
        tile.locator("a").first.click()
        return EvidencePage(self.page, self.watch)

    def reply(self, text):
        return self._send("antwoord", "textarea", text)

    def ask(self, text, options):
        """Put a question with ready answers to the reporter."""
        form = self._unfold(self.page.locator("form[action$='/vraag']").first)
        form.locator("textarea").fill(text)
        for number, option in enumerate(options):
            form.locator("input[name^=option-]").nth(number).fill(option)
        with self.page.expect_navigation():
            form.locator("button").last.click()
        return CasePage(self.page, self.watch)

    def note(self, text):
        return self._send("notitie", "textarea", text)

    def record_step(self, text, status="agreements"):
        return self._send("stap", "[name=happened]", text, status=status)

    def hand_over(self, person: Person, reason):
        """Give it to somebody else, with the summary as the case itself fills it in."""
        with self.page.expect_navigation():
            self.page.locator("a[href$='/overdragen']").first.click()
        form = self.page.locator("form[action$='/overdragen']")
        value = form.locator("option", has_text=person.name).first.get_attribute("value")
        form.locator("[name=staff]").select_option(value)
        form.locator("[name=why]").fill(reason)
        with self.page.expect_navigation():
            form.locator("button").last.click()
        return CasePage(self.page, self.watch)

    def _send(self, action, field, text, **chosen):
        form = self._unfold(self.page.locator(f"form[action$='/{action}']").first)
        form.locator(field).fill(text)
        for name, value in chosen.items():
            form.locator(f"[name={name}]").select_option(value)
        with self.page.expect_navigation():
            form.locator("button").first.click()
        return CasePage(self.page, self.watch)

    def make_packet(self):
        self.press("Naar het pakket voor de politie")
        return PacketPage(self.page, self.watch)


class EvidencePage(Screen):
    path = "bureau/zaken/[a-z2-7]{26}/bewijs/[a-z2-7]{26}/"

    def picture(self) -> bytes:
        picture = self.page.locator("main img")
        wait_until(lambda: picture.evaluate("e => e.naturalWidth"))
        source = self.watch.home + picture.get_attribute("src")
        return self.page.context.request.get(source).body()

    def original(self):
        with self.page.expect_download(timeout=120_000) as waiting:
            self.button("Haal het origineel op").click()
        return Path(waiting.value.path())


class PacketPage(Screen):
    path = "bureau/zaken/[a-z2-7]{26}/aangifte"

    def download(self, folder: Path) -> Path:
        with self.page.expect_download(timeout=120_000) as waiting:
            self.page.locator("button[form=pack]").click()
        place = folder / waiting.value.suggested_filename
        waiting.value.save_as(place)
        return place


class Start(Screen):
    path = "bureau/nieuw/"

    def give(self, *, kind, story, subject, accused_staff="", code=False):
        self.tick("kind", kind)
        self.write("story", story)
        self.tick_by_text("subject", subject)
        if accused_staff:
            self.tick_by_text("accused_staff", accused_staff)
        if code:
            self.tick("code", "yes")
        self.press("Leg vast en geef door")
        return Started(self.page, self.watch)


class Started(Screen):
    path = "bureau/nieuw/klaar"

    def code(self):
        return "".join(group.inner_text() for group in self.page.locator(".code span").all())

    def label(self):
        return re.search(r"[0-9A-Z]{3}-[0-9A-Z]{3}", self.text()).group()

    def readers(self):
        return [one.inner_text() for one in self.page.locator("main ul li b").all()]
