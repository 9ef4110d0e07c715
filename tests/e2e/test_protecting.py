"""A photo that tells where it was made: warned, kept sealed, read as a copy; and one press."""

import io

from PIL import Image

from portal.demo import samples
from tests.browsing import follow
from tests.e2e.reporter_pages import Evidence, Front, Review
from tests.e2e.staff_pages import CasePage, EvidencePage, Login
from tests.e2e.telling import file_payload

PHOTO, OTHER = "IMG_3107 bij Fenna thuis.jpg", "IMG_3108.jpg"
STORY = "Er gaat een foto rond van bij mij thuis."


def tell_with_files(page, watch, site):
    """Tell in a few taps and send two photos along."""
    question = Front.open(page, watch, site.address, "waterkant").begin("Over mij")
    question.write("story-story", STORY)
    question = question.go_on()
    question.tick_by_text("classes-subject", "1B")
    question.tick_by_text("classes-accused", "1B")
    question.go_on()
    page.goto(f"{site.address}/waterkant/bestanden")
    evidence = Evidence(page, watch).ask("Nee")
    return evidence.pick(
        [
            file_payload(PHOTO, samples.jpeg()),
            file_payload(OTHER, samples.jpeg(position=False)),
        ]
    )


def unfold(page, words):
    fold = page.locator("details.fold", has_text=words).first
    if not fold.evaluate("fold => fold.open"):
        fold.locator("summary").click()
    return fold


def overseer(visit, site, case):
    """Another reader, with the page of the second photo open."""
    for person in site.schools["waterkant"].having("leerlingcoordinator"):
        page, watch = visit()
        Login.open(page, watch, site.schools["waterkant"]).enter(person)
        if page.goto(case).status == 200:
            return CasePage(page, watch).show(OTHER)
    raise AssertionError


def test_from_the_warning_to_one_press(visit, site):
    page, watch = visit(javascript=False)
    evidence = tell_with_files(page, watch, site)
    fold = unfold(page, PHOTO)
    assert "Waar het gemaakt is. Dat kan je huis zijn." in fold.inner_text()
    assert "Voorbeeld Telefoon" in fold.inner_text()
    follow(page, fold.get_by_role("button", name="Houd verzegeld"))
    assert "Verzegeld, alleen voor de politie" in evidence.text()
    page.goto(f"{site.address}/waterkant/nakijken")
    assert "Dat kan je huis zijn." not in page.inner_text("main")
    Review(page, watch).send()

    mentor = site.schools["waterkant"].mentor_of("1B")
    desk, desk_watch = visit()
    case = Login.open(desk, desk_watch, site.schools["waterkant"]).enter(mentor).open_telling(STORY)
    address = desk.url
    assert PHOTO not in case.text()
    shown = Image.open(io.BytesIO(case.show("verzegeld bestand").picture()))
    assert (max(shown.size), dict(shown.getexif())) == (1600, {})
    assert "Dit is een opgeschoonde kopie." in desk.inner_text("main")
    assert "Haal het origineel op" not in desk.inner_text("main")

    colleague = overseer(visit, site, address)
    assert colleague.picture()
    CasePage.open(desk, desk_watch, address).show(OTHER)
    EvidencePage(desk, desk_watch).press("Dit hoor ik niet te zien")
    follow(desk, desk.get_by_role("button", name="Sluit het nu"))
    assert "Bel vandaag de politie" in desk.inner_text("main")
    assert mentor.name in desk.inner_text("main")
    source = colleague.page.locator("main img").get_attribute("src")
    again = colleague.page.context.request.get(site.address + source)
    assert again.status == 404
    colleague.page.reload()
    assert colleague.page.locator("main img").count() == 0
