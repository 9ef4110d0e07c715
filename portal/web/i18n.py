"""gettext in the templates: Dutch is the source, portal/translations holds the catalogues.

`_()` returns markup and fills in `%(name)s` escaped, so a per cent sign is written `%%` in it.
"""

from __future__ import annotations

import gettext
from pathlib import Path

from flask import Flask

TRANSLATIONS = Path(__file__).parent.parent / "translations"
SOURCE_LANGUAGE = "nl"
RIGHT_TO_LEFT = frozenset({"ar", "ary", "fa", "he", "ps", "ur"})


def catalogue(language: str) -> gettext.NullTranslations:
    """Give the language's catalogue; the source text itself where there is none."""
    return gettext.translation("messages", TRANSLATIONS, languages=[language], fallback=True)


def direction(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def install(app: Flask, language: str = SOURCE_LANGUAGE) -> None:
    """Give the templates `_`, `lang` and `dir`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    app.jinja_env.globals.update(lang=language, dir=direction(language))
