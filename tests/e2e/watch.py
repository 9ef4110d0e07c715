"""Watches every page of a visit: requests, headers, titles, console, and axe."""

from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Response

from tests.axe import violations

SOME = ((360, 740, "light"),)  # tests/tour looks at every page in other ways
LOOKS = ((360, 740, "light"), (360, 740, "dark"), (1280, 900, "light"), (1280, 900, "dark"))
INLINE = """() => [...document.querySelectorAll("[style], style, script:not([src])")]
    .map((e) => e.outerHTML.slice(0, 80))"""
HANDLERS = """() => [...document.querySelectorAll("*")].flatMap((e) =>
    e.getAttributeNames().filter((name) => name.startsWith("on")))"""


@dataclass
class Watch:
    """What one browser context met."""

    looks: ClassVar[tuple[tuple[int, int, str], ...]] = SOME
    """The width, height and colours in which axe looks at each page."""

    home: str
    with_axe: bool = True
    requests: list[str] = field(default_factory=list)
    pages: list[Response] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    console: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    axe: list[str] = field(default_factory=list)
    overflow: list[str] = field(default_factory=list)
    headers: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("console", lambda message: self.console.append(message.text))
        context.on("response", self._note)

    def _note(self, response: Response) -> None:
        if response.url.startswith(self.home):
            path = urlsplit(response.url).path
            self.headers.append((path, response.status, response.headers))

    def look(self, page: Page) -> None:
        """Look at the page that is open now."""
        path = urlsplit(page.url).path
        self.titles[page.url] = page.title()
        self.inline += [f"{path}: {found}" for found in page.evaluate(INLINE)]
        self.inline += [f"{path}: {found}" for found in page.evaluate(HANDLERS)]
        if not self.with_axe:
            return
        for width, height, scheme in self.looks:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self.axe += [f"{path} {width} {scheme} {fault}" for fault in violations(page)]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                self.overflow.append(f"{path} {width}")
        page.set_viewport_size({"width": 360, "height": 740})
        page.emulate_media(color_scheme="light")

    def elsewhere(self, *allowed: str) -> list[str]:
        """Requests that went to somebody else."""
        return [url for url in self.requests if not url.startswith((self.home, *allowed))]
