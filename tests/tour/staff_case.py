"""The pages of one case, in the order in which it is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy import select

from portal.models import Case
from tests.services import world as told
from tests.tour.desk import Desk
from tests.web.desk_site import FILE_NAMES

TODAY = told.NOW.date()
TALKS = ("subject", "accused", "class", "parents")
ONLY_ONCE = "Dit detail weet alleen de melder"
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


class CaseTour(Desk):
    """Somebody who works on one case, from its first page to its end."""

    def case_stops(self) -> Iterator[str]:
        yield from self._the_case()
        yield from self._its_people()
        yield from self._its_talks()
        yield from self._its_papers()
        yield from self._its_protocol()
        yield from self._its_work()
        yield from self._its_colleagues()
        yield from self._its_end()

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

    def _its_colleagues(self) -> Iterator[str]:
        self.case("akkoord")
        yield "akkoord"
        self.case("groep")
        yield "groep"
        self.send("/groep", text="")
        yield "groep-fout"
        self.case("overdragen")
        yield "overdragen"
        self.send("/overdragen", why="")
        yield "overdragen-fout"
        self.case("tijdlijn")
        yield "tijdlijn"
        self.page.get_by_role("link", name="Maak een blad om te printen").click()
        self.page.wait_for_load_state()
        yield "tijdlijn-blad"

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
