"""What may be named in a talk: what only a reporter can know waits for that reporter's yes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import data
from portal.services import case_records, case_work, keys, naming, records, reporter
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError
from portal.services.reading import Told
from portal.services.staff import StaffActor

CLEARING, DETAILS = "clearing", "details"
NAMED, ASK = "known", "only"
MOST, LONGEST, AT_ONCE, OFFERED = 30, 300, 5, 20
TELLING = ("story", "when", "forms", "online", "described")
"""Answers that hold details of what happened."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One detail. `state`: known to more people, cleared, asked (waits), refused."""

    text: str
    report: str
    only: bool
    state: str
    answer: str = ""

    @property
    def may_be_named(self) -> bool:
        """Whether it stands on the sheet."""
        return self.state in {NAMED, "cleared"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was settled, by whom and when."""

    facts: list[Fact]
    said: list[dict[str, Any]]

    @property
    def named(self) -> list[Fact]:
        """The facts that may be named."""
        return [one for one in self.facts if one.may_be_named]


def sheet_of(session: Session, *, actor: StaffActor, case_id: str) -> Sheet:
    """Give what may be named in a talk, with the reporters' answers up to now."""
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    facts: list[Fact] = []
    for report_id in sorted(opened.reports):
        answers = _answers(session, opened, report_id)
        facts += [_fact(one, report_id, answers) for one in _settled(session, opened, report_id)]
    return Sheet(facts, case_records.read(session, opened, CLEARING))


def _settled(session: Session, opened: CaseKeys, report_id: str) -> list[dict[str, Any]]:
    """The details lie with the story, so that they go when its reporter takes it back."""
    stories = {item.row.id: item.identity for item in opened.of_report(report_id, keys.STORY)}
    rows = records.records_of(session, list(stories), kinds=[DETAILS])
    found = records.open_sound(rows, stories, opened.changed)
    newest = max(found, key=lambda one: one[0].seq, default=None)
    return list(newest[1]["facts"]) if newest else []


def details(told: Sequence[Told]) -> list[str]:
    """Offer what a report tells as single sentences, to choose from."""
    lines = [line for one in told if one.key in TELLING for line in one.lines]
    found = [part.strip() for line in lines for part in re.split(r"(?<=[.!?])\s+", line)]
    return [one for one in dict.fromkeys(found) if one and len(one) <= LONGEST][:OFFERED]


def _fact(body: Mapping[str, Any], report_id: str, answers: Mapping[str, str]) -> Fact:
    guides = data.talk_guides()
    answer = answers.get(guides.question(body["text"]), "")
    if not body["only"]:
        state = NAMED
    elif answer == guides.options[0]:
        state = "cleared"
    else:
        state = "refused" if answer else "asked"
    return Fact(body["text"], report_id, body["only"], state, answer)


def _answers(session: Session, opened: CaseKeys, report_id: str) -> dict[str, str]:
    """What was tapped last under each question; "" where nothing was."""
    stories = {item.row.id: item.identity for item in opened.of_report(report_id, keys.STORY)}
    rows = records.records_of(session, list(stories), kinds=reporter.TALK)
    messages = reporter.messages_from(records.open_sound(rows, stories, opened.changed))
    asked = {one.id: one.text for one in messages if one.kind == reporter.QUESTION}
    found = dict.fromkeys(asked.values(), "")
    for one in messages:
        if one.question in asked and one.choice:
            found[asked[one.question]] = one.choice
    return found


def settle(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    report_id: str,
    facts: Sequence[tuple[str, str]],
    now: datetime,
) -> None:
    """Settle what of one report may be named, and ask its reporter about what only they can know.

    Args:
        facts: each detail as it would be said, and ``known`` or ``only``; others are left out.

    Raises:
        InvalidInputError: for nothing, too much at once, or the name of a reporter.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    story = next(reversed(opened.of_report(report_id, keys.STORY)), None)
    if story is None:
        raise InvalidInputError("facts", "unknown")
    chosen = _checked(session, actor, opened, facts)
    asked = _answers(session, opened, report_id)
    guides = data.talk_guides()
    questions = [guides.question(text) for text, only in chosen if only]
    new = [one for one in questions if one not in asked]
    if len(new) > AT_ONCE:
        raise InvalidInputError("facts", "Vraag hooguit vijf dingen tegelijk.")
    for question in new:
        case_work.reply(
            session,
            actor=actor,
            case_id=case_id,
            report_id=report_id,
            text=question,
            options=guides.options,
            now=now,
        )
    mine = [{"text": text, "only": only} for text, only in chosen]
    row = records.add_record(session, story, {"facts": mine}, kind=DETAILS, now=now)
    body = {"report": report_id, "count": len(mine)}
    case_records.write(
        session, case, opened, CLEARING, body, actor=actor, now=now, about=[row.ciphertext_sha256]
    )


def _checked(
    session: Session, actor: StaffActor, opened: CaseKeys, facts: Sequence[tuple[str, str]]
) -> list[tuple[str, bool]]:
    chosen = {" ".join(text.split()): how == ASK for text, how in facts if text.strip() and how}
    if not chosen:
        raise InvalidInputError("facts", "Kies eerst wat je wilt noemen.")
    if len(chosen) > MOST or max(map(len, chosen)) > LONGEST:
        raise InvalidInputError("facts", "too_long")
    given = naming.names_of(session, actor=actor, report_ids=opened.reports)
    names = [str(body.get("name", "")).casefold() for _item, body in given]
    if any(name and name in text.casefold() for name in names for text in chosen):
        raise InvalidInputError("facts", "Noem de melder niet.")
    return list(chosen.items())
