"""The desk in a real browser: axe, phones and wide screens, both themes, without JavaScript."""

import subprocess
import threading

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from portal.services import people_work, transaction
from portal.services.people_work import PersonForm, RepresentativeForm
from tests.axe import violations
from tests.services import world as told
from tests.web.desk_site import HERE, copy_of_site

REST = ((360, "light"), (1280, "dark"))
TAP = (
    "button, a.b, summary, select, .choice, .chip, .task, .case, .view, .jump, .tabs a, .rail a,"
    " .back, .show"
)
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true })"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = copy_of_site(tmp_path_factory.mktemp("look"))
    server = make_server("127.0.0.1", 0, made.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.address = f"http://127.0.0.1:{server.port}/{HERE}/bureau"
    made.pupil = write_down_a_family(made)
    yield made
    server.shutdown()


def write_down_a_family(site):
    with site.factory() as session:
        given = {
            "actor": site.here.actor(session, site.mentor),
            "case_id": site.case_id,
            "now": told.NOW,
        }
        pupil = PersonForm(name="Luna Kuil", part="subject", age_band="12")
        key = people_work.add(session, form=pupil, **given)
        for version, inform in ((1, True), (2, False)):
            parent = RepresentativeForm(
                name="Ans Kuil", authority="joint", inform=inform, reason="Gevaar thuis."
            )
            people_work.set_representative(
                session, person_id=key, version=version, form=parent, **given
            )
        transaction.commit(session)
        return key


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield started
        started.close()


def visit(chromium, site, *, width, scheme="light", javascript=True):
    person = site.log_in(site.mentor)
    context = chromium.new_context(
        viewport={"width": width, "height": 740},
        color_scheme=scheme,
        reduced_motion="reduce",
        java_script_enabled=javascript,
    )
    cookie = person.client.get_cookie("v")
    context.add_cookies([{"name": "v", "value": cookie.value, "url": site.address}])
    return context, context.new_page()


def pages(site):
    case = f"zaken/{site.case_id}/"
    desk = ["", "zaken", "zaken?lijst=alle&spoed=1", "zoek", "afwezig", "agenda"]
    own = [f"{case}{part}" for part in ("taken", "maatregelen", "meldcode", "afronden")]
    own += [f"{case}mensen/{part}" for part in ("", f"{site.pupil}/", f"{site.pupil}/blad")]
    return [*desk, "nieuw/", case, f"{case}aangifte", *own] + [
        f"{case}bewijs/{item}/" for item in site.evidence.values()
    ]


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (360, "dark"),
        pytest.param(1280, "light", marks=pytest.mark.sweep),
        *(pytest.param(*one, marks=pytest.mark.sweep) for one in REST),
    ],
)
def test_axe_finds_nothing_and_everything_fits_a_thumb(chromium, site, width, scheme):
    context, page = visit(chromium, site, width=width, scheme=scheme)
    faults = []
    page.on("console", lambda message: faults.append(message.text))
    for path in pages(site):
        assert page.goto(f"{site.address}/{path}").status == 200
        page.evaluate(OPEN_ALL)
        faults += [(path, fault) for fault in violations(page)]
        small = page.eval_on_selector_all(
            TAP,
            "all => all.filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)"
            ".map(e => e.outerHTML.slice(0, 150))",
        )
        faults += [(path, "small", one) for one in small]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append((path, "wide"))
    context.close()
    assert faults == []


def test_the_next_step_stands_beside_the_case_and_not_in_the_wide_column(chromium, site):
    context, page = visit(chromium, site, width=1280)
    page.goto(f"{site.address}/zaken/{site.case_id}/")
    boxes = [page.locator(one).bounding_box() for one in (".over", "#main", "#stap")]
    left = [box["x"] for box in boxes]
    assert left == sorted(left)
    assert boxes[1]["width"] > 1.5 * boxes[2]["width"]
    assert boxes[2]["y"] < 100
    context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_on_a_phone_one_tap_on_the_first_screen_leads_to_the_next_step(chromium, site, javascript):
    context, page = visit(chromium, site, width=360, javascript=javascript)
    page.goto(f"{site.address}/zaken/{site.case_id}/")
    pill = page.locator(".jump")
    assert pill.bounding_box()["y"] < 500
    pill.click()
    step = page.locator("#stap").bounding_box()
    assert 0 <= step["y"] < 200
    page.get_by_text("Leg vast", exact=True).first.click()
    assert page.locator("#happened").is_visible()
    context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_code_is_offered_only_for_a_talk(chromium, site, javascript):
    context, page = visit(chromium, site, width=360, javascript=javascript)
    page.goto(f"{site.address}/nieuw/")
    offer = page.locator(".if-talk")
    assert not offer.is_visible()
    page.get_by_text("Een gesprek, telefoontje of brief").click()
    assert offer.is_visible()
    context.close()


def test_the_sheet_of_a_timeline_prints_its_case_on_every_page_and_no_address(chromium, site):
    person = site.log_in(site.mentor)
    path = f"zaken/{site.case_id}"
    for number in range(20):
        assert person.post(f"/{path}/notitie", {"note": f"Notitie {number}. " * 60}).status_code
    context, page = visit(chromium, site, width=1280)
    page.goto(f"{site.address}/{path}/tijdlijn/blad")
    label = page.locator("h1").inner_text().rpartition(" ")[2]
    # As a browser that adds its own head and foot.
    sheet = page.pdf(prefer_css_page_size=True, display_header_footer=True)
    context.close()
    done = subprocess.run(["pdftotext", "-", "-"], input=sheet, capture_output=True, check=True)
    printed = done.stdout.decode().rstrip("\f").split("\f")
    assert len(printed) > 2
    assert all(f"Zaak {label}" in one for one in printed)
    assert "127.0.0.1" not in done.stdout.decode()
    assert "Snel weg" not in done.stdout.decode()
