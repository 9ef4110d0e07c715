"""The questions in the language of the page; their order and keys stay those of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portal import data
from portal.domain import questionnaire
from portal.domain.questionnaire import LANGUAGE_MARK, Field, Option, Question
from portal.web.i18n import SOURCE_LANGUAGE, language, translate


def question(key: str, perspective: str) -> Question:
    """Give one question in the words for this reporter."""
    return _said(data.questions().question(key, perspective))


def on_page(page: str, perspective: str) -> list[Question]:
    """Give the questions of one page that this reporter is asked, in order."""
    return [_said(item) for item in data.questions().on_page(page, perspective)]


def door_question() -> str:
    """Give what the first page asks."""
    return translate(data.questions().door_question())


def version() -> str:
    """Give the version of the questions, and their language where that is not Dutch."""
    said_in = language()
    known = data.questions().version
    return known if said_in == SOURCE_LANGUAGE else f"{known}{LANGUAGE_MARK}{said_in}"


def read_back(item: Question, value: Any, names: Mapping[str, str]) -> list[str]:
    """Say an answer as lines of text, our own words in the language of the page."""
    return questionnaire.read_back(item, value, names, say=translate)


def _said(item: Question) -> Question:
    return replace(
        item,
        version=version(),
        title=translate(item.title),
        hint=translate(item.hint),
        guide=translate(item.guide),
        fields=tuple(_field(one) for one in item.fields),
    )


def _field(item: Field) -> Field:
    return replace(
        item,
        label=translate(item.label),
        hint=translate(item.hint),
        options=tuple(_option(one) for one in item.options),
        parts=tuple(_field(part) for part in item.parts),
    )


def _option(item: Option) -> Option:
    return replace(
        item, text=translate(item.text), small=translate(item.small), group=translate(item.group)
    )
