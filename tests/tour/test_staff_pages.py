"""Every page of staff, held against the rules that all of them keep to.

By default each page in one look, another for each, and the keyboard on the two that are worked on
most; with the full sweeps each in every width, colour and size, with the keyboard. Which pages
there are is counted by the templates that were rendered.
"""

from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.tour import checks
from tests.tour.staff import tour
from tests.web.desk_site import copy_of_site

TEMPLATES = Path(__file__).parents[2] / "templates"
QUICK = ((360, "light"), (1280, "dark"), (320, "large"), (768, "light"), (320, "dark"))
# Colours do not change with the width, nor the order of the page with the colours.
FULL = (
    *((width, "light") for width in checks.WIDTHS),
    (360, "dark"), (1280, "dark"), (360, "forced"), (320, "large"), (1280, "large"),
)  # fmt: skip
WORKED_ON = {"vandaag", "zaak"}
# What a browser writes down of each page that says what is wrong.
REFUSED = "Failed to load resource: the server responded with a status of 4"


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield started
        started.close()


@pytest.mark.timeout(1800)  # more than a hundred pages, in the full sweeps nine times
def test_every_page_is_open_to_everybody(chromium, tmp_path, full_sweeps):
    looks = cycle(QUICK)
    found = []
    with tour(copy_of_site(tmp_path), chromium) as visit:
        for name in visit.stops():
            noted = [text for text in visit.console if not text.startswith(REFUSED)]
            visit.console.clear()
            shown = FULL if full_sweeps else (next(looks),)
            keyboard = full_sweeps or name in WORKED_ON
            faults = checks.all_faults(visit.page, shown, keyboard=keyboard)
            found += [f"{name}: {fault}" for fault in (*noted, *faults)]
        assert expected_templates() - visit.rendered == set()
    assert not found, "\n".join(found)


def expected_templates():
    return {
        f"{folder}/{one.name}"
        for folder in ("staff", "admin")
        for one in (TEMPLATES / folder).glob("*.html")
        if one.name[0] != "_"
    }
