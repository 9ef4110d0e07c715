"""Brings the catalogues up to date with the texts of the reporter's side.

    .venv/bin/python portal/translations/update.py            every language that there is
    .venv/bin/python portal/translations/update.py so         one; begins it where there is none
    .venv/bin/python portal/translations/update.py --check    says what is missing; changes nothing

Texts come from the templates and views of the reporter's side and from portal/data. A text that
changed keeps its old translation as a guess (``fuzzy``), which no page shows until somebody has
looked at it and taken the mark away.
"""

from __future__ import annotations

import ast
import difflib
import itertools
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment
from jinja2.ext import extract_from_ast

from portal.domain import dutch
from portal.services import catalogues
from portal.services.catalogues import Message

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FILE = "LC_MESSAGES/messages.po"
TEMPLATES = (
    "templates/base*",
    "templates/reporter/*",
    "templates/components/*",
    "templates/errors/*",
)
STAFF_ONLY = "staff"
CODE = ("portal/web/*.py", "portal/web/reporter/*.py", "portal/domain/questionnaire.py")
CALLS = ("_", "gettext", "ngettext", "pgettext", "say")
NEEDS = {"ngettext": 2, "pgettext": 2}
# The keys of portal/data/*.toml whose values a reporter reads; everything below them is text.
DATA_KEYS = frozenset({
    "title", "label", "hint", "guide", "text", "small", "group", "door", "note",
    "heading", "lines", "iphone", "android", "have", "help", "options",
})  # fmt: skip
# What only one file has to show, and the only table of a file that is not for staff.
MORE_KEYS = {"guides.toml": {"name"}, "helplines.toml": {"name"}}
ONLY_TABLE = {"intimate_steps.toml": "notice"}
# The files of portal/data that a reporter reads; the others are for staff, or hold no texts.
DATA = (
    "guides.toml",
    "helplines.toml",
    "how_it_works.toml",
    "intimate_steps.toml",
    "parents.toml",
    "platforms.toml",
    "police_list.toml",
    "questions.toml",
    "reporter_mail.toml",
    "tap_questions.toml",
)
# Of the protocols a reporter only sees who somebody is.
ROLE_LABEL = "label"
PLURAL_RULES = {
    "en": "nplurals=2; plural=(n != 1);",
    "tr": "nplurals=2; plural=(n > 1);",
    "ar": (
        "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : "
        "n%100>=11 && n%100<=99 ? 4 : 5);"
    ),
    "pl": ("nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"),
    "uk": (
        "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && "
        "(n%100<12 || n%100>14) ? 1 : 2);"
    ),
}
LIKENESS = 0.75


class Found(NamedTuple):
    """A text in a source file."""

    place: str
    text: str
    plural: str = ""
    context: str = ""


def extract() -> dict[tuple[str, str], Message]:
    """Collect every text of the reporter's side, in the order of the files."""
    messages: dict[tuple[str, str], Message] = {}
    sources = (_of_templates(), _of_code(), _of_data(), _of_protocols(), _of_calendar())
    for found in itertools.chain(*sources):
        message = messages.setdefault(
            (found.context, found.text), Message(found.text, found.plural, found.context)
        )
        if found.place not in message.places:
            message.places.append(found.place)
    return messages


def _of_templates() -> Iterator[Found]:
    parser = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in _files(TEMPLATES):
        place = str(path.relative_to(ROOT))
        if path.stem == STAFF_ONLY:
            continue
        tree = parser.parse(path.read_text(encoding="utf-8"))
        for _, call, texts in extract_from_ast(tree, CALLS):
            yield _found(place, call, (texts,) if isinstance(texts, str) else texts or ())


def _of_code() -> Iterator[Found]:
    for path in _files(CODE):
        place = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                call = getattr(node.func, "attr", getattr(node.func, "id", ""))
                texts = tuple(
                    item.value
                    for item in node.args
                    if isinstance(item, ast.Constant) and isinstance(item.value, str)
                )
                if call in CALLS and len(texts) >= NEEDS.get(call, 1):
                    yield _found(place, call, texts)


def _found(place: str, call: str, texts: tuple[str | None, ...]) -> Found:
    said = [text for text in texts if text is not None]
    if call == "pgettext":
        return Found(place, said[1], context=said[0])
    return Found(place, said[0], plural=said[1] if call == "ngettext" else "")


def _of_data() -> Iterator[Found]:
    for path in _files(tuple(f"portal/data/{name}" for name in DATA)):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        if path.name in ONLY_TABLE:
            tables = tables[ONLY_TABLE[path.name]]
        keys = DATA_KEYS | MORE_KEYS.get(path.name, set())
        for text in _texts(tables, keys, shown=False):
            yield Found(str(path.relative_to(ROOT)), text)


def _texts(value: Any, keys: frozenset[str], *, shown: bool) -> Iterator[str]:
    """Give the texts below the keys that are shown; a text by who speaks is a table of texts."""
    if isinstance(value, str):
        if shown and value:
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, keys, shown=shown and isinstance(item, str))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, keys, shown=key in keys or (shown and isinstance(item, str)))


def _of_protocols() -> Iterator[Found]:
    for path in _files(("portal/protocols/*.toml",)):
        for role in tomllib.loads(path.read_text(encoding="utf-8")).get("roles", ()):
            yield Found(str(path.relative_to(ROOT)), role[ROLE_LABEL])


def _of_calendar() -> Iterator[Found]:
    """The names that `portal.web.reporter.wording` puts into dates and sizes."""
    names = {
        "weekday": dutch.DAYS,
        "weekday, short": dutch.SHORT_DAYS,
        "month, in a date": dutch.MONTHS,
        "month, short": dutch.SHORT_MONTHS,
        "unit of size": ("bytes", *(name for _, name in dutch.UNITS)),
    }
    for context, texts in names.items():
        for text in texts:
            yield Found("portal/domain/dutch.py", text, context=context)


def _files(patterns: tuple[str, ...]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.is_file()]


def merge(language: str, old: list[Message]) -> list[Message]:
    """Give a catalogue with exactly the texts of now, keeping what was translated."""
    kept = {message.key: message for message in old}
    header = kept.pop(("", ""), None) or _header(language)
    forms = _forms(header)
    wanted = extract()
    gone = {key: message for key, message in kept.items() if key not in wanted and message.texts}
    merged = []
    for key, message in wanted.items():
        known = kept.get(key)
        if known is not None:
            message.texts, message.notes = known.texts, known.notes
            message.fuzzy, message.previous = known.fuzzy, known.previous
        else:
            _guess(message, gone)
        count = forms if message.plural else 1
        message.texts = [*message.texts, *[""] * count][:count]
        merged.append(message)
    return [header, *merged]


def _guess(message: Message, gone: dict[tuple[str, str], Message]) -> None:
    alike = [key for key in gone if bool(gone[key].plural) == bool(message.plural)]
    near = difflib.get_close_matches(message.id, [key[1] for key in alike], 1, LIKENESS)
    if near:
        earlier = next(gone[key] for key in alike if key[1] == near[0])
        if all(earlier.texts):
            message.texts, message.fuzzy = list(earlier.texts), True
            message.previous = earlier.previous or earlier.id


def _header(language: str) -> Message:
    rule = PLURAL_RULES.get(language, "nplurals=2; plural=(n != 1);")
    fields = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": rule,
    }
    return Message("", texts=["".join(f"{name}: {value}\n" for name, value in fields.items())])


def _forms(header: Message) -> int:
    return int(header.texts[0].partition("nplurals=")[2].partition(";")[0])


def main(arguments: list[str]) -> int:
    """Update or check the catalogues; 1 when something is missing in a check."""
    checking = "--check" in arguments
    named = [item for item in arguments if not item.startswith("-")]
    there = [path.parent.parent.name for path in HERE.glob(f"*/{FILE}")]
    missing = 0
    for language in sorted(named or there):
        path = HERE / language / FILE
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        merged = merge(language, catalogues.read(before))
        undone = [message for message in merged if not message.done]
        print(f"{language}: {len(merged) - 1} texts, {len(undone)} to translate")  # noqa: T201 - a command
        missing += len(undone) + (catalogues.write(merged) != before)
        if not checking:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(catalogues.write(merged), encoding="utf-8")
    return int(checking and missing > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
