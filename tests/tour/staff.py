"""A tour past every page that staff can meet, in each state that looks different.

Forms are filled in the browser and sent by their own buttons, so that what a page answers to a
mistake is met too. `Tour.stops` leaves the browser on one page after another and names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from flask import template_rendered
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from portal.demo import samples
from portal.models import Case, StaffMember
from portal.services import duty, transaction
from portal.services.custody import SYSTEM
from tests.services import world as told
from tests.services.founded import PASSPHRASE, code_at
from tests.tour.reporter import served
from tests.web.desk_site import FILE_NAMES, HERE, Person, Site

TODAY = told.NOW.date()
TALKS = ("subject", "accused", "class", "parents")
ONLY_ONCE = "Dit detail weet alleen de melder"
# Fills in a form, whatever the kind of its fields, and presses one of its buttons.
SEND = """(form, [fields, button]) => {
  for (const [name, value] of Object.entries(fields)) {
    const those = [...form.elements].filter((one) => one.name === name);
    if (!those.length) throw new Error(`no field ${name}`);
    those.forEach((one, at) => {
      if (/^(radio|checkbox)$/.test(one.type)) one.checked = [value].flat().includes(one.value);
      else one.value = [value].flat()[at] ?? one.value;
    });
  }
  form.noValidate = true;
  const pressed = [...form.elements].filter((one) => one.type === "submit");
  (button ? pressed.find((one) => one.value === button) : pressed[0]).click();
}"""
LUNA = {"name": "Luna Kuil", "part": "subject", "class_name": "1A", "age_band": "12"}
SEM = {"name": "Sem de Boer", "part": "accused", "class_name": "1A", "age_band": "13-15"}
ANS = {"parent_name": "Ans Kuil", "relation": "moeder", "authority": "joint", "way": "phone"}
HIDDEN = {**ANS, "parent_name": "Tarik Kuil", "inform": "no", "reason": "Gevaar thuis."}
TALK = {
    "on": TODAY.isoformat(),
    "present": "de leerling en de mentor",
    "literal": "‘Het was bij het hek.’",
    "observed": "Stil, keek weg.",
    "interpreted": "Ik denk dat het vaker gebeurt.",
    "agreed": "Wij spreken elkaar vrijdag weer.",
}
PLAN = {"goal": "Rust in de pauze.", "actions": "Mentor kijkt elke pauze.", "results": "Nog niets."}


@dataclass
class Tour:
    """One member of staff after another, on the way past every page."""

    site: Site
    page: Page
    home: str
    rendered: set[str] = field(default_factory=set)
    console: list[str] = field(default_factory=list)
    logged_in: Person | None = None

    @property
    def newest(self) -> str:
        """Who gets an account on the way."""
        return self.site.here.pair.lines[-1].code

    def stops(self) -> Iterator[str]:
        """Go from page to page; each name is of the page that is open now."""
        yield from self._at_the_door()
        yield from self._managing()
        yield from self._first_time()
        yield from self._at_the_desk()
        yield from self._starting()
        yield from self._the_case()
        yield from self._its_people()
        yield from self._its_talks()
        yield from self._its_papers()
        yield from self._its_protocol()
        yield from self._its_work()
        yield from self._its_end()

    def go(self, path: str) -> None:
        self.page.goto(self.home + path, wait_until="load")

    def become(self, code: str | None) -> None:
        """Sit down at the desk of somebody; of nobody, before the door."""
        self.page.context.clear_cookies()
        if code is not None:
            self.logged_in = self.site.log_in(code)
            cookie = self.logged_in.client.get_cookie("v")
            self.page.context.add_cookies([{"name": "v", "value": cookie.value, "url": self.home}])

    def send(self, action: str = "", button: str = "", **fields: object) -> None:
        """Fill in the form with this address on the page that is open, and send it."""
        wanted = f"form:is([action$='{action}'], [action*='{action}#'])"
        form = self.page.locator(wanted if action.startswith("/") else f"main form{action}")
        with self.page.expect_navigation(wait_until="load"):
            form.first.evaluate(SEND, [fields, button])

    def case(self, path: str = "") -> None:
        self.go(f"bureau/zaken/{self.site.case_id}/{path}")

    def _report(self, **more: object) -> str:
        """Another report in the same class; gives the label of its case."""
        with self.site.factory() as session:
            receipt = told.report(self.site.here, session, told.answers(self.site.here, **more))
            return receipt.label

    def _at_the_door(self) -> Iterator[str]:
        self.become(None)
        for path in ("inloggen", "herstel", "activeren"):
            self.go(f"bureau/{path}")
            yield path
            self.send(**{one: "fout" for one in self._empty_fields()})
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

    def _the_case(self) -> Iterator[str]:
        self.case()
        yield "zaak"
        self.send("/antwoord")
        yield "zaak-fout"
        self.case()
        self.send("/antwoord", **{f"reply-{self.site.report_id}": "Ik heb het gelezen."})
        self.case()
        self.send("/notitie", note="Morgen bellen met de conciërge.")
        for name in (FILE_NAMES[0], FILE_NAMES[1], FILE_NAMES[-1]):
            self.case(f"bewijs/{self.site.evidence[name]}/")
            yield f"bewijs-{urlsplit(name).path.rpartition('.')[2]}-{FILE_NAMES.index(name)}"
        self.case(f"bewijs/{self.site.evidence[FILE_NAMES[0]]}/dicht")
        yield "bewijs-dicht-vraag"
        self.send("/dicht")
        yield "bewijs-dicht"
        self.case("aangifte")
        yield "aangifte"
        self.case()
        yield "zaak-met-gesloten-beeld"

    def _its_people(self) -> Iterator[str]:
        self.case("mensen/")
        yield "mensen-niemand"
        self.send("/mensen/", part="subject")
        yield "mensen-fout"
        for person in (LUNA, SEM):
            self.send("/mensen/", **person)
        yield "mensen"
        self.page.get_by_role("link", name="Open Luna Kuil").click()
        self.page.wait_for_load_state()
        here = self.page.url
        yield "leerling"
        self.send("/ouder")
        yield "leerling-ouder-fout"
        for parent in (ANS, HIDDEN):
            self.page.goto(here)
            self.send("/ouder", **parent)
        self.page.goto(here)
        yield "leerling-met-ouders"
        mother = self.page.get_by_role("link", name="Blad voor Ans Kuil").get_attribute("href")
        hidden = self.page.locator("[name=to]").last.get_attribute("value")
        told_them = {"medium": "phone", "what": "Wij praten morgen met uw kind."}
        self.send("/verteld", to=hidden, **told_them)
        yield "leerling-verteld-waarschuwing"
        self.page.goto(here)
        self.send("/verteld", to=urlsplit(mother).query.partition("=")[2], **told_them)
        yield "leerling-verteld"
        self.page.goto(urlsplit(here)._replace(path=urlsplit(mother).path).geturl())
        yield "leerling-blad"

    def _its_talks(self) -> Iterator[str]:
        self.case("gesprekken")
        yield "gesprekken-geen"
        for kind in TALKS:
            self.case(f"gesprekken/nieuw?met={kind}")
            yield f"gesprek-{kind}"
        self.send("/nieuw", **{"with": "subject"})
        yield "gesprek-fout"
        self.send("/nieuw", **{"with": "subject"}, **TALK)
        self.case("gesprekken/noemen")
        yield "noemen"
        ways = ["known", "only"]
        self.send("/noemen", fact=["Er is gescholden.", ONLY_ONCE], how=ways)
        yield "noemen-gevraagd"
        self.case("gesprekken/blad")
        yield "gespreksblad"
        self.case("gesprekken")
        self.send("/samen", wish="no", wish_text="‘Liever niet.’", alternative="Ieder apart.")
        self.send("/politie", grounds="report", police="Ouders doen aangifte.")
        yield "gesprekken-politie-eerst"
        self.case()
        yield "zaak-politie-eerst"
        self.case("gesprekken")
        self.send("/politie", button="contacted", police="Wijkagent gebeld, gesprek mag.")

    def _its_papers(self) -> Iterator[str]:
        self.case("plan")
        yield "plan-geen"
        self.send("/plan", pupil="Luna", **PLAN)
        self.send("/akkoord", button="agreed", person="Luna", said="‘Goed zo.’")
        self.page.get_by_role("link", name="Pas aan").click()
        self.page.wait_for_load_state()
        self.send("/plan", reason="", goal="Rust, ook online.")
        yield "plan-fout"
        self.send("/plan", reason="Het ging ook online door.", goal="Rust, ook online.")
        yield "plan"
        self.page.get_by_role("link", name="Print", exact=True).click()
        self.page.wait_for_load_state()
        yield "plan-blad"
        self.case("registratie")
        yield "registratie"
        self.page.get_by_role("link", name="Maak een notitie").first.click()
        self.page.wait_for_load_state()
        self.send("/registratie", pupil="Luna")
        yield "registratie-tekst"
        self.send("/geplaatst", text="Fenna zei het.")
        yield "registratie-fout"
        self.case("collegas")
        self.send("/collegas", text="")
        yield "informeer-fout"
        self.send("/collegas", pupil="Luna", text="Luna heeft rust nodig.", told="docenten van 1A")
        yield "informeer"

    def _its_protocol(self) -> Iterator[str]:
        self.case("protocol")
        yield "protocol-loopt"
        self.send("/stap", button="skipped", text="")
        yield "protocol-loopt-fout"
        self.case("protocol")
        self.send("/feiten", button="look", class_relation="different", cyber="yes")
        yield "protocol-voorstel"
        self.send("/feiten", button="keep", reason="")
        yield "protocol-voorstel-fout"
        with self.site.factory() as session:
            other = session.scalars(select(Case).where(Case.id != self.site.case_id)).first()
            label = other.label
        self.case("koppelen")
        yield "koppelen"
        self.send("/koppelen", label="BBB-BBB", kind="other", reason="Zelfde bijnaam.")
        yield "koppelen-fout"
        self.send("/koppelen", label=label, kind="new_incident", reason="Zelfde bijnaam.")
        yield "gekoppeld"

    def _its_work(self) -> Iterator[str]:
        self.case("taken")
        yield "taken-geen"
        self.send("/taken", text="")
        yield "taken-fout"
        self.send("/taken", text="Bel de mentor van 1B.", due_on=TODAY.isoformat())
        yield "taken"
        self.case("eigen")
        self.send("/eigen", own="Alleen voor mij.")
        yield "eigen"
        self.case("maatregelen")
        yield "maatregelen"
        self.send("/maatregelen", measure="change_of_school", about="subject", text="Rust.")
        yield "maatregel-geweigerd"
        self.case("maatregelen")
        self.send("/eerst", what="announced", on=TODAY.isoformat(), ground_text="Met ouders.")
        yield "maatregelen-vooraf"
        self.case("zijsporen")
        yield "zijsporen"
        self.send("/zijsporen")
        yield "zijsporen-fout"
        self.case("meldcode")
        yield "meldcode-begin"
        self.send("/begin", named=self.page.locator("[name=named]").first.input_value())
        yield "meldcode"
        self.case("betrokken")
        yield "betrokken"
        self.go("bureau/")
        yield "vandaag-met-taak"

    def _its_end(self) -> Iterator[str]:
        self.case("afronden")
        yield "afronden"
        self.send("/afronden", outcome="resolved", reason="Het is rustig.")
        yield "afronden-fout"
        talk = {"talk_on": TODAY.isoformat(), "talk": "Het gaat goed."}
        self.send("/afronden", **talk)
        yield "zaak-afgerond"
        self.case("afronden")
        yield "heropenen"


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
