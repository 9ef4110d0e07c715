"""From what was told to people: the protocol decides, the roster names them, and says why."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import canonical_json
from portal.domain import intake
from portal.domain.deadlines import SchoolCalendar, local_date
from portal.domain.facts import Facts, facts_from
from portal.domain.progress import progress
from portal.domain.protocol import Protocol
from portal.domain.questionnaire import value_of
from portal.domain.readers import Reader, Readers, Roster, choose_readers
from portal.domain.routing import Decision, route
from portal.models import School, StaffMember
from portal.services import protocols, roster, schools
from portal.services.calendars import calendar_of
from portal.services.errors import InvalidInputError
from portal.services.schools import SchoolView

HANDLER, OVERSEER, SUBSTITUTE, ALSO = "handler", "overseer", "substitute", "also"


@dataclass(frozen=True, slots=True)
class ReaderName:
    """Somebody who will read: named with the role, before anything is sent."""

    staff_id: str
    name: str
    role_label: str
    part: str


@dataclass(frozen=True, slots=True)
class Routed:
    """A decision with the people it leads to."""

    protocol: Protocol
    protocol_version: str
    decision: Decision
    facts: Facts
    choice: Readers
    members: list[tuple[StaffMember, str]]
    roster: Roster
    class_names: list[str]
    excluded_ids: frozenset[str]
    answer_by: date
    due_on: date | None
    first_action: str

    @property
    def readers(self) -> list[ReaderName]:
        """Everybody who will read, handlers first."""
        roles = {one.id: one.role for one in _everybody(self.choice)}
        return [
            ReaderName(member.id, member.name, self.protocol.label(roles[member.id]), part)
            for member, part in self.members
        ]

    @property
    def digest(self) -> str:
        """Name who reads it and who is shut out, to see later whether that is still so."""
        readers = sorted([member.id, part] for member, part in self.members)
        seen = {"readers": readers, "excluded": sorted(self.excluded_ids)}
        return hashlib.sha256(canonical_json(seen)).hexdigest()

    def members_for_name(self, identity: Mapping[str, Any]) -> list[tuple[StaffMember, str]]:
        """Give the readers who may know the reporter's name, as the reporter chose."""
        if identity.get("who") == "role":
            roles = {one.id: one.role for one in _everybody(self.choice)}
            wanted = str(identity.get("role", ""))
            return [item for item in self.members if roles[item[0].id] == wanted]
        return [item for item in self.members if item[1] != ALSO]

    def explained(self) -> dict[str, Any]:
        """Give the decision as it is kept in the case: rule, sentence, file and line."""
        return {
            **self.decision.answer(),
            "people": list(self.choice.explanation),
            "waiting": [[role, list(gates)] for role, gates in self.choice.waiting],
            "protocol": self.protocol.key,
        }


def decide(
    session: Session, *, school: SchoolView, answers: Mapping[str, Any], now: datetime
) -> Routed:
    """Decide for a report.

    Raises:
        InvalidInputError: when fewer than two people are left to read it.
    """
    routed = preview(session, school=school, answers=answers, now=now)
    if not routed.choice.handlers or not routed.choice.enough:
        raise InvalidInputError("readers", "too_few")
    return routed


def preview(
    session: Session, *, school: SchoolView, answers: Mapping[str, Any], now: datetime
) -> Routed:
    """Decide for a report as it stands, also when too few people are left."""
    people = roster.roster_of(session, school.id, local_date(now))
    given = intake.to_facts(answers)
    accused = set(value_of(answers, "classes").get("staff", []))
    accused |= intake.staff_in_text(answers, {one.id: one.name for one in people.members})
    excluded = frozenset(intake.excluded_staff(answers) | accused)
    roles = roles_of(people, accused)
    facts = facts_from({**given, "accused_roles": roles} if roles else given)
    names = {row.id: row.name for row in schools.classes_of(session, school.id)}
    subject, others = intake.named_classes(answers)
    preferred = next(iter(intake.preferred_staff(answers)), "")
    return choose(
        session,
        school=school,
        facts=facts,
        class_names=[names[item] for item in (*subject, *others) if item in names],
        excluded=excluded,
        preferred=preferred,
        people=people,
        now=now,
    )


def choose(
    session: Session,
    *,
    school: SchoolView,
    facts: Facts,
    class_names: list[str],
    excluded: Iterable[str],
    preferred: str,
    people: Roster,
    now: datetime,
) -> Routed:
    """Decide from facts: which role, which people, by when."""
    protocol, version = protocols.current(school.protocol_key)
    shut_out = frozenset(excluded)
    decision = route(protocol, facts)
    choice = choose_readers(
        decision,
        protocol,
        people,
        classes=list(dict.fromkeys(class_names)),
        excluded=shut_out,
        preferred=preferred,
    )
    calendar = calendar_of(session.get_one(School, school.id))
    today = local_date(now)
    first = progress(
        protocol, decision.step, [], started=today, calendar=calendar, role=decision.role
    ).next
    return Routed(
        protocol=protocol,
        protocol_version=version,
        decision=decision,
        facts=facts,
        choice=choice,
        members=_members(session, choice),
        roster=people,
        class_names=list(dict.fromkeys(class_names)),
        excluded_ids=shut_out,
        answer_by=_answer_by(calendar, today, school),
        due_on=first.due if first and first.due else _answer_by(calendar, today, school),
        first_action=first.key if first else "",
    )


def roles_of(people: Roster, staff_ids: Iterable[str]) -> list[str]:
    """List the roles that some members of staff hold."""
    members = [people.member(staff_id) for staff_id in sorted(staff_ids)]
    return sorted({held.role for one in members if one is not None for held in one.roles})


def _answer_by(calendar: SchoolCalendar, today: date, school: SchoolView) -> date:
    return calendar.add_days(today, school.answer_days)


def _everybody(choice: Readers) -> list[Reader]:
    return [*choice.handlers, *choice.overseers, *choice.substitutes, *choice.also_notified]


def _members(session: Session, choice: Readers) -> list[tuple[StaffMember, str]]:
    """Load the people once each, in the first part that names them."""
    parts: dict[str, str] = {}
    named = (
        (HANDLER, choice.handlers),
        (OVERSEER, choice.overseers),
        (SUBSTITUTE, choice.substitutes),
        (ALSO, choice.also_notified),
    )
    for part, people in named:
        for one in people:
            parts.setdefault(one.id, part)
    rows = session.scalars(select(StaffMember).where(StaffMember.id.in_(parts)))
    by_id = {row.id: row for row in rows}
    return [(by_id[staff_id], part) for staff_id, part in parts.items()]
