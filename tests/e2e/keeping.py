"""Page objects of what a reporter keeps, and of the reins after sending."""

import re
from pathlib import Path

from tests.browsing import follow
from tests.e2e.reporter_pages import Front
from tests.e2e.screens import Screen


class Keep(Screen):
    path = "schrift/bewaar"

    @classmethod
    def from_front(cls, page, watch, school) -> "Keep":
        front = Front.open(page, watch, watch.home, school)
        front.press("Ik wil het eerst voor mezelf bijhouden")
        return cls(page, watch)

    def keep(self):
        self.press("Bewaar en geef een code")
        return Code(self.page, self.watch)


class Code(Screen):
    path = "(schrift|gesprek)/code"

    def code(self):
        return " ".join(one.inner_text() for one in self.page.locator(".ticket .code span").all())

    def noted(self):
        self.press("Ik heb de code")
        return Diary(self.page, self.watch) if "schrift" in self.page.url else None


class Diary(Screen):
    path = "schrift"

    def fill(self, text, day="", time=""):
        self.write("text", text)
        if day:
            self.write("day", day)
            self.write("time", time)
            self.tick("precision", "exact")

    def save(self):
        self.press("Bewaar", exact=True)
        self.page.wait_for_url(re.compile("/schrift(#.*)?$"))
        return Diary(self.page, self.watch)

    def save_with_file(self, file):
        self.press("Bewaar, en een bestand erbij")
        self.page.wait_for_url("**/schrift/bestanden**")
        self.press("Nee")
        self.page.set_input_files("#files-pick", [file])
        self.button("Voeg toe").click()
        self.page.wait_for_url(re.compile("/schrift(#.*)?$"), timeout=120_000)
        return Diary(self.page, self.watch)

    def entries(self):
        return [one.inner_text() for one in self.page.locator("article").all()]

    def export(self) -> tuple[str, str]:
        """Save the list as text: its file name and what is in it."""
        self.press("Bekijk als lijst")
        self.page.wait_for_url("**/schrift/lijst")
        Listing(self.page, self.watch)
        with self.page.expect_download() as started:
            self.button("Sla op als tekst").click()
        saved = started.value
        return saved.suggested_filename, Path(saved.path()).read_text("utf-8")


class Listing(Screen):
    path = "schrift/lijst"


class Reins(Screen):
    path = "gesprek/(wacht|terug|code|naam)"

    @classmethod
    def open(cls, page, watch, words) -> "Reins":
        follow(page, page.locator("#regie button", has_text=words))
        return cls(page, watch)
