"""The questions of the reporter's pages as data: wording by who speaks, order, and read-back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SUBJECT, PARENT, STAFF = "subject", "parent", "staff"
PERSPECTIVES = (SUBJECT, "bystander", "participant", PARENT, STAFF, "unsure")
FORMAL = frozenset({PARENT, STAFF})
# The pages of a whole conversation. A subject is not asked whom it is about.
PAGES = ("over", "verhaal", "wie", "wanneer", "online", "bestanden", "eerder", "wensen", "naam")
# Where sexual violence is told these are not asked any more, unless the reporter wants to go on.
DETAIL_PAGES = frozenset({"wie", "wanneer", "online"})
UNKNOWN = {"unknown": True}
# A version with this mark and a language was shown in that language.
LANGUAGE_MARK = "/"
Say = Callable[[str], str]
ROWS = frozenset({"incidents", "children"})
"""Kinds of fields that hold rows of parts: as many as there are to tell."""
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d:\d\d))?")


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be chosen."""

    key: str
    text: str
    small: str = ""
    group: str = ""
    online: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is filled in, in the words of who is speaking."""

    key: str
    kind: str
    label: str
    hint: str = ""
    rows: int = 3
    ltr: bool = False
    optional: bool = False
    more: bool = False
    hidden_label: bool = False
    options: tuple[Option, ...] = ()
    parts: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is shown to one reporter; `text` is what is kept with the answer."""

    key: str
    page: str
    version: str
    title: str
    fields: tuple[Field, ...]
    hint: str = ""
    guide: str = ""
    single: bool = False
    required: bool = False
    fold: bool = False

    @property
    def text(self) -> str:
        """Everything that was asked, word for word: the title and what stood above each field."""
        labels = [field.label for field in _flat(self.fields) if field.label != self.title]
        return " | ".join([self.title, *labels])

    def field(self, key: str) -> Field:
        """The field with this key."""
        return next(field for field in self.fields if field.key == key)


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """All questions, before it is known who speaks."""

    version: str
    tables: tuple[Mapping[str, Any], ...]
    platforms: tuple[Option, ...]

    def question(self, key: str, perspective: str) -> Question:
        """One question in the words for this reporter."""
        table = next(table for table in self.tables if table["key"] == key)
        return self._worded(table, perspective)

    def on_page(self, page: str, perspective: str) -> list[Question]:
        """The questions of one page that this reporter is asked, in order."""
        return [
            self._worded(table, perspective, asked=True)
            for table in self.tables
            if table["page"] == page and perspective in table.get("only", PERSPECTIVES)
        ]

    def door_question(self) -> str:
        """What the first page asks, where the perspective is chosen before there is a draft."""
        return str(next(table["door"] for table in self.tables if "door" in table))

    @property
    def order(self) -> tuple[str, ...]:
        """The keys of all questions in the order in which they are asked."""
        return tuple(table["key"] for table in self.tables)

    def _worded(self, table: Mapping[str, Any], who: str, *, asked: bool = False) -> Question:
        """Word a question; a field that others are asked is still read back."""
        return Question(
            key=table["key"],
            page=table["page"],
            version=self.version,
            title=wording(table["title"], who),
            fields=tuple(
                self._field(item, who)
                for item in table["fields"]
                if not asked or who in item.get("only", PERSPECTIVES)
            ),
            hint=wording(table.get("hint", ""), who),
            guide=wording(table.get("guide", ""), who),
            single=table.get("shape") == "single",
            required=table.get("required", False),
            fold=table.get("fold", False),
        )

    def _field(self, table: Mapping[str, Any], who: str) -> Field:
        options = tuple(Option(**option) for option in table.get("options", ()))
        return Field(
            key=table["key"],
            kind=table["kind"],
            label=wording(table["label"], who),
            hint=wording(table.get("hint", ""), who),
            rows=table.get("rows", 3),
            ltr=table.get("ltr", False),
            optional=table.get("optional", False),
            more=table.get("more", False),
            hidden_label=table.get("hidden_label", False),
            options=self.platforms if table["kind"] == "platform" else options,
            parts=tuple(self._field(part, who) for part in table.get("parts", ())),
        )


def parse_questionnaire(
    questions: Mapping[str, Any], platforms: Mapping[str, Any]
) -> Questionnaire:
    """Read the tables of `questions.toml` and `platforms.toml`."""
    return Questionnaire(
        version=questions["version"],
        tables=tuple(questions["question"]),
        platforms=tuple(Option(**option) for option in platforms["platforms"]),
    )


def wording(text: str | Mapping[str, str], who: str) -> str:
    """Choose the wording for who is speaking: the own one, then the group's, then everybody's."""
    if isinstance(text, str):
        return text
    groups = {SUBJECT: (), PARENT: ("u",), STAFF: ("u",)}.get(who, ("other",))
    for key in (who, *groups, "all"):
        if key in text:
            return text[key]
    return ""


def pages_for(perspective: str, *, stop_details: bool = False) -> tuple[str, ...]:
    """The pages that this reporter is led along, in order."""
    return tuple(
        page
        for page in PAGES
        if not (page == "over" and perspective == SUBJECT)
        and not (page in DETAIL_PAGES and stop_details)
    )


def details_stop(answers: Mapping[str, Any], found: Iterable[str] = ()) -> bool:
    """Whether no more details are asked: sexual violence was told, and "go on" was not chosen."""
    safety = value_of(answers, "safety")
    told = bool(safety.get("sexual")) or "sexual" in set(found)
    return told and not safety.get("more")


def value_of(answers: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The fields of an answer; empty when it was skipped, unknown or is not made of fields."""
    value = answers.get(key, {}).get("value")
    return dict(value) if isinstance(value, dict) and value != UNKNOWN else {}


def lines_of(value: Any) -> list[str]:
    """The lines of a text that names several things, without the empty ones."""
    lines = value.splitlines() if isinstance(value, str) else ()
    return [line.strip() for line in lines if line.strip()]


def accounts_of(incident: Mapping[str, Any]) -> list[str]:
    """The accounts and other names of one online incident."""
    return [*lines_of(incident.get("account")), *lines_of(incident.get("nickname"))]


def addresses_of(incident: Mapping[str, Any]) -> list[str]:
    """The addresses of one online incident: of the message and of the profile."""
    return [str(incident[key]) for key in ("url", "profile") if incident.get(key)]


def read_back(
    question: Question, value: Any, names: Mapping[str, str], say: Say = str
) -> list[str]:
    """Say an answer as lines of text.

    Args:
        names: what to say for ids of classes, staff and roles.
        say: puts our own few words into the language of the question.
    """
    if value == UNKNOWN:
        return [say("Weet ik niet")]
    if question.single:
        return _said(question.fields[0], value, names, say)
    if isinstance(value, list):
        return [line for item in value for line in _fields_said(question.fields, item, names, say)]
    return _fields_said(question.fields, value, names, say)


def _fields_said(
    fields: Sequence[Field], value: Mapping[str, Any], names: Mapping[str, str], say: Say
) -> list[str]:
    lines = []
    for field in fields:
        given = value.get(field.key)
        if field.kind in ROWS:
            lines += [_incident_said(field.parts, item, names, say) for item in given or ()]
        elif given not in (None, "", [], False):
            said = ", ".join(_said(field, given, names, say))
            lines.append(field.label if field.kind == "flag" else f"{_stem(field.label)}: {said}")
    return lines


def _incident_said(
    parts: Sequence[Field], item: Mapping[str, Any], names: Mapping[str, str], say: Say
) -> str:
    given = [(part, item[part.key]) for part in parts if item.get(part.key)]
    return ", ".join(", ".join(_said(part, value, names, say)) for part, value in given)


def _said(field: Field, value: Any, names: Mapping[str, str], say: Say) -> list[str]:
    if field.kind == "moment":
        return [_moment_said(str(value), say)]
    if field.kind == "lines":
        return lines_of(value)
    texts = {option.key: option.text for option in field.options}
    chosen = value if isinstance(value, list) else [value]
    return [str(texts.get(item) or names.get(item) or item) for item in chosen]


def _moment_said(text: str, say: Say) -> str:
    """``2026-11-13 21:07`` as it is said; anything else as it was typed."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    year, month, day, time = found.groups()
    said = f"{int(day)}-{int(month)}-{year}"
    if not time:
        return said
    hour, minute = time.split(":")
    return say("%(day)s, %(hour)s.%(minute)s uur") % {"day": said, "hour": hour, "minute": minute}


def _stem(label: str) -> str:
    return label.rstrip(":.?؟")


def _flat(fields: Sequence[Field]) -> list[Field]:
    return [part for field in fields for part in (field, *field.parts)]
