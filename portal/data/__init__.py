"""Data that people may correct without touching code: questions, help lines, words, platforms."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from portal.domain.danger import DangerWords
from portal.domain.questionnaire import Questionnaire, parse_questionnaire


@cache
def questions() -> Questionnaire:
    """The questionnaire that comes with the portal."""
    return parse_questionnaire(_read("questions"), _read("platforms"))


@cache
def danger_words() -> DangerWords:
    """The words that bring help lines."""
    return DangerWords.from_tables(_read("danger_words"))


def _read(name: str) -> dict[str, Any]:
    text = (resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
