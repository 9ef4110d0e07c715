"""A made-up language on every page: what does not change with it is not in the catalogue.

Its texts are longer, accented, written from right to left and stand between brackets. A text
outside the brackets was not translated, or glued from pieces; names must stand in an element of
their own, so that they keep their direction.
"""

import gettext
import importlib.util
import re
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from portal.web import i18n
from tests.tour import checks
from tests.tour.reporter import served, tour
from tests.web.reporter_site import Site

UPDATE = Path(__file__).parents[2] / "portal" / "translations" / "update.py"
CODE = "eo"
ACCENTS = str.maketrans("aeiouAEIOUncs", "áéîöüÁÉÎÖÜñčš")
KEPT = re.compile(r"(%\(\w+\)s|%%|<[^>]+>|&\w+;)")
# Names, numbers and what somebody wrote or chose stand in elements of their own.
OWN = (
    "bdi, [dir=ltr], [translate=no], [lang=nl], .mono, .n, .you, .them, .words, .brand, .langs, "
    "textarea"
)
SAID = """(own) => {
  const found = [];
  const note = (text, place) => /\\p{L}{2}/u.test(text) && found.push([text.trim(), place]);
  const outside = (text, depth) => [...text].reduce(([left, at], one) => {
    const next = at + (one === "⟦") - (one === "⟧");
    return [at || next ? left : left + one, next];
  }, ["", depth]);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let depth = 0, left;
  while (walk.nextNode()) {
    const node = walk.currentNode, holder = node.parentElement;
    [left, depth] = outside(node.data, depth);
    if (!holder.closest(own + ", script, style")) note(left, holder.outerHTML);
  }
  for (const one of document.body.querySelectorAll("*"))
    for (const {name, value} of one.attributes)
      if (/^(aria-label|alt|title|placeholder|data-.*)$/.test(name) && value[0] !== "/")
        note(outside(value, 0)[0], one.outerHTML);
  return found;
}"""
# The switch of this page brings the texts back: tests/web/test_language.py.
GIVEN_BACK = {"voorbij"}
WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? "" : [
    ...document.body.querySelectorAll("*")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && !one.closest(".vh, .skip") && (box.left < -1 || box.right > innerWidth + 1);
}).map((one) => one.outerHTML.slice(0, 100))[0] ?? "the page"
"""

# A switch with a form of its own loses what is filled in elsewhere on the page.
FORGETS = """() => document.querySelector("form.langs") && [...document.querySelectorAll(
  "main textarea, main input:not([type=hidden], [type=file], [readonly])")]
  .filter((one) => one.form).map((one) => one.name)[0]"""


class Pseudo(gettext.NullTranslations):
    """Translates everything that the extraction knows, and nothing else."""

    def __init__(self, known):
        super().__init__()
        self.known = known

    def gettext(self, message):
        return self._said("", message)

    def pgettext(self, context, message):
        named = {"direction of writing, ltr or rtl": "rtl", "this language, in itself": "Ŝ"}
        return named.get(context) or self._said(context, message)

    def ngettext(self, msgid1, msgid2, n):
        return self._said("", msgid1, msgid1 if n == 1 else msgid2)

    def _said(self, context, message, form=None):
        if (context, message) not in self.known:
            return message
        pieces = KEPT.split(form or message)
        longer = "".join(one if at % 2 else one.translate(ACCENTS) for at, one in enumerate(pieces))
        filler = " ~~~~" * (len(message) * 2 // 25)
        return f"⟦{longer}{filler}⟧"


@pytest.fixture
def pseudo(monkeypatch):
    spec = importlib.util.spec_from_file_location("update", UPDATE)
    update = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(update)
    made, real = Pseudo(update.extract()), i18n.catalogue
    monkeypatch.setattr(i18n, "catalogue", lambda code: made if code == CODE else real(code))
    known = {**i18n.languages(), CODE: i18n.Language(CODE, "Ŝ", "Kunsttaal", "rtl")}
    monkeypatch.setattr(i18n, "languages", lambda: known)


def leaks(page):
    """Texts that stand outside the brackets of the made-up language."""
    return [f"{text[:80]!r} in {place[:160]}" for text, place in page.evaluate(SAID, OWN)]


@pytest.mark.usefixtures("pseudo")
def test_every_text_of_every_page_comes_from_the_catalogue_and_has_room(tmp_path):
    site = Site(tmp_path)
    with sync_playwright() as playwright, served(site) as home:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        found = {}
        with tour(site, chromium, home, CODE) as visit:
            for name in visit.stops():
                checks.unfold(visit.page)
                for leak in leaks(visit.page):
                    found.setdefault(leak, name)
                if name not in GIVEN_BACK and visit.page.evaluate(FORGETS):
                    found.setdefault(f"the switch forgets {visit.page.evaluate(FORGETS)}", name)
                checks.put_on(visit.page, 320, "light")
                wide = visit.page.evaluate(WIDE)
                if wide:
                    found.setdefault(f"too wide: {wide}", name)
                checks.put_on(visit.page, 360, "light")
        chromium.close()
    assert not found, "\n".join(f"{name}: {leak}" for leak, name in found.items())
