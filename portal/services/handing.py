"""Handing a case to somebody else: the key goes along, wrapped in the session of a reader."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind, ReaderChange
from portal.domain.readers import ENOUGH
from portal.models import Case, StaffMember
from portal.services import (
    case_keys,
    case_records,
    naming,
    notify,
    protocols,
    records,
    roster,
    traces,
)
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.staff import StaffActor

HANDOVER = "handover"


def hand_over(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    to_staff_id: str,
    role_key: str,
    reason: str,
    now: datetime,
    keep_reading: bool = True,
    summary: Mapping[str, str] | None = None,
) -> None:
    """Hand a case to somebody else: wrapped to them here, in the session of a reader.

    Args:
        summary: what whoever follows should read first (`services.summaries`).

    Raises:
        InvalidInputError: without a reason, or in a role that this person does not hold.
        ForbiddenError: for somebody excluded, or without a confirmed key.
        ConflictError: when the case is theirs already.
    """
    words = case_records.checked("reason", reason)
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    member = session.get(StaffMember, to_staff_id)
    if member is None or member.school_id != actor.school_id:
        raise NotFoundError(to_staff_id)
    if case.handler_id == member.id:
        raise ConflictError(member.id)
    former = session.get_one(StaffMember, case.handler_id)
    names = naming.names_of(session, actor=actor, report_ids=opened.reports)
    if not keep_reading:
        _check_enough_without(session, case, former, member)
        opened = case_keys.remove_reader(
            session,
            case=case,
            case_keys=opened,
            staff_id=former.id,
            actor=actor.custody,
            why=ReaderChange.HANDED_OVER,
            now=now,
        )
        case_records.settle(session, case)
    case_keys.add_reader(
        session,
        case=case,
        case_keys=opened,
        member=member,
        part="handler",
        actor=actor.custody,
        why=ReaderChange.HANDED_OVER,
        now=now,
    )
    _check_role(session, case, member, role_key)
    naming.pass_on(
        session,
        names,
        actor=actor,
        case=case,
        case_keys=opened,
        member=member,
        role_key=role_key,
        now=now,
    )
    _give(session, case, former, member, role_key, now)
    leaves = not keep_reading
    traced = traces.note_handing(session, case, opened, former, member, leaves=leaves, now=now)
    body = {"from": former.name, "to": member.name, "text": words, **_for(member, summary)}
    event = CustodyKind.CASE_HANDED_OVER
    case_records.write(session, case, opened, HANDOVER, body, actor, now, event, traced)


def _for(member: StaffMember, summary: Mapping[str, str] | None) -> dict[str, Any]:
    return {} if summary is None else {"to_staff": member.id, "summary": dict(summary)}


def _give(
    session: Session,
    case: Case,
    former: StaffMember,
    member: StaffMember,
    role_key: str,
    now: datetime,
) -> None:
    case_keys.take_part(session, case, former.id, "also")
    case.role_key = role_key
    put_on_desk(session, case, member, now)


def put_on_desk(session: Session, case: Case, member: StaffMember, now: datetime) -> None:
    """Let somebody handle a case from now on, and tell them that there is something."""
    case.handler_id, case.handed_at = member.id, records.whole_hour(now)
    notify.queue(
        session,
        school_id=case.school_id,
        staff_id=member.id,
        template="handed_over",
        dedupe_key=f"handed_over:{case.id}:{member.id}:{now.isoformat()}",
        now=now,
    )


def _check_role(session: Session, case: Case, member: StaffMember, role_key: str) -> None:
    """A case goes to somebody in a role of its protocol that this person holds."""
    person = roster.roster_of(session, case.school_id).member(member.id)
    held = {item.role for item in person.roles} if person is not None else set()
    if role_key not in held or protocols.of_case(session, case).role(role_key) is None:
        raise InvalidInputError("staff", "unknown")


def _check_enough_without(
    session: Session, case: Case, former: StaffMember, member: StaffMember
) -> None:
    readers = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    if len({*readers, member.id} - {former.id}) < ENOUGH:
        raise InvalidInputError("keep", "Minstens twee mensen moeten een zaak kunnen lezen.")
