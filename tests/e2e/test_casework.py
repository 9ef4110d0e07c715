"""A case from its first page to its end, a mentor who is away, and a desk worked by keyboard."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.handling import log_in
from tests.e2e.staff_pages import CasePage
from tests.e2e.working import Work

TODAY = datetime.now(ZoneInfo("Europe/Amsterdam")).date().isoformat()
STORY = "Een leerling vertelde dat hij elke pauze alleen bij het hek staat."
RULE = "nooit het gepeste kind mag zijn dat de school verlaat"
KNOWN, ONLY = "Er is gescholden bij het hek.", "Het ging over zijn nieuwe schoenen."


@pytest.fixture
def phone(visit, javascript):
    """A function that opens one more phone with, or without, scripts."""
    return lambda: visit(javascript=javascript)


@pytest.fixture
def school(site):
    return site.schools["heuvelrug"]


def begun(desk, subject) -> Work:
    """A talk that somebody of staff had, written down: the case is theirs."""
    started = desk.something_new().give(kind="talk", story=STORY, subject=subject)
    started.press("Open de zaak")
    case = CasePage(desk.page, desk.watch)
    return Work(case.page, case.watch)


def test_a_case_runs_from_its_first_page_to_its_end(phone, school, javascript):
    name = "2A" if javascript else "1B"
    page, watch = phone()
    work = begun(log_in(page, watch, school, school.mentor_of(name)), name)
    first_step(work, name)
    talk_with_the_other(work)
    second_step(work)
    note_it_down(work)
    work = work.go("maatregelen").send(
        "form[action$='/maatregelen']", "Leg de maatregel vast",
        measure="change_of_school", about="subject", text="Rust voor iedereen.",
    )  # fmt: skip
    assert RULE in page.inner_text("[role=alert]")
    end_it(work)


def first_step(work: Work, name: str) -> None:
    people = "form[action$='/mensen/']"
    work = work.go("mensen/").send(
        people, "Bewaar", name="Luna Kuil", part="subject", class_name=name, age_band="16-17"
    )
    work.press("Open Luna Kuil")
    for parent in ("Ans Kuil", "Tarik Kuil"):
        work = Work(work.page, work.watch).send(
            "form[action$='/ouder']", "Bewaar", parent_name=parent, authority="joint", way="phone"
        )
    work = work.go("protocol")
    done = "Bewaar: dit is gedaan"
    assert not work.page.locator("#taak-gesprek-pester").count()
    work = work.send("#taak-gesprek-gepeste form", done, text="In de pauze, hij wil hulp.")
    work = work.send("#taak-plan form", done, text="Samen gemaakt, in zijn woorden.")
    assert not work.page.locator("#taak-gesprek-pester").count()
    work = work.send(
        "#taak-overleg-gepeste-stap-1 form", "Akkoord", person="Luna Kuil", text="‘Goed plan.’"
    )
    assert work.page.locator("#taak-gesprek-pester").count()


def talk_with_the_other(work: Work) -> None:
    work = work.go("gesprekken/noemen")
    details = work.page.locator("textarea[name=fact]")
    details.nth(details.count() - 2).fill(KNOWN)
    ways = work.page.locator("select[name=how]")
    ways.nth(ways.count() - 2).select_option("known")
    details.last.fill(ONLY)
    ways.last.select_option("only")
    work = work.send("form[action$='/noemen']", "Bewaar, en vraag wat moet")
    work = work.go("gesprekken/blad")
    sheet = work.text()
    assert KNOWN in sheet
    assert ONLY not in sheet
    assert STORY not in sheet
    work = work.go("gesprekken/nieuw?met=accused")
    assert work.page.locator("aside.week .guide, aside.week section").count()
    work = work.send(
        "form[action$='/gesprekken/nieuw']", "Bewaar het gesprek",
        present="de leerling en ik", literal="‘Wij deden maar wat.’", interpreted="Hij schrok.",
    )  # fmt: skip
    work.page.locator("#gevoerd summary").first.click()
    assert "Wij deden maar wat." in work.text()


def second_step(work: Work) -> None:
    """Not enough: the next step, to which a pupil of 16 and both parents agree each apart."""
    work = work.go("protocol").send(
        "form[action*='/feiten']", "Bekijk waar dit heen gaat", report_count="2"
    )
    assert "De stap wordt: Stap 2" in work.text()
    work = work.send("form[action*='/feiten']", "Doe dit", reason="Het ging door na de afspraken.")
    for key in ("overleg-collega", "plan-bijstellen", "plan-voorleggen"):
        work = work.send(f"#taak-{key} form", "Bewaar: dit is gedaan", text="Met de collega.")
    waiting = "#taak-plan-uitvoeren"
    assert not work.page.locator(waiting).count()
    parents = [f"{one}, ouder van Luna Kuil" for one in ("Ans Kuil", "Tarik Kuil")]
    gates = (
        ("akkoord-leerling-stap-2", ["Luna Kuil"]),
        ("akkoord-ouders-stap-2", [*parents, "Luna Kuil"]),
    )
    for key, people in gates:
        for person in people:
            assert not work.page.locator(waiting).count()
            work = work.send(f"#taak-{key} form", "Akkoord", person=person, text="‘Ja.’")
    work.send(f"{waiting} form", "Bewaar: dit is gedaan", text="Vanaf maandag.")


def note_it_down(work: Work) -> None:
    work = work.go("plan").send(
        "#schrijf form", "Bewaar het plan",
        pupil="Luna Kuil", goal="Weer samen in de pauze.", actions="Mentor kijkt elke pauze.",
    )  # fmt: skip
    assert "versie 1" in work.text()
    work = work.go("registratie")
    work.press("Maak een notitie")
    work = Work(work.page, work.watch)
    work = work.send("#maak form", "Maak de tekst", pupil="Luna Kuil")
    text = work.page.locator("#text").input_value()
    assert STORY not in text
    work = work.send("form[action$='/geplaatst']", "Ik heb hem geplaatst")
    assert "Luna Kuil" in work.page.locator("#geplaatst").inner_text()


def end_it(work: Work) -> None:
    ends = "form[action$='/afronden']"
    given = {"outcome": "resolved", "reason": "Het is rustig in de pauze."}
    work = work.go("afronden").send(ends, "Rond de zaak af", **given)
    assert "Leg een gesprek met de leerling vast" in work.text()
    talk = {"talk_on": TODAY, "talk": "Luna zegt: het gaat goed."}
    work = work.send(ends, "Rond de zaak af", **talk)
    assert "Klaar" in work.page.locator("main header").first.inner_text()


def test_a_colleague_takes_over_while_the_mentor_is_away(phone, school, javascript):
    away, there = (school.mentor_of(one) for one in (("3A", "1A") if javascript else ("3B", "2B")))
    page, watch = phone()
    work = begun(log_in(page, watch, school, away), "3A" if javascript else "3B")
    case, label = work.case, work.heading().removeprefix("Zaak ")
    page.goto(case.partition("/zaken/")[0] + "/afwezig")
    page.fill("[name=first_on]", TODAY)
    page.fill("[name=last_on]", TODAY)
    page.select_option("[name=substitute]", label=there.name)
    page.get_by_role("button", name="Geef de sleutels aan mijn collega").click()
    page.get_by_text("Geregeld.").wait_for()
    page, watch = phone()
    desk = log_in(page, watch, school, there)
    assert f"waarnemer voor {away.name}" in desk.text()
    desk.open_case(label)
    assert STORY in page.inner_text("main")
    found_and_given_on(page, label, school)


def found_and_given_on(page, label: str, school) -> None:
    """Search finds the case by its number; ticked in the list, it goes to somebody else."""
    home = page.url.partition("/zaken/")[0]
    page.goto(f"{home}/zoek")
    page.get_by_role("main").get_by_role("textbox").fill(label)
    page.get_by_role("main").get_by_role("button", name="Zoek").click()
    page.locator("main a.task", has_text=label).wait_for()
    assert label not in page.url
    page.goto(f"{home}/zaken?lijst=alle")
    page.locator(".pick", has_text=label).locator("label").first.click()
    head = school.having("schoolleiding")[0]
    page.locator("summary", has_text="Met de gekozen zaken").click()
    option = page.locator("#samen option", has_text=head.name).first
    page.select_option("#samen [name=staff]", option.get_attribute("value"))
    page.fill("#samen [name=why]", "De mentor is er niet.")
    page.get_by_role("button", name="Draag over", exact=True).click()
    page.get_by_text("Gedaan: 1.").wait_for()
    assert head.name in page.locator(".pick", has_text=label).inner_text()


def test_the_desk_is_worked_by_keyboard_alone(phone, site, javascript):
    """With j, x and Enter where there are scripts, and with Tab and Enter where there are none."""
    school, name = site.schools["stadspoort"], "3A" if javascript else "3B"
    page, watch = phone()
    log_in(page, watch, school, school.mentor_of(name))
    started_by_keys(page, f"{site.address}/stadspoort/bureau/nieuw/", name)
    page.goto(f"{site.address}/stadspoort/bureau/zaken")
    if javascript:
        page.keyboard.press("j")
        page.keyboard.press("x")
        assert page.locator("[name=case]").first.is_checked()
    row = page.locator("main a.task").first
    for _ in range(40):
        if row.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.inner_text("h1").startswith("Zaak ")


def started_by_keys(page, address: str, name: str) -> None:
    page.goto(address)
    page.locator("[name=kind]").first.focus()
    page.keyboard.press("ArrowDown")
    page.locator("[name=story]").focus()
    page.keyboard.type(STORY)
    page.locator("label", has_text=name).locator("[name=subject]").focus()
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.get_by_role("button", name="Leg vast en geef door").press("Enter")
