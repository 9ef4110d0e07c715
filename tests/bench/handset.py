"""A cheap phone on a slow network: how long until the first page can be used, and until it is told.

Real Chromium, its processor slowed down six times and its network to 400 kbit/s with 400 ms there
and back (what WebPageTest calls "3G slow").
"""

import time

from playwright.sync_api import Page, sync_playwright

from tests.bench.figures import Figure, median
from tests.bench.site import Site

SLOWER = 6
NETWORK = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 400_000 / 8,
    "uploadThroughput": 400_000 / 8,
}
STORY = "Sinds de herfst staan er grappen over mij in de groepsapp. Gisteren ook een filmpje."
USABLE, TOLD = 2.0, 90.0
# Reading in silence (Brysbaert 2019: 238 words a minute; a quarter off for a pupil), typing on a
# phone (Palin et al. 2019: 36 words of five letters a minute), finding a button and tapping it.
WORDS_A_SECOND, KEYS_A_SECOND, A_TAP = 3.0, 3.0, 1.5
SEEN = """() => {
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  let words = 0;
  while (walk.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(walk.currentNode);
    const box = range.getBoundingClientRect();
    const seen = box.height > 1 && box.bottom > 0 && box.top < innerHeight;
    if (seen) words += walk.currentNode.data.split(/\\s+/).filter(Boolean).length;
  }
  return words;
}"""
ROUNDS, QUICK_ROUNDS = 5, 1


def figures(site: Site, *, quick: bool = False) -> list[Figure]:
    """Time to the first usable page, and for the shortest whole report."""
    address = f"http://127.0.0.1:{site.port}{site.path()}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        fast = median([_usable(browser, address, slow=False) for _ in range(QUICK_ROUNDS)])
        rounds = QUICK_ROUNDS if quick else ROUNDS
        slow = median([_usable(browser, address, slow=True) for _ in range(rounds)])
        waited, read = _tell(_phone(browser, slow=True), address)
        browser.close()
    return [
        Figure(
            "slow phone: first page usable",
            slow,
            "s",
            at_most=USABLE,
            baseline=fast,
            baseline_name="the same without slowing down",
        ),
        Figure(
            "slow phone: reading and tapping for a report in text",
            waited + read,
            "s",
            at_most=TOLD,
            note=f"{waited:.1f} s of it waiting; typing the story comes on top: "
            f"{len(STORY) / KEYS_A_SECOND:.0f} s",
        ),
    ]


def _phone(browser, *, slow: bool) -> Page:
    page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    if slow:
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.send("Network.emulateNetworkConditions", NETWORK)
        wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page


def _usable(browser, address: str, *, slow: bool) -> float:
    """Seconds until the first choice can be tapped, its style sheet applied."""
    page = _phone(browser, slow=slow)
    begun = time.monotonic()
    page.goto(address, wait_until="commit")
    page.locator("button[name=perspective][value=self]").wait_for()
    page.wait_for_function(
        "() => performance.getEntriesByType('paint').length"
        " && [...document.styleSheets].some((one) => one.href)"
    )
    seconds = time.monotonic() - begun
    page.context.close()
    return seconds


def _tell(page: Page, address: str) -> tuple[float, float]:
    """Tell it in the fewest steps. Returns the seconds of waiting, and of reading and tapping."""
    waited = read = 0.0

    def timed(step) -> None:
        nonlocal waited
        begun = time.monotonic()
        step()
        page.wait_for_load_state("domcontentloaded")
        waited += time.monotonic() - begun

    def look(taps: int = 1) -> None:
        """Read all that is on the screen, and tap."""
        nonlocal read
        print(page.url, page.evaluate(SEEN))
        read += page.evaluate(SEEN) / WORDS_A_SECOND + taps * A_TAP

    timed(lambda: page.goto(address))
    look()
    timed(lambda: page.click("button[name=perspective][value=self]"))
    look()
    page.fill("[name=story-story]", STORY)
    timed(lambda: page.click("main form button.go"))
    look()
    timed(lambda: page.click("button[value='to:nakijken']"))
    look()
    timed(lambda: page.click("form[action$='/nakijken'] button"))
    page.locator(".code").wait_for()
    page.context.close()
    return waited, read
