"""Several cases at once; each goes through its own verb, with its own keys and its own log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Case, CaseReader
from portal.services import case_records, cases, protocols, roster, summaries
from portal.services.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RecordMismatchError,
)
from portal.services.reading import Colleague
from portal.services.schools import SchoolView
from portal.services.staff import StaffActor

MOST = 50


@dataclass(frozen=True, slots=True)
class Done:
    """How many went well, and the labels of those that did not."""

    count: int
    refused: list[str]


def colleagues(session: Session, *, actor: StaffActor, school: SchoolView) -> list[Colleague]:
    """List who could take cases over, with each role of the protocol that they hold."""
    protocol, _ = protocols.current(school.protocol_key)
    return [
        Colleague(member.id, member.name, held.role, protocol.label(held.role))
        for member in roster.roster_of(session, actor.school_id).members
        if member.usable and member.id != actor.id
        for held in member.roles
        if protocol.role(held.role) is not None
    ]


def mark_seen(session: Session, *, actor: StaffActor, case_ids: Sequence[str]) -> Done:
    """Take away that cases were given to this person; a report stays unread until it is opened."""
    chosen = _readable(session, actor, case_ids)
    mine = [case for case in chosen if case.handler_id == actor.id and case.handed_at is not None]
    taken = update(Case).where(Case.id.in_([case.id for case in mine]))
    session.execute(taken.values(handed_at=None))
    return Done(len(mine), [case.label for case in chosen if case not in mine])


def hand_over(
    session: Session,
    *,
    actor: StaffActor,
    case_ids: Sequence[str],
    to_staff_id: str,
    role_key: str,
    reason: str,
    now: datetime,
) -> Done:
    """Hand cases to one colleague, one after the other.

    Raises:
        InvalidInputError: without a reason, a case, or somebody who holds this role.
        ConflictError: when somebody changed one meanwhile; none is handed over.
    """
    case_records.checked("why", reason)
    person = roster.roster_of(session, actor.school_id).member(to_staff_id)
    if person is None or role_key not in {held.role for held in person.roles}:
        raise InvalidInputError("staff", "unknown")
    chosen = _readable(session, actor, case_ids)
    if not chosen:
        raise InvalidInputError("case", "empty")
    done, refused = 0, []
    for case in chosen:
        fits = protocols.of_case(session, case).role(role_key) is not None
        if case.handler_id == person.id or case.status == cases.CLOSED or not fits:
            refused.append(case.label)
            continue
        try:
            summaries.hand_over(
                session,
                actor=actor,
                case_id=case.id,
                to_staff_id=person.id,
                role_key=role_key,
                reason=reason,
                now=now,
            )
            done += 1
        except (ForbiddenError, NotFoundError, RecordMismatchError):
            refused.append(case.label)
    return Done(done, refused)


def _readable(session: Session, actor: StaffActor, case_ids: Sequence[str]) -> list[Case]:
    query = (
        select(Case)
        .join(CaseReader, CaseReader.case_id == Case.id)
        .where(*cases.readable_by(actor), Case.id.in_(list(case_ids)[:MOST]))
    )
    return list({case.id: case for case in session.scalars(query.order_by(Case.id))}.values())
