"""What all page objects share: a screen checks where it is and can be looked at."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as TooLongError

from tests.browsing import PATIENCE, follow
from tests.e2e.watch import Watch


class Screen:
    """A page that is open; methods that leave it return the next one."""

    path = ""  # a pattern of the address, below the school's

    def __init__(self, page: Page, watch: Watch):
        self.page, self.watch = page, watch
        try:
            page.wait_for_url(self._is_here, timeout=PATIENCE)
        except TooLongError:
            where = f"{urlsplit(page.url).path} is not {type(self).__name__}"
            pytest.fail(f"{where}:\n{page.inner_text('body')}")
        watch.look(page)

    @classmethod
    def _is_here(cls, url: str) -> bool:
        return re.fullmatch(f"/[a-z]+/{cls.path}", urlsplit(url).path) is not None

    def text(self) -> str:
        return self.page.inner_text("main")

    def heading(self) -> str:
        return self.page.inner_text("h1")

    def write(self, name: str, text: str) -> None:
        self._unfold(self.page.locator(f"[name='{name}']")).fill(text)

    def tick(self, name: str, value: str) -> None:
        self.choice(name, value).click()

    def tick_by_text(self, name: str, text: str) -> None:
        label = self.page.locator(f"label:has(input[name='{name}'])", has_text=text)
        self._unfold(label.first).click()

    def choice(self, name: str, value: str) -> Locator:
        return self._unfold(self.page.locator(f"label:has([name='{name}'][value='{value}'])"))

    def press(self, text: str, *, exact: bool = False) -> None:
        """Press a button or follow a link, by its words, and wait for where it leads."""
        follow(self.page, self.button(text, exact=exact))

    def button(self, text: str, *, exact: bool = False) -> Locator:
        """A button or link by its words; opens the fold that it stands in."""
        found = self.page.locator("main button, main a, aside a, aside button").filter(
            has_text=re.compile(f"^\\s*{re.escape(text)}\\s*$") if exact else text
        )
        return self._unfold(found.first)

    def _unfold(self, inside: Locator) -> Locator:
        for fold in inside.first.locator("xpath=ancestor::details[not(@open)]").all():
            fold.locator("> summary").click()
        return inside
