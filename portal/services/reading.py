"""Answers read back to staff, question by question, and who could take a case over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from portal.data import questions
from portal.domain.questionnaire import UNKNOWN, UNKNOWN_TEXT, read_back
from portal.models import Case
from portal.services import protocols, roster, schools
from portal.services.case_views import CaseView, ReportView
from portal.services.staff import StaffActor

NOT_SHOWN = ("readers", "safety")
"""Answers that are not read back to staff: who was shut out stands with the readers."""


@dataclass(frozen=True, slots=True)
class Told:
    """One question as it was asked, and the answer as it was given."""

    key: str
    question: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody to whom a case can be handed."""

    staff_id: str
    name: str
    role_key: str
    role_label: str


def lines_of(session: Session, report: ReportView, case_id: str) -> list[Told]:
    """Read a report back in the order of the questions, without "perspective"."""
    case = session.get_one(Case, case_id)
    names = names_of(session, case.school_id)
    told = []
    for key in questions().order:
        answer = report.answers.get(key)
        if answer is not None and key not in NOT_SHOWN:
            lines = answer_lines(key, answer, perspective_of(report), names)
            told.append(Told(key, str(answer.get("question") or ""), lines))
    return told


def perspective_of(report: ReportView) -> str:
    """Give in whose words the questions were asked."""
    return str(report.answers.get("perspective", {}).get("value") or "subject")


def answer_lines(
    key: str, answer: Mapping[str, Any], perspective: str, names: Mapping[str, str]
) -> list[str]:
    """Say one answer as lines of text."""
    value = answer.get("value")
    if value == UNKNOWN:
        return [UNKNOWN_TEXT]
    if isinstance(value, str) and key == "story":
        return value.splitlines() or [value]
    return read_back(questions().question(key, perspective), value, names)


def names_of(session: Session, school_id: str) -> dict[str, str]:
    """Give what to say for ids of classes and staff."""
    classes = {row.id: row.name for row in schools.classes_of(session, school_id)}
    members = roster.roster_of(session, school_id).members
    return {**classes, **{member.id: member.name for member in members}}


def possible_readers(session: Session, *, actor: StaffActor, view: CaseView) -> list[Colleague]:
    """List colleagues with a confirmed key who are not shut out, with each role they hold."""
    case = session.get_one(Case, view.row.id)
    protocol = protocols.of_case(session, case)
    shut_out = {item.staff_id for item in view.excluded} | {case.handler_id}
    return [
        Colleague(member.id, member.name, held.role, protocol.label(held.role))
        for member in roster.roster_of(session, actor.school_id).members
        if member.usable and member.id not in shut_out
        for held in member.roles
    ]
