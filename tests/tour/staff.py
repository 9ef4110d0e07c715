"""A tour past every page that staff can meet, in each state that looks different.

Forms are filled in the browser and sent by their own buttons, so that what a page answers to a
mistake is met too. `Tour.stops` leaves the browser on one page after another and names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from flask import template_rendered
from playwright.sync_api import Browser

from portal.services import duty, transaction
from portal.services.custody import SYSTEM
from tests.services import world as told
from tests.services.founded import PASSPHRASE, code_at
from tests.tour.reporter import served
from tests.tour.staff_case import CaseTour
from tests.web.desk_site import HERE, Site

TODAY = told.NOW.date()


class Tour(CaseTour):
    """One member of staff after another, on the way past every page."""

    def stops(self) -> Iterator[str]:
        """Go from page to page; each name is of the page that is open now."""
        yield from self._at_the_door()
        yield from self._managing()
        yield from self._first_time()
        yield from self._at_the_desk()
        yield from self._starting()
        yield from self.case_stops()

    def _at_the_door(self) -> Iterator[str]:
        self.become(None)
        for path in ("inloggen", "herstel", "activeren"):
            self.go(f"bureau/{path}")
            yield path
            self.send(**dict.fromkeys(self._empty_fields(), "fout"))
            yield f"{path}-fout"

    def _empty_fields(self) -> list[str]:
        return self.page.eval_on_selector_all(
            "main form input:not([type=hidden])", "all => all.map((one) => one.name)"
        )

    def _managing(self) -> Iterator[str]:
        self.become(self.site.here.pair.lines[0].code)
        for path in ("", "/rooster", "/school", "/tijden", "/spoed", "/diensten"):
            self.go(f"beheer{path}")
            yield f"beheer{path.replace('/', '-')}"
        self.go("beheer/tijden")
        self.send(holidays="kerst")
        yield "beheer-tijden-fout"
        self.go("beheer/spoed")
        self.send("/adres", name="Dienst", kind="mail", address="geen adres")
        yield "beheer-spoed-fout"
        self.send("/adres", name="Dienst", kind="mail", address="dienst@school.example")
        self.send("/adres", name="Directie", kind="mail", address="directie@school.example")
        yield "beheer-spoed-lijst"
        self.go("beheer/rooster")
        self.page.set_input_files("#staff", {"name": "a.csv", "mimeType": "", "buffer": b"code\n"})
        self.send()
        yield "beheer-rooster-fout"

    def _first_time(self) -> Iterator[str]:
        """An empty keyring from the administrator, and all that the new owner does with it."""
        self.go(f"beheer/{self.site.here.ids[self.newest]}")
        yield "beheer-iemand"
        self.send("/opnieuw")
        yield "beheer-code"
        code = "".join(self.page.locator(".code span, .groups li, ul.mono li").all_inner_texts())
        self.become(None)
        self.go("bureau/activeren")
        self.send(activation=code)
        yield "activeren-sleutels"
        self.send(passphrase="kort", code="000000")
        yield "activeren-sleutels-fout"
        secret = self.page.locator("input[name=secret]").input_value()
        self.send(passphrase=PASSPHRASE, code=code_at(secret, told.NOW))
        yield "geactiveerd"
        for path in ("", "collegas", "account"):
            self.go(f"bureau/{path}")
            yield f"onbevestigd-{path or 'vandaag'}"
        self.send("/wachtzin", current="fout", passphrase=PASSPHRASE)
        yield "account-fout"
        self.send("/herstelcode", current=PASSPHRASE)
        yield "herstelcode"

    def _at_the_desk(self) -> Iterator[str]:
        self.become(self.site.accused)
        self.go("bureau/")
        yield "vandaag-niets"
        self.go("bureau/collegas")
        yield "collegas"
        self.send(f"/{self.site.here.ids[self.newest]}", fingerprint="12345")
        yield "collegas-fout"
        self.become(self.site.mentor)
        self._urgent()
        self.go("bureau/spoed")
        yield "spoed"
        for _ in range(3):
            self._report()
        for path in ("", "zaken", "zaken?lijst=klaar", "zaken?lijst=alle&klas=1A&spoed=1", "zoek"):
            self.go(f"bureau/{path}")
            yield re.sub(r"[?=&]+", "-", path or "vandaag")
        self.send(text="1A")
        yield "zoek-gevonden"
        self.send(text="zeg-er-niets-van")
        yield "zoek-niets"
        self.go("bureau/zaken")
        self.send("#samen", button="hand")
        yield "zaken-fout"
        self.send(
            "#samen", button="seen", case=self.page.locator("[name=case]").first.input_value()
        )
        yield "zaken-gedaan"
        yield from self._own_desk()

    def _urgent(self) -> None:
        school = self.site.here.school.id
        with self.site.factory() as session:
            duty.set_chain(
                session, actor=SYSTEM, school_id=school, on=True, minutes=9, hours="", now=told.NOW
            )
            transaction.commit(session)
        self._report(story="Ik wil niet meer leven.", safety={"suicide": True})

    def _own_desk(self) -> Iterator[str]:
        for path in ("afwezig", "agenda", "account", "protocol"):
            self.go(f"bureau/{path}")
            yield path
        self.go("bureau/agenda")
        self.send(button="renew")
        yield "agenda-adres"
        self.go("bureau/afwezig")
        self.send(first_on=TODAY.isoformat(), last_on="")
        yield "afwezig-fout"
        colleague = self.page.locator("[name=substitute] option").nth(1).get_attribute("value")
        later = [(TODAY + timedelta(days=ahead)).isoformat() for ahead in (40, 44)]
        self.send(first_on=later[0], last_on=later[1], substitute=colleague)
        yield "afwezig-geregeld"

    def _starting(self) -> Iterator[str]:
        self.go("bureau/nieuw/")
        yield "nieuw"
        self.send(kind="talk")
        yield "nieuw-fout"
        school_class = self.site.here.classes["1A"]
        self.send(kind="talk", story="Een ouder belde.", subject=school_class, code="yes")
        yield "nieuw-klaar-met-code"
        self.go("bureau/nieuw/")
        self.send(kind="signal", story="Bij de kluisjes.", subject=self.site.here.classes["3B"])
        yield "nieuw-klaar"


@contextmanager
def tour(site: Site, browser: Browser) -> Iterator[Tour]:
    """Begin a tour of this site; what the console notes on the way is kept."""
    context = browser.new_context(viewport={"width": 360, "height": 800}, locale="nl")
    with served(site, HERE) as home:
        going = Tour(site, context.new_page(), home)
        going.page.set_default_timeout(10_000)
        going.page.on("console", lambda message: going.console.append(message.text))

        def note(_app, template, **_more):
            going.rendered.add(template.name)

        template_rendered.connect(note, site.app)
        yield going
        template_rendered.disconnect(note, site.app)
        context.close()
