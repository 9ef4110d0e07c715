"""A tour past every page that a reporter can meet, in each state that looks different.

The real application in a real browser, with a clock that can be moved. `Tour.stops` leaves the
browser on one page after another and names it; who holds the pages against rules, or takes
pictures of them, need not know how a page is reached.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import template_rendered
from playwright.sync_api import Browser, Page
from sqlalchemy import select
from werkzeug.serving import make_server

from portal.demo import samples
from portal.models import Case, Report
from portal.services import case_work, checks, transaction
from tests.web.reporter_site import SLUG, STORY, Site

LANGUAGES = ("nl", "en", "tr", "ar", "pl", "uk")
PUBLIC = (
    "hulp",
    "gegevens",
    "toegankelijkheid",
    "zo-werkt-het",
    "ouders",
    "bewaren",
    "bewaren/whatsapp",
    "bewaren/niets",
    "verder",
)
QUESTIONS = ("over", "rol", "wie", "wanneer", "eerder", "wensen", "naam", "nu", "genoeg")
DIARY = ("schrift/lijst", "schrift/weg")
CONTROL = ("wacht", "terug", "code", "naam", "mail", "bestanden")


@dataclass
class Tour:
    """One phone on its way past every page."""

    site: Site
    page: Page
    home: str
    rendered: set[str] = field(default_factory=set)
    code: str = ""

    def stops(self) -> Iterator[str]:
        """Go from page to page; each name is of the page that is open now."""
        yield from self._before_telling()
        yield from self._telling()
        yield from self._files()
        yield from self._looking_over()
        yield from self._coming_back()
        yield from self._keeping_a_diary()
        yield from self._out_of_the_way()

    def go(self, path: str) -> None:
        self.page.goto(self.home + path, wait_until="load")

    def press(self, selector: str) -> None:
        with self.page.expect_navigation(wait_until="load"):
            self.page.locator(selector).first.click()

    def _before_telling(self) -> Iterator[str]:
        self.go("")
        yield "voorpagina"
        for path in PUBLIC:
            self.go(path)
            yield path.replace("/", "-")
        self.page.fill("[name=code]", "fout")
        self.press("main form button.go")
        yield "verder-fout"

    def _telling(self) -> Iterator[str]:
        self.go("")
        self.press("button[name=perspective][value=self]")
        yield "verhaal-leeg"
        self.press("main form button.go")
        yield "verhaal-fout"
        self.page.fill("[name=story-story]", f"{STORY} Ik wil niet meer leven.")
        self.press("main form button.go")
        yield "wie-met-hulp"
        self.go("vraag/verhaal")
        yield "verhaal"
        for path in QUESTIONS:
            self.go(f"vraag/{path}")
            yield path
        yield from self._online()

    def _online(self) -> Iterator[str]:
        self.go("vraag/online")
        yield "online-leeg"
        self.page.locator("[name=online-happened][value=yes]").check(force=True)
        self.press("main form button.go")
        self.page.locator("[name='online-incidents-0-platform'][value=instagram]").check(force=True)
        self.page.fill("[name=online-incidents-0-account]", "@kevin_zonder_n")
        self.press("main form button.go")
        self.go("vraag/online")
        yield "online"

    def _files(self) -> Iterator[str]:
        self.go("bestanden")
        yield "bestanden-vraag"
        self.press("button[name=intimate][value=yes]")
        yield "bestanden-bloot"
        self.go("bestanden/beschrijf")
        yield "beschrijf"
        self.page.fill("[name=described-where]", "in de groepsapp")
        self.press("main form button.go")
        self.press("button[name=intimate][value=no]")
        yield "bestanden-kiezen"
        given = [
            {"name": name, "mimeType": "", "buffer": make()}
            for name, make in list(samples.SAMPLES.items())[:3]
        ]
        self.page.set_input_files("#files-pick", given)
        with self.page.expect_navigation():
            self.page.locator("form[data-upload] button").last.click()
        yield "bestanden"

    def _looking_over(self) -> Iterator[str]:
        self.go("nakijken")
        yield "nakijken"
        self.site.clock.forward(minutes=11)
        self.go("nakijken")
        yield "even-weg"
        self.press("button[name=then][value=go]")
        self.press("form[action$='/nakijken'] button")
        yield "ontvangst"
        self.code = "".join(self.page.inner_text(".code").split())
        self.go("vraag/verhaal")
        yield "al-verstuurd"

    def _coming_back(self) -> Iterator[str]:
        self.go("verder")
        self.page.fill("[name=code]", self.code)
        self.press("main form button.go")
        yield "gesprek"
        self.page.fill("[name=text]", "Het gebeurde vandaag weer.")
        self.press("form[action$='/gesprek'] button.go")
        yield "gesprek-geschreven"
        self._school_asks()
        self.go("gesprek")
        yield "gesprek-vraag-en-week"
        for path in CONTROL:
            self.go(f"gesprek/{path}")
            yield f"gesprek-{path}"
        self.go("gesprek/code")
        self.press("#page button.go")
        yield "gesprek-code-nieuw"
        self.go("gesprek")
        yield "gesprek-code-niet-overgeschreven"
        self.site.clock.forward(minutes=11)
        self.go("gesprek")
        yield "gesprek-even-weg"
        self.site.clock.forward(hours=2)
        self.go("gesprek")
        yield "voorbij"
        self.page.context.clear_cookies()
        self.go("verder")
        self.page.fill("[name=code]", self.code)
        self.press("main form button.go")
        yield "code-vervangen"
        self.press("main form button.go")
        yield "code-vervangen-gezegd"

    def _school_asks(self) -> None:
        """A question with two answers, and the check weeks begun."""
        session, report = self.site.session, self._report()
        case = session.get_one(Case, report.case_id)
        case_work.reply(
            session,
            actor=self.site.actors["VOS"],
            case_id=case.id,
            report_id=report.id,
            text="Mag ik je mentor vertellen dat jij het vertelde?",
            options=["Ja", "Nee", "Eerst overleggen"],
            now=self.site.clock(),
        )
        case.status, case.checking_since = "checking", self.site.clock().date()
        transaction.commit(session)
        self.site.clock.forward(days=8)
        checks.open_due(session, now=self.site.clock())
        transaction.commit(session)
        self.go("verder")
        self.page.fill("[name=code]", self.code)
        self.press("main form button.go")

    def _report(self) -> Report:
        query = select(Report).where(Report.status == "sent").order_by(Report.sent_at.desc())
        return self.site.session.scalars(query).first()

    def _keeping_a_diary(self) -> Iterator[str]:
        self.page.context.clear_cookies()
        self.go("")
        self.press("button[formaction$='/schrift/begin']")
        yield "schrift-bewaar"
        self.press("main form button.go")
        yield "schrift-code"
        self.press("main form button.go")
        yield "schrift-leeg"
        self.page.fill("[name=text]", STORY)
        self.page.fill("[name=day]", "2026-11-16")
        self.press("main form button.go")
        yield "schrift"
        self.press("button[name=entry]")
        yield "schrift-bestanden"
        self.press("button[name=intimate][value=no]")
        yield "schrift-bestanden-kiezen"
        for path in DIARY:
            self.go(path)
            yield path.replace("/", "-")
        self.go("gewist")
        yield "gewist"

    def _out_of_the_way(self) -> Iterator[str]:
        self.page.context.clear_cookies()
        self.go("gesprek")
        yield "niets"
        self.go("bestaat-niet")
        yield "onbekend"
        school, self.site.school_row().opened_at = self.site.school_row(), None
        self.site.session.commit()
        self.go("")
        yield "nog-dicht"
        school.opened_at = self.site.clock()
        self.site.session.commit()


@contextmanager
def served(site: Site, slug: str = SLUG) -> Iterator[str]:
    """Serve the application on a free port of this machine; gives the address of a school."""
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}/{slug}/"
    server.shutdown()


@contextmanager
def tour(site: Site, browser: Browser, home: str, language: str = "nl") -> Iterator[Tour]:
    """Begin a tour on a phone that asks for this language."""
    context = browser.new_context(
        viewport={"width": 360, "height": 800}, locale=language, bypass_csp=True
    )
    going = Tour(site, context.new_page(), home)

    def note(_app, template, **_more):
        going.rendered.add(template.name)

    template_rendered.connect(note, site.app)
    yield going
    template_rendered.disconnect(note, site.app)
    context.close()
