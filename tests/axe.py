"""axe-core in a page, and only what it has against it: its whole report costs many times more."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIOLATED = """(options) => axe.run(document, options).then(({violations}) =>
  violations.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 160)}`))"""


@functools.cache
def _script() -> str:
    return (Path(__file__).parent / "vectors" / "axe" / "axe.min.js").read_text("utf-8")


def violations(page: Page, **options: Any) -> list[str]:
    """What axe finds wrong with the page as it is shown now."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_script())
    asked = {"runOnly": RULES, "resultTypes": ["violations"], **options}
    return page.evaluate(VIOLATED, asked)
