"""Pressing what leaves a page: a click ends before the next page is there, on a busy machine."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

PATIENCE = 60_000


def follow(page: Page, target: Locator) -> None:
    """Press something and wait for the page that it leads to, perhaps this one again."""
    with page.expect_navigation(timeout=PATIENCE):
        target.click()
