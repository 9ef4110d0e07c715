"""One filled site and one browser for all stories.

The browser is Debian's; its back/forward cache, which Playwright switches off, is on here, or
leaving in a hurry would pass without being tested.
"""

import pytest
from playwright.sync_api import sync_playwright

from tests.e2e import site as sites
from tests.e2e.handling import Handled, Returned, come_back, handle, log_in, take_over
from tests.e2e.site import Mailbox, Site
from tests.e2e.staff_pages import CasePage
from tests.e2e.telling import Told, leave, tell
from tests.e2e.watch import LOOKS, Watch

PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="package", autouse=True)
def _every_look(full_sweeps):
    if full_sweeps:
        Watch.looks = LOOKS


@pytest.fixture(scope="package")
def filled(tmp_path_factory):
    """A folder with five filled schools, for servers to run on."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    sites.fill(folder, folder.with_name("fill.log"))
    return folder


@pytest.fixture(scope="package")
def site(filled):
    """The running portal: two web workers, the background worker, mail, a neutral exit."""
    mailbox = Mailbox()
    mail = sites.serve_mail(mailbox)
    weather, exit_url = sites.serve_weather()
    log = filled.with_name("serve.log")
    sites.forget_mail(filled)
    process, port = sites.serve(
        filled,
        log,
        {
            "PORTAL_SMTP_HOST": mail.hostname,
            "PORTAL_SMTP_PORT": str(mail.port),
            "PORTAL_MAIL_FROM": "portaal@school.example",
            "PORTAL_EXIT_URL": exit_url,
        },
    )
    yield Site(f"http://127.0.0.1:{port}", filled, exit_url, mailbox, log)
    sites.stop(process)
    mail.stop()
    weather.shutdown()


@pytest.fixture(scope="package")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright):
    chromium = playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield chromium
    chromium.close()


@pytest.fixture(scope="package", params=[True, False], ids=["js", "nojs"])
def javascript(request):
    return request.param


@pytest.fixture
def visit(browser, site):
    """A function that opens a new phone: its page, and what watches it."""
    opened = []

    def open_phone(*, javascript: bool = True):
        page, watch = _phone(browser, site, javascript=javascript, axe=False)
        opened.append(page.context)
        return page, watch

    yield open_phone
    for context in opened:
        context.close()


def _phone(browser, site, *, javascript: bool, axe: bool = True):
    context = browser.new_context(viewport=PHONE, java_script_enabled=javascript, locale="nl-NL")
    context.set_default_timeout(60_000)
    watch = Watch(site.address, with_axe=axe and javascript)  # axe is a script
    watch.follow(context)
    return context.new_page(), watch


@pytest.fixture(scope="package")
def told(browser, site, javascript):
    """The whole story, told and sent once with scripts and once without; the phone is left."""
    subject, accused = ("2A", "3A") if javascript else ("2B", "3B")
    page, watch = _phone(browser, site, javascript=javascript)
    told = Told(site.schools["waterkant"], subject, accused, javascript, watch)
    leave(tell(page, told, site.address), told, site.exit_url)
    page.context.close()
    return told


@pytest.fixture(scope="package")
def handled(browser, site, told):
    """The mentor has read it, answered, and handed it to a role that had no key before."""
    mentor = told.school.mentor_of(told.subject)
    successor = told.school.having("ondersteuningscoordinator")[0]
    page, watch = _phone(browser, site, javascript=told.javascript)
    handled = Handled(told, watch, mentor, successor)
    handle(page, handled)
    page.context.close()
    page, watch = _phone(browser, site, javascript=told.javascript)
    take_over(page, watch, handled)
    page.context.close()
    return handled


@pytest.fixture(scope="package")
def returned(browser, site, handled):
    """The reporter has read the answer, written back and added a file; staff look again."""
    page, watch = _phone(browser, site, javascript=handled.told.javascript)
    returned = Returned(handled, watch)
    come_back(page, returned)
    page.context.close()
    page, watch = _phone(browser, site, javascript=handled.told.javascript)
    log_in(page, watch, handled.told.school, handled.successor)
    case = CasePage.open(page, watch, handled.case)
    returned.staff_page, returned.staff_tiles = page.inner_text("body"), list(case.tiles())
    page.context.close()
    return returned
