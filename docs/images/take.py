# ruff: noqa: INP001 - a script, part of no package
"""Takes the pictures of the README from a running demo.

    .venv/bin/portal demo --data DIR --port 8141 &
    .venv/bin/python docs/images/take.py http://127.0.0.1:8141 DIR

Needs the environment of the tests (`make test` sets it up) and Chromium. Everything shown is
fictional. A report is sent on the way, so use a demo that may be thrown away.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pyotp
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
SCHOOL = "waterkant"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1120, "height": 760}
COLOURS = 128
CLASS = "2B"
STORY = (
    "In de groepsapp van de klas maken ze elke dag grappen over mij. Vrijdag heeft iemand stiekem "
    "een filmpje gemaakt in de gymzaal en dat staat er nu ook in."
)


def main(address: str, data: Path) -> None:
    """Take every picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        reporter(browser, f"{address}/{SCHOOL}/")
        staff(browser, f"{address}/{SCHOOL}/bureau/", data)
        browser.close()


def reporter(browser: Browser, home: str) -> None:
    """A question, the look-over and the receipt, on a phone."""
    page = browser.new_context(viewport=PHONE, color_scheme="light", locale="nl-NL").new_page()
    page.goto(home)
    page.locator("button[name=perspective][value=self]").click()
    page.get_by_role("textbox").first.fill(STORY)
    take(page, "verhaal")
    page.get_by_role("button", name="Verder", exact=True).click()
    for question in ("subject", "accused"):
        group = page.locator(f"fieldset:has(input[name='classes-{question}'])")
        group.get_by_text(CLASS, exact=True).first.click()
    page.get_by_role("button", name="Verder", exact=True).click()
    page.goto(f"{home}nakijken")
    take(page, "nakijken", top="#lezers")
    page.locator("form[action$='/nakijken'] button").click()
    page.wait_for_url("**/klaar")
    take(page, "ontvangst")


def staff(browser: Browser, desk: str, data: Path) -> None:
    """A case, on a computer."""
    page = browser.new_context(viewport=DESK, color_scheme="light", locale="nl-NL").new_page()
    log_in(page, desk, person(data, "leerlingcoordinator"))
    page.locator("main a[href*='/bureau/zaken/']").first.click()
    page.wait_for_load_state("networkidle")
    take(page, "zaak")


def person(data: Path, role: str) -> dict[str, Any]:
    """Find the first member of staff with a role."""
    schools = json.loads((data / "accounts.json").read_text("utf-8"))
    members = next(one["staff"] for one in schools if one["slug"] == SCHOOL)
    found: dict[str, Any] = next(one for one in members if role in one["roles"])
    return found


def log_in(page: Page, desk: str, member: dict[str, Any]) -> None:
    """Log in; a code that was used already is waited out."""
    for _ in range(3):
        page.goto(desk)
        page.fill("input[name=login]", member["login"])
        page.fill("input[name=passphrase]", member["passphrase"])
        page.fill("input[name=code]", pyotp.TOTP(member["totp"]).now())
        page.locator("main form button").last.click()
        if "inloggen" not in page.url:
            return
        time.sleep(31)
    sys.exit("cannot log in")


def take(page: Page, name: str, top: str = "") -> None:
    """Take one picture of what is on the screen, small enough for a repository."""
    if top and page.locator(top).count():
        page.locator(top).first.evaluate("one => window.scrollTo(0, one.offsetTop - 80)")
    path = HERE / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS)
    small.save(path, optimize=True)
    sys.stdout.write(f"{path.name} {path.stat().st_size}\n")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
