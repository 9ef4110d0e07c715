"""Reading answers from a posted form. What cannot be used is named; what was typed is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from portal import data
from portal.domain.questionnaire import ROWS, UNKNOWN, Field, Question, accounts_of, addresses_of

STORY_LIMIT = 200_000
TEXT_LIMIT = 20_000
MAX_ROWS = 50
TEXT_KINDS = frozenset({"text", "long", "lines", "address"})
CHOICE_KINDS = frozenset({"one", "choice", "platform", "role"})

Form = MultiDict[str, str]
Known = Mapping[str, Collection[str]]


@dataclass(slots=True)
class Read:
    """Answers of one page: values by question (None: nothing given) and what is wrong by field."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def read(questions: list[Question], form: Form, known: Known) -> Read:
    """Read the answers of one page.

    Args:
        known: the ids that may be chosen, by kind of field (classes, staff, role).
    """
    result = Read()
    for question in questions:
        value = _value(question, form, known, result)
        result.values[question.key] = value
        if question.required and value is None and not result.problems:
            result.problems[field_id(question, question.fields[0])] = "empty"
    _check_name(result)
    return result


def mark_unknown(result: Read, questions: list[Question]) -> None:
    """Say "weet ik niet" for all that was left open; what was typed stays."""
    for question in questions:
        if result.values.get(question.key) is None and not question.fold:
            result.values[question.key] = UNKNOWN


def field_id(question: Question, item: Field) -> str:
    """Give the name and id of a field on the page."""
    return f"{question.key}-{item.key}"


def _value(question: Question, form: Form, known: Known, result: Read) -> Any:
    values: dict[str, Any] = {}
    for item in question.fields:
        name = field_id(question, item)
        if item.kind in ROWS:
            given: Any = _rows(question, item, form, known, result)
        else:
            given = _field(item, name, form, known)
            limit = STORY_LIMIT if question.required else TEXT_LIMIT
            if isinstance(given, str) and len(given) > limit:
                result.problems[name] = "too_long"
        if given not in (None, "", [], False):
            values[item.key] = given
    if question.single:
        return values.get(question.fields[0].key)
    return values or None


def _field(item: Field, name: str, form: Form, known: Known) -> Any:
    if item.kind in TEXT_KINDS:
        return _text(form, name)
    if item.kind == "moment":
        return " ".join(filter(None, (_text(form, f"{name}-day"), _text(form, f"{name}-time"))))
    if item.kind == "flag":
        return name in form
    allowed = known.get(item.kind) or [option.key for option in item.options]
    chosen = [key for key in dict.fromkeys(form.getlist(name)) if key in allowed]
    if item.kind in CHOICE_KINDS:
        return chosen[0] if chosen else None
    return chosen


def _rows(
    question: Question, item: Field, form: Form, known: Known, result: Read
) -> list[dict[str, Any]]:
    found = []
    for number in range(MAX_ROWS):
        stem = f"{field_id(question, item)}-{number}"
        if not any(name.startswith(f"{stem}-") for name in form):
            break
        given = {part.key: _field(part, f"{stem}-{part.key}", form, known) for part in item.parts}
        kept = {key: value for key, value in given.items() if value}
        for key, value in kept.items():
            if len(value) > TEXT_LIMIT:
                result.problems[f"{stem}-{key}"] = "too_long"
        if kept:
            found.append(_with_platform(kept) if item.kind == "incidents" else kept)
    return found


def _with_platform(incident: dict[str, Any]) -> dict[str, Any]:
    """Where no app was chosen, take the one that a pasted address names; the page says so."""
    if incident.get("platform"):
        return incident
    pasted = [*addresses_of(incident), *accounts_of(incident)]
    guessed = [data.guides().platform_of(address) for address in pasted]
    platform = next(filter(None, guessed), "")
    return {"platform": platform, **incident} if platform else incident


def _text(form: Form, name: str) -> str:
    """The text as typed, with one kind of line end; only blanks count as nothing."""
    text = form.get(name, "").replace("\r\n", "\n").replace("\r", "\n")
    return text.strip()


def _check_name(result: Read) -> None:
    """A name needs somebody who may know it, and the other way round."""
    value = result.values.get("name")
    if not isinstance(value, dict):
        return
    if value.get("role") and "who" not in value:
        value["who"] = "role"
    who = value.get("who")
    if who is None and value.get("name"):
        result.problems["name-who"] = "who"
    elif who == "nobody":
        result.values["name"] = {"who": "nobody"}
    elif who == "role" and not value.get("role"):
        result.problems["name-role"] = "role"
    elif who is not None and not (value.get("name") or value.get("contact")):
        result.problems["name-name"] = "name"
