"""What every page keeps to, whatever its language, width and colours."""

from __future__ import annotations

import html5lib
from playwright.sync_api import Page

from tests.axe import violations

WIDTHS = (320, 360, 768, 1280)
LOOKS = ("light", "dark", "forced", "large")
"""Colour schemes, the forced colours of a system, and text at 200 %."""
SOME = ((320, "light"), (1280, "dark"), (360, "forced"), (360, "large"))
THUMB = 44
# An address inside a sentence may be as high as its line (WCAG 2.5.8, the inline exception).
SMALL_TARGETS = """(least) => [...document.querySelectorAll(
    "a[href], button, summary, input:not([type=hidden]), select, textarea")].filter((one) => {
  const asked = one.closest("label") || one;
  const box = asked.getBoundingClientRect();
  const hidden = !box.width || !box.height || one.closest(".vh, .skip")
    || !one.checkVisibility({visibilityProperty: true}) || one.matches("[type=file]");
  const inline = one.matches("a") && getComputedStyle(one).display === "inline";
  return !hidden && !inline && (box.height < least - 0.5 || box.width < least - 0.5);
}).map((one) => one.outerHTML.slice(0, 120))"""
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect();
  const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
  const places = [box.top + 2, box.top + box.height / 2, box.bottom - 2];
  const seen = places.some((y) => {
    const top = y >= 0 && y < innerHeight && document.elementFromPoint(x, y);
    return top && (one.contains(top) || top.contains(one) || one.closest("label")?.contains(top));
  });
  one.dataset.walked ??= String(document.querySelectorAll("[data-walked]").length);
  const key = one.dataset.walked;
  return {key, seen, place: one.outerHTML.slice(0, 120)};
}"""


def put_on(page: Page, width: int, look: str) -> None:
    """Show the page that is open at this width and in this look."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(
        color_scheme="dark" if look == "dark" else "light",
        forced_colors="active" if look == "forced" else "none",
        reduced_motion="reduce",
    )
    size = "200%" if look == "large" else ""
    page.evaluate("(size) => { document.documentElement.style.fontSize = size }", size)


def unfold(page: Page) -> None:
    page.evaluate(
        "() => { for (const one of document.querySelectorAll('details')) one.open = true;"
        " scrollTo(0, 0) }"
    )


def looks_for(language: str) -> tuple[tuple[int, str], ...]:
    """What a full check shows: the source language in all there is, each other in every look."""
    every = tuple((width, look) for width in WIDTHS for look in LOOKS)
    return every if language == "nl" else SOME


def all_faults(page: Page, looks: tuple[tuple[int, str], ...], *, keyboard: bool) -> list[str]:
    """Say what is wrong with the page that is open."""
    found = malformed(page.content())
    unfold(page)
    for width, look in looks:
        put_on(page, width, look)
        found += [f"{width} {look}: {fault}" for fault in faults(page, look)]
    put_on(page, 360, "light")
    found += [f"too small: {one}" for one in small_targets(page)]
    if keyboard:
        found += [f"focus not seen: {one}" for one in lost_focus(page)]
    return found


def faults(page: Page, look: str) -> list[str]:
    """What axe and a narrow screen have against the page as it is shown now."""
    # Forced colours are the system's own; axe still reads those that the sheet asked for.
    told = violations(page, rules={"color-contrast": {"enabled": look != "forced"}})
    too_wide = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if too_wide > 0:
        told.append(f"{too_wide} px to scroll sideways")
    return told


def small_targets(page: Page) -> list[str]:
    """Controls that are smaller than a thumb."""
    return page.evaluate(SMALL_TARGETS, THUMB)


def lost_focus(page: Page, most: int = 400) -> list[str]:
    """Walk with Tab through the whole page; say where the focus cannot be seen."""
    page.evaluate("() => { document.activeElement?.blur(); scrollTo(0, 0) }")
    walked, hidden = [], []
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is None or at["key"] in walked:
            return hidden if walked else [*hidden, "the keyboard reaches nothing"]
        walked.append(at["key"])
        if not at["seen"]:
            hidden.append(at["place"])
    return [*hidden, f"no end after {most} times Tab"]


def malformed(source: str) -> list[str]:
    """What a strict parser of the HTML standard has against the source."""
    parser = html5lib.HTMLParser()
    parser.parse(source)
    return [f"{place}: {code} {details}" for place, code, details in parser.errors]
