"""The language of a page: who chose it, its catalogue, and texts in it.

Dutch is the source: `_()` in templates and `translate` for texts from data files look the Dutch
text up. `_()` returns markup and fills in `%(name)s` escaped, so a per cent sign is written `%%`
in it; `translate` gives a text back as it stands. Staff pages are Dutch.
"""

from __future__ import annotations

import gettext as standard
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Flask, Response, g, has_request_context, request
from markupsafe import Markup

from portal.services import catalogues, sessions
from portal.web import session
from portal.web.context import settings

TRANSLATIONS = catalogues.FOLDER
SOURCE_LANGUAGE = "nl"
CATALOGUE = catalogues.FILE
COOKIE = "l"
REPORTER_KINDS = (sessions.DRAFT, sessions.REPORTER)
STAFF_SIDE = ("staff_", "admin_")


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the pages; its catalogue says its names and its direction."""

    code: str
    name: str
    dutch_name: str
    direction: str


class Untranslated(str):
    """A Dutch text on a page in another language, so that it can be marked as Dutch."""

    __slots__ = ()


class StaysDutch(standard.NullTranslations):
    """What stands behind a catalogue: the source text, known as such."""

    def gettext(self, message: str) -> str:
        return Untranslated(message)


@cache
def languages() -> dict[str, Language]:
    """Give the languages that there are, the source first; a catalogue without a name is none."""
    codes = sorted(path.parent.parent.name for path in TRANSLATIONS.glob(f"*/{CATALOGUE}"))
    source = _described(SOURCE_LANGUAGE)
    found = [_described(code) for code in codes]
    return {one.code: one for one in (source, *(one for one in found if one.name != source.name))}


def _described(code: str) -> Language:
    texts = catalogue(code)
    return Language(
        code=code,
        name=texts.pgettext("this language, in itself", "Nederlands"),
        dutch_name=texts.pgettext("this language, in Dutch", "Nederlands"),
        direction=texts.pgettext("direction of writing, ltr or rtl", "ltr"),
    )


@cache
def catalogue(code: str) -> standard.NullTranslations:
    """Give a language's catalogue; the source text itself where there is none."""
    path = TRANSLATIONS / code / CATALOGUE
    if not path.is_file():
        return standard.NullTranslations()
    found = catalogues.load(path)
    found.add_fallback(StaysDutch())
    return found


def language() -> str:
    """Give the language of this request: the sealed session's, the cookie's, the browser's."""
    if not has_request_context() or (request.endpoint or "").startswith(STAFF_SIDE):
        return SOURCE_LANGUAGE
    if "language" in g:
        return str(g.language)
    found = _of_session() or chosen_before() or _of_browser()
    if "school" in g:  # before it is known which school, the session cannot be opened
        g.language = found
    return found


def _of_session() -> str:
    if "school" not in g:
        return ""
    live = session.any_current()
    chosen = live.data.get("language", "") if live and live.row.kind in REPORTER_KINDS else ""
    return chosen if chosen in languages() else ""


def chosen_before() -> str:
    """Give the language that was chosen in this browser before there was a session, if any."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in languages() else ""


def _of_browser() -> str:
    return request.accept_languages.best_match(languages(), SOURCE_LANGUAGE) or SOURCE_LANGUAGE


def choose(code: str) -> None:
    """Let the rest of this request, and the cookie that goes out with it, speak this language."""
    g.language = g.chosen_language = code


def gettext(text: str, **values: Any) -> str:
    """Say a text of the code in the language of the page."""
    return catalogue(language()).gettext(text) % values


def ngettext(one: str, more: str, number: int, **values: Any) -> str:
    """Say a text with a number in it, in the form that the number asks for."""
    return catalogue(language()).ngettext(one, more, number) % {"num": number, **values}


def pgettext(context: str, text: str, **values: Any) -> str:
    """Say a text whose meaning the context tells."""
    return catalogue(language()).pgettext(context, text) % values


def translate(text: str) -> str:
    """Say a text of a data file in the language of the page; Dutch where that has none."""
    return catalogue(language()).gettext(text) if text else text


def marked(text: str) -> Markup:
    """Give the attributes of an element that holds a text which may have stayed Dutch."""
    return Markup(' lang="nl" dir="ltr"') if isinstance(text, Untranslated) else Markup("")


def dutch_name(code: str) -> str:
    """Say in Dutch which language this is."""
    return languages()[code].dutch_name if code in languages() else code


def install(app: Flask, fixed: str | None = None) -> None:
    """Give the templates `_`, `|tr`, `|marked`, `lang`, `dir` and the languages to choose from."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        lambda text: catalogue(language()).gettext(text),
        lambda one, more, number: catalogue(language()).ngettext(one, more, number),
        newstyle=True,
        pgettext=lambda context, text: catalogue(language()).pgettext(context, text),
    )
    app.jinja_env.filters.update(tr=translate, marked=marked, language_name=dutch_name)
    app.context_processor(_for_templates)
    app.after_request(_cookie)
    if fixed is not None:
        app.before_request(lambda: setattr(g, "language", fixed))


def _for_templates() -> dict[str, Any]:
    here = languages().get(language()) or _described(language())
    return {"lang": here.code, "dir": here.direction, "languages": tuple(languages().values())}


def _cookie(response: Response) -> Response:
    """Keep the choice in a cookie until a sealed session holds it, and take it away on leaving."""
    session_changes = "set_cookie" in g or bool(g.get("clear_cookie"))
    if COOKIE in request.cookies and session_changes:
        response.delete_cookie(COOKIE, path="/")
    elif "chosen_language" in g and not session_changes and g.get("live_session") is None:
        response.set_cookie(
            COOKIE, g.chosen_language, secure=settings().secure, httponly=True, samesite="Lax"
        )
    return response
