"""The switch of language: on every page, without JavaScript, and never at the cost of typed text.

A page with a form of its own sends that form: the button is named ``then`` and its value is
"taal:" and the language, so the page is saved first and then shown again. Other pages have a
small form that comes here.
"""

from __future__ import annotations

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.services import languages
from portal.web import i18n, session
from portal.web.context import current_school, db
from portal.web.guards import public
from portal.web.reporter import telling

blueprint = Blueprint("reporter_language", __name__)

ASKED = "taal:"


@blueprint.post("/taal")
@public
def choose_without_school() -> Response:
    """Choose where no school is chosen yet."""
    choose(request.form.get("then", ""))
    return redirect(url_for("reporter_front.index"), 303)


@blueprint.post("/<school>/taal")
@public
def choose_language(school: str) -> Response:
    """Choose, and show the page again where the button stood.

    A page with texts that could not be saved sends them along, and gets them back.
    """
    current_school()
    choose(request.form.get("then", ""))
    kind = request.form.get("kind", "")
    if kind in i18n.REPORTER_KINDS:
        status = telling.GONE if session.current(kind) is None else telling.BAD_REQUEST
        return telling.lost(status, kind, telling.typed())
    return redirect(_inside(school), 303)


def choose(then: str) -> bool:
    """Take the language that a button asks for; whether it was such a button at all."""
    code = then.removeprefix(ASKED)
    if not then.startswith(ASKED) or code not in i18n.languages():
        return False
    i18n.choose(code)
    for kind in i18n.REPORTER_KINDS:
        live = session.current(kind) if "school" in g else None
        if live is not None:
            languages.remember(db(), live=live, language=code)
    return True


def _inside(school: str) -> str:
    """Give the page that the form came from, and only one of this school's."""
    back = request.form.get("back", "")
    fits = back.startswith(f"/{school}/") and "\\" not in back and back.isprintable()
    return back if fits else url_for("reporter_front.landing", school=school)


@blueprint.app_context_processor
def switch() -> dict[str, str]:
    """Give every reporter page the address of the switch, and itself as the page to return to."""
    school = g.get("school")
    if school is None:
        return {"language_url": url_for("reporter_language.choose_without_school"), "here": ""}
    address = url_for("reporter_language.choose_language", school=school.slug)
    home = url_for("reporter_front.landing", school=school.slug)
    return {
        "language_url": address,
        "here": request.path if request.path.startswith(home) else home,
    }
