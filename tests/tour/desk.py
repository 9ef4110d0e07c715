"""A browser at the desk of staff, and a hand that fills in whatever form stands there."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Page

from tests.services import world as told
from tests.web.desk_site import Person, Site

# Fills in a form, whatever the kind of its fields, and presses one of its buttons.
SEND = """(form, [fields, button]) => {
  for (const [name, value] of Object.entries(fields)) {
    const those = [...form.elements].filter((one) => one.name === name);
    if (!those.length) throw new Error(`no field ${name}`);
    those.forEach((one, at) => {
      if (/^(radio|checkbox)$/.test(one.type)) one.checked = [value].flat().includes(one.value);
      else one.value = [value].flat()[at] ?? one.value;
    });
  }
  form.noValidate = true;
  const pressed = [...form.elements].filter((one) => one.type === "submit");
  (button ? pressed.find((one) => one.value === button) : pressed[0]).click();
}"""


@dataclass
class Desk:
    """A browser in which one member of staff after another sits down, and what it met."""

    site: Site
    page: Page
    home: str
    rendered: set[str] = field(default_factory=set)
    console: list[str] = field(default_factory=list)
    logged_in: Person | None = None

    @property
    def newest(self) -> str:
        """Who gets an account on the way."""
        return self.site.here.pair.lines[-1].code

    def go(self, path: str) -> None:
        self.page.goto(self.home + path, wait_until="load")

    def become(self, code: str | None) -> None:
        """Sit down at the desk of somebody; of nobody, before the door."""
        self.page.context.clear_cookies()
        if code is not None:
            self.logged_in = self.site.log_in(code)
            cookie = self.logged_in.client.get_cookie("v")
            self.page.context.add_cookies([{"name": "v", "value": cookie.value, "url": self.home}])

    def send(self, action: str = "", button: str = "", **fields: object) -> None:
        """Fill in the form with this address on the page that is open, and send it."""
        wanted = f"form:is([action$='{action}'], [action*='{action}#'])"
        form = self.page.locator(wanted if action.startswith("/") else f"main form{action}")
        with self.page.expect_navigation(wait_until="load"):
            form.first.evaluate(SEND, [fields, button])

    def case(self, path: str = "") -> None:
        self.go(f"bureau/zaken/{self.site.case_id}/{path}")

    def _report(self, **more: object) -> str:
        """Another report in the same class; gives the label of its case."""
        with self.site.factory() as session:
            receipt = told.report(self.site.here, session, told.answers(self.site.here, **more))
            return receipt.label
