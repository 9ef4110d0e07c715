"""The reporter's pages, as a pupil meets them."""

from tests.browsing import follow
from tests.e2e.screens import Screen


class Front(Screen):
    path = ""

    @classmethod
    def open(cls, page, watch, address, school) -> "Front":
        page.goto(f"{address}/{school}/")
        return cls(page, watch)

    def begin(self, words="Over mij"):
        self.press(words)
        return Question(self.page, self.watch)

    def come_back(self):
        self.press("Open je melding")
        return Enter(self.page, self.watch)


class Question(Screen):
    path = "vraag/[a-z]+"

    @property
    def key(self) -> str:
        return self.page.url.rpartition("/")[2]

    def go_on(self, words="Verder"):
        self.press(words, exact=True)
        return arrived(self.page, self.watch)


class Evidence(Screen):
    path = "bestanden"

    def ask(self, answer):
        """Answer whether somebody is naked in it; leads to the picker or away from it."""
        self.press(answer)
        kind = Evidence if answer.startswith("Nee") else Describe
        return kind(self.page, self.watch)

    def doubt(self):
        self.press("Twijfel je over een bestand?")
        return Describe(self.page, self.watch)

    def pick(self, paths):
        self.page.set_input_files("#files-pick", paths)
        with self.page.expect_navigation(url="**/bestanden", timeout=120_000):
            self.button("Voeg toe").click()
        self.page.wait_for_selector(
            "form[action$='haal-weg'] .file, [role=alert]", state="attached"
        )
        return Evidence(self.page, self.watch)

    def safe_files(self):
        rows = self.page.locator("form[action$='haal-weg'] > .files .file.safe b")
        return [name.inner_text() for name in rows.all()]

    def remove(self, name):
        row = self.page.locator(".file", has_text=name)
        follow(self.page, row.locator("button[name=remove]"))
        return Evidence(self.page, self.watch)

    def go_on(self, words="Verder"):
        self.press(words, exact=True)
        return arrived(self.page, self.watch)


class Describe(Screen):
    path = "bestanden/beschrijf"

    def save(self):
        self.press("Bewaar")
        return Evidence(self.page, self.watch)


class Review(Screen):
    path = "nakijken"

    def change(self, question):
        """Follow "Wijzig" beside one line."""
        line = self.page.locator(".said", has_text=question)
        follow(self.page, line.locator("a.change"))
        return arrived(self.page, self.watch)

    def readers(self):
        rows = self.page.locator("#lezers form > div.stack:has(button[name=exclude]) p")
        return [" ".join(row.inner_text().split()) for row in rows.all()]

    def not_this_person(self, name):
        row = self.page.locator("#lezers div.stack", has_text=name)
        follow(self.page, row.get_by_role("button", name="Niet deze persoon"))
        return Review(self.page, self.watch)

    def rather(self, name):
        self.press(f"Liever met {name}")
        return Review(self.page, self.watch)

    def submit_token(self):
        return self.page.get_attribute("[name=submit]", "value")

    def send(self):
        follow(self.page, self.page.locator("form[action$='/nakijken'] button"))
        return Receipt(self.page, self.watch)


class Receipt(Screen):
    path = "klaar"

    def code(self):
        return " ".join(
            group.inner_text() for group in self.page.locator(".ticket .code span").all()
        )

    def files(self):
        """The listed files, also those in a fold: name and fingerprint."""
        rows = self.page.locator(".files .file")
        return {
            row.locator("b").text_content(): row.locator(".mono").text_content()
            for row in rows.all()
        }

    def done(self):
        self.press("Ik heb de code, wis dit scherm")


class Enter(Screen):
    path = "verder"

    def give(self, code):
        self.write("code", code)
        self.press("Verder", exact=True)
        return arrived(self.page, self.watch)


class Conversation(Screen):
    path = "gesprek"

    def status(self):
        return self.page.inner_text(".trail li.now b")

    def messages(self):
        return [found.inner_text() for found in self.page.locator(".msg .you, .msg .them").all()]

    def say(self, text):
        self.write("text", text)
        self.press("Stuur", exact=True)
        return Conversation(self.page, self.watch)

    def tap(self, answer):
        """Answer a question with one of its buttons."""
        self.press(answer, exact=True)
        return Conversation(self.page, self.watch)

    def add_file(self):
        self.press("Bestand erbij")
        return AddFiles(self.page, self.watch)


class AddFiles(Screen):
    path = "gesprek/bestanden"

    def ask(self, answer):
        self.press(answer)
        return AddFiles(self.page, self.watch)

    def pick(self, paths):
        self.page.set_input_files("#files-pick", paths)
        self.button("Voeg toe").click()
        told = self.page.get_by_role("heading", name="nieuwe bestanden vertellen")
        told.wait_for(timeout=120_000)
        self.press("Terug naar het gesprek")
        self.page.wait_for_url("**/gesprek")
        return Conversation(self.page, self.watch)


KINDS = (Question, Evidence, Describe, Review, Receipt, Enter, Conversation, Front)


def arrived(page, watch):
    """Give the page object that fits the address."""
    tail = page.url.split("/", 4)[4].partition("#")[0].partition("?")[0]
    kind = next(
        one for one in KINDS if tail == one.path or (one is Question and tail.startswith("vraag/"))
    )
    return kind(page, watch)
