"""The pages on which a case is worked on: one filler for all their forms."""

import re

from tests.e2e.screens import Screen


class Work(Screen):
    """Any page of one case; forms are named by what their address or place ends in."""

    path = "bureau/zaken/[a-z2-7]{26}/.*"

    @property
    def case(self) -> str:
        return re.match(r".*/zaken/[a-z2-7]{26}/", self.page.url).group()

    def go(self, part: str) -> "Work":
        self.page.goto(self.case + part)
        return Work(self.page, self.watch)

    def send(self, form: str, button: str, **fields: str) -> "Work":
        """Fill in one form and press one of its buttons."""
        chosen = self._unfold(self.page.locator(form).first)
        for name, value in fields.items():
            self._fill(chosen, name, value)
        with self.page.expect_navigation():
            chosen.get_by_role("button", name=button, exact=True).first.click()
        return Work(self.page, self.watch)

    def _fill(self, form, name: str, value: str) -> None:
        field = form.locator(f"[name='{name}']")
        if field.first.evaluate("one => one.type") in ("radio", "checkbox"):
            form.locator(f"label:has([name='{name}'][value='{value}'])").click()
        elif field.first.evaluate("one => one.localName") == "select":
            field.select_option(
                **({"value": value} if value in self._values(field) else {"label": value})
            )
        else:
            field.first.fill(value)

    def _values(self, field) -> list[str]:
        return field.locator("option").evaluate_all("all => all.map((one) => one.value)")
