"""Go past every page, to take pictures or to write down what was checked.

    python -m tests.tour pictures docs/screens     each page of the reporter, and the desk with a
                                                   case, narrow and wide; `--only staff` for these
    python -m tests.tour statement                 checks the reporter's pages in every language:
                                                   portal/data/accessibility.toml

Everything shown is fictional: a school of the tests.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.tour import checks, staff
from tests.tour.reporter import LANGUAGES, Tour, served, tour
from tests.web import desk_site
from tests.web.reporter_site import Site

STATEMENT = Path(__file__).parents[2] / "portal" / "data" / "accessibility.toml"
# What is shown of each page: its language, the width and the look.
PICTURES = (("nl", 360, "light"), ("nl", 1280, "light"), ("ar", 360, "dark"))
DESK = {
    "vandaag", "zaken", "zaak", "leerling-met-ouders", "gesprekken-politie-eerst",
    "gesprek-accused", "gespreksblad", "plan", "registratie-tekst", "protocol-loopt",
    "protocol-voorstel", "gekoppeld", "taken", "maatregel-geweigerd", "meldcode", "afronden",
    "aangifte",
}  # fmt: skip
DESK_LOOKS = ((360, "light"), (1280, "light"))
QUALITY = 60
TALLEST = 4_000


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield started
        started.close()


@contextmanager
def on_tour(started: Browser, language: str) -> Iterator[Tour]:
    """Begin a tour of a school of its own."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), smtp_host="127.0.0.1")
        with served(site) as home, tour(site, started, home, language) as going:
            yield going


def pictures(folder: Path, only: str = "") -> None:
    """Take a picture of every page, small enough for a repository."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.webp"):
        if only in ("", "staff" if old.name.startswith("bureau-") else "reporter"):
            old.unlink()
    with browser() as started:
        if only != "staff":
            _of_reporter(started, folder)
        if only != "reporter":
            _of_staff(started, folder)


def _of_reporter(started: Browser, folder: Path) -> None:
    for language in dict.fromkeys(one for one, _width, _look in PICTURES):
        shown = [one[1:] for one in PICTURES if one[0] == language]
        with on_tour(started, language) as going:
            for name in going.stops():
                for width, look in shown:
                    checks.put_on(going.page, width, look)
                    _take(going.page, folder / f"{name}-{language}-{width}-{look}.webp")


def _of_staff(started: Browser, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        site = desk_site.copy_of_site(Path(place))
        with staff.tour(site, started) as going:
            for name in going.stops():
                for width, look in DESK_LOOKS if name in DESK else ():
                    checks.put_on(going.page, width, look)
                    _take(going.page, folder / f"bureau-{name}-{width}-{look}.webp")


def _take(page: Page, path: Path) -> None:
    height = min(TALLEST, page.evaluate("() => document.documentElement.scrollHeight"))
    size = page.viewport_size or {}
    page.set_viewport_size({"width": size["width"], "height": max(height, 400)})
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").save(path, quality=QUALITY, method=6)
    sys.stdout.write(f"{path.name}\n")


def statement() -> int:
    """Hold every page in every language against the rules; write the result."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        visits = list(pool.map(_check, LANGUAGES))
    names = list(dict.fromkeys(name for names, _found, _version in visits for name in names))
    found = [fault for _names, faults, _version in visits for fault in faults]
    STATEMENT.write_text(_written(names, len(found), visits[0][2]), "utf-8")
    sys.stdout.write("\n".join([*found, f"{len(found)} faults on {len(names)} pages\n"]))
    return bool(found)


def _check(language: str) -> tuple[list[str], list[str], str]:
    """Check every page in one language: the pages, what is wrong, and the browser's version."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    names, found = [], []
    with browser() as started, on_tour(started, language) as going:
        for name in going.stops():
            names.append(name)
            faults = checks.all_faults(going.page, checks.looks_for(language), keyboard=True)
            found += [f"{language} {name} {fault}" for fault in faults]
        return names, found, started.version


def _written(names: list[str], faults: int, version: str) -> str:
    rows = {
        "checked_on": datetime.now(UTC).date().isoformat(),
        "standard": '"WCAG 2.2 AA"',
        "program": '"axe-core"',
        "browser": f'"Chromium {version}"',
        "faults": faults,
        "keyboard": "true",
        "languages": list(LANGUAGES),
        "widths": list(checks.WIDTHS),
        "looks": list(checks.LOOKS),
        "pages": names,
    }
    lines = [f"{key} = {value}".replace("'", '"') for key, value in rows.items()]
    head = "# Written by `python -m tests.tour statement`; shown on the accessibility page.\n"
    return head + "\n".join(lines) + "\n"


def main() -> int:
    """Do what was asked for."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(prog="python -m tests.tour", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    taking = commands.add_parser("pictures")
    taking.add_argument("folder", type=Path)
    taking.add_argument("--only", choices=("reporter", "staff"), default="")
    commands.add_parser("statement")
    given = parser.parse_args()
    if given.command == "pictures":
        pictures(given.folder, given.only)
        return 0
    return statement()


if __name__ == "__main__":
    sys.exit(main())
