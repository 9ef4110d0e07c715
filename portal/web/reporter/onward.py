"""Links on a page with typed text are buttons of its form, so that none of them loses the text.

Such a button is named ``then``; its value is "to:" and an address below the school's. The view
keeps the text first and then goes there. Words beside a question are a field of the same form.
"""

from __future__ import annotations

from flask import request, url_for

from portal.web.context import current_school

TO = "to:"
BESIDE = "with-"
"""What begins the name of a field with words beside a question; then comes the question's id."""

FOR_PARENTS = "ouders/"
"""What the addresses of these pages begin with for parents, who are addressed with u."""

_FOOT = ("hulp", "zo-werkt-het", "gegevens", "toegankelijkheid")
READING = frozenset(start + page for start in ("", FOR_PARENTS) for page in _FOOT)
"""The pages at the foot of every page."""

DIARY = frozenset({"vraag/rol", "schrift/lijst", "schrift/weg"})
TALK = frozenset({"gesprek/wacht", "gesprek/terug", "gesprek/code", "gesprek/naam", "gesprek/mail"})
AWAY = READING | TALK | {"gesprek"}
"""Where a page after the code leads."""


def goal(then: str, known: frozenset[str] = READING) -> str:
    """Give the page that a button asks for, if it is one of these."""
    page = then.removeprefix(TO)
    return page if then.startswith(TO) and page in known else ""


def address(page: str) -> str:
    """Give the address of one of these pages."""
    return url_for("reporter_front.landing", school=current_school().slug) + page


def written(but: str = "") -> str:
    """Give everything that was typed on the page of a conversation, except beside one question."""
    names = [name for name in request.form if name == "text" or name.startswith(BESIDE)]
    texts = [request.form[name] for name in names if name != f"{BESIDE}{but}"]
    said = "\n\n".join(text for text in texts if text.strip()) or request.form.get("text", "")
    return said.replace("\r\n", "\n")
