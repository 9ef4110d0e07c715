"""Data that people may correct without touching code: questions, help lines, words, platforms."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from portal.domain.checklist import Item
from portal.domain.danger import DangerWords
from portal.domain.guides import Guides, parse_guides
from portal.domain.how_it_works import HowItWorks
from portal.domain.informing import AgeNote
from portal.domain.intimate_steps import IntimateSteps, parse_intimate_steps
from portal.domain.people import AgeRule
from portal.domain.questionnaire import Questionnaire, parse_questionnaire
from portal.domain.side_tracks import Track, parse_side_tracks
from portal.domain.talk_guides import TalkGuides, parse_talk_guides
from portal.domain.tap_questions import TapQuestion


@cache
def questions() -> Questionnaire:
    """The questionnaire that comes with the portal."""
    return parse_questionnaire(_read("questions"), _read("platforms"))


@cache
def danger_words() -> DangerWords:
    """The words that bring help lines."""
    return DangerWords.from_tables(_read("danger_words"))


@cache
def public_holidays() -> frozenset[date]:
    """Days on which offices are closed all over the country."""
    return frozenset(map(date.fromisoformat, _read("public_holidays")["days"]))


@cache
def guides() -> Guides:
    """How to keep what happened in an app."""
    return parse_guides(_read("guides"))


@cache
def how_it_works() -> HowItWorks:
    """What the public page says the protocols do."""
    return HowItWorks(_read("how_it_works"))


@cache
def for_parents() -> dict[str, Any]:
    """What the parents' page says: signals, advice, rights with source and date."""
    return _read("parents")


@cache
def accessibility() -> dict[str, Any]:
    """What the last full check of the reporter's pages looked at, and found."""
    return _read("accessibility")


@cache
def police_list() -> tuple[Item, ...]:
    """What the police ask to bring along, in their order."""
    return tuple(Item(**table) for table in _read("police_list")["item"])


@cache
def consent_ages() -> tuple[AgeRule, ...]:
    """Whose consent counts at an age."""
    return tuple(AgeRule.from_table(table) for table in _read("consent_ages")["age"])


@cache
def talk_guides() -> TalkGuides:
    """How to hold a talk, and what a text that leaves the case may say."""
    return parse_talk_guides(_read("talk_guides"))


@cache
def age_notes() -> tuple[AgeNote, ...]:
    """What the age of a pupil changes."""
    return tuple(AgeNote.from_table(table) for table in _read("age_notes")["note"])


@cache
def side_tracks() -> dict[str, Track]:
    """What is done beside the protocol: meldcode, police, staff."""
    return parse_side_tracks(_read("side_tracks"))


@cache
def intimate_steps() -> IntimateSteps:
    """What to do when an image of somebody naked came in."""
    return parse_intimate_steps(_read("intimate_steps"))


@cache
def reporter_mail() -> tuple[str, ...]:
    """What a mail to a reporter says: its subject, then its lines."""
    table = _read("reporter_mail")
    return (table["title"], *table["lines"])


@cache
def tap_questions() -> tuple[TapQuestion, ...]:
    """Questions that staff can put to a reporter, with their ready answers."""
    return tuple(TapQuestion.from_table(table) for table in _read("tap_questions")["question"])


def _read(name: str) -> dict[str, Any]:
    text = (resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
