"""Answers read back to staff, question by question, and who could take a case over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from portal.data import questions
from portal.domain.questionnaire import LANGUAGE_MARK, accounts_of, read_back, value_of
from portal.models import Case
from portal.services import roster, schools
from portal.services.case_views import ReportView

NOT_SHOWN = ("readers", "safety")
"""Answers that are not read back to staff: who was shut out stands with the readers."""
GLANCE_ONLINE = 3
FIELD_MARK = " | "
"""What stands between a question and the words above its fields, as it is kept."""


@dataclass(frozen=True, slots=True)
class Told:
    """One question as it was asked, and the answer as it was given."""

    key: str
    question: str
    lines: list[str]
    dutch: str = ""
    """The same question in Dutch, where it was asked in another language."""

    @property
    def title(self) -> str:
        """The question in Dutch, without the words above each field."""
        return self.dutch or self.question.partition(FIELD_MARK)[0]

    @property
    def shown(self) -> str:
        """The question as the reporter read it in another language."""
        return self.question.partition(FIELD_MARK)[0] if self.dutch else ""

    @property
    def asked(self) -> list[str]:
        """What was asked beside the title: above each field, and in another language all of it."""
        return self.question.split(FIELD_MARK)[0 if self.dutch else 1 :]


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
            who = perspective_of(report)
            lines = answer_lines(key, answer, who, names)
            foreign = LANGUAGE_MARK in str(answer.get("version"))
            dutch = questions().question(key, who).title if foreign else ""
            told.append(Told(key, str(answer.get("question") or ""), lines, dutch))
    return told


def perspective_of(report: ReportView) -> str:
    """Give in whose words the questions were asked."""
    return str(report.answers.get("perspective", {}).get("value") or "subject")


def answer_lines(
    key: str, answer: Mapping[str, Any], perspective: str, names: Mapping[str, str]
) -> list[str]:
    """Say one answer as lines of text."""
    value = answer.get("value")
    if isinstance(value, str) and key == "story":
        return value.splitlines() or [value]
    return read_back(questions().question(key, perspective), value, names)


def names_of(session: Session, school_id: str) -> dict[str, str]:
    """Give what to say for ids of classes and staff."""
    classes = {row.id: row.name for row in schools.classes_of(session, school_id)}
    members = roster.roster_of(session, school_id).members
    return {**classes, **{member.id: member.name for member in members}}


def at_a_glance(report: ReportView) -> list[tuple[str, str]]:
    """Give the few facts that decide what to do first, each with the name of an icon."""
    when = value_of(report.answers, "when")
    moment = next((str(when[key]) for key in ("moment", "exact") if when.get(key)), "")
    often = _option(report, "when", "frequency")
    places = ", ".join([*_options(report, "when", "places"), *_text(when, "where")])
    facts = [("clock", ", ".join(part for part in (moment, often.lower()) if part))]
    facts.append(("find", places))
    facts += [("phone", text) for text in _online(report)]
    facts.append(("parent", _parents(report)))
    told = value_of(report.answers, "told_before")
    if told.get("told") == "yes":
        facts.append(("wait", " ".join(["Al eens op school verteld", *_whom(told)])))
    earlier = [
        text for key in ("when", "whom") for text in _text(value_of(report.answers, "earlier"), key)
    ]
    if value_of(report.answers, "earlier"):
        # A hint and no more: nothing is linked, and the other report is not opened by it.
        said = ", ".join(earlier)
        facts.append(
            ("cases", f"Hoort volgens de melder bij een eerdere melding: {said}".rstrip(": "))
        )
    return [(icon, text) for icon, text in facts if text]


def wished(report: ReportView) -> list[str]:
    """Give what the reporter wants, in the own words."""
    value = value_of(report.answers, "wishes")
    return [str(value[key]) for key in ("want", "not_want") if value.get(key)]


def platform_of(incident: Mapping[str, Any]) -> str:
    """Say where something happened online: ``Instagram``, not its key."""
    key = str(incident.get("platform") or "")
    return next((one.text for one in questions().platforms if one.key == key), key)


def _online(report: ReportView) -> list[str]:
    found = []
    for incident in value_of(report.answers, "online").get("incidents") or []:
        names = accounts_of(incident)[:1]
        found.append(" ".join(part for part in (platform_of(incident), *names) if part))
    return list(dict.fromkeys(text for text in found if text))[:GLANCE_ONLINE]


def _parents(report: ReportView) -> str:
    value = value_of(report.answers, "parents")
    know = {"yes": "Ouders weten het", "no": "Ouders weten het niet"}.get(str(value.get("know")))
    talk = {"first_me": "praat eerst met de leerling", "rather_not": "liever niet met hen praten"}
    said = [know, talk.get(str(value.get("talk")))]
    if value.get("danger") == "yes":
        said.append("thuis is dat gevaarlijk")
    text = ", ".join(part for part in said if part)
    return text[:1].upper() + text[1:]


def _whom(told: Mapping[str, Any]) -> list[str]:
    return [f"aan {told['whom']}"] if told.get("whom") else []


def _option(report: ReportView, key: str, field: str) -> str:
    return next(iter(_options(report, key, field)), "")


def _options(report: ReportView, key: str, field: str) -> list[str]:
    """Say what was chosen in a field, in the words of the page; "unknown" is left out."""
    given = value_of(report.answers, key).get(field)
    chosen = given if isinstance(given, list) else [given]
    options = questions().question(key, perspective_of(report)).field(field).options
    return [one.text for one in options if one.key in chosen and one.key != "unknown"]


def _text(fields: Mapping[str, Any], key: str) -> list[str]:
    return [str(fields[key])] if fields.get(key) else []
