"""A case that turns out to be about a member of staff leaves the ordinary line, with its keys.

Whoever the protocol shuts out of such a matter loses the key for good; the board and the confidant
get one first, so that two people are left who can read it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.custody_kinds import ReaderChange
from portal.domain.readers import ENOUGH
from portal.domain.rerouting import Proposal
from portal.models import StaffMember
from portal.services import case_keys, case_records, exclusions, handing, roster
from portal.services.errors import InvalidInputError
from portal.services.staff import StaffActor

TOO_FEW = "Minstens twee mensen moeten een zaak kunnen lezen."


def hand_up(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    found: Proposal,
    to_staff_id: str,
    reason: str,
    now: datetime,
) -> None:
    """Hand a case to the head or the board, and take it from everybody who is shut out.

    Raises:
        InvalidInputError: when fewer than two people would be left.
    """
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    barred = _barred(session, case.school_id, found) - {to_staff_id}
    _let_in(session, actor, case_id, found, barred, now)
    live = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    if len((live | {to_staff_id}) - barred) < ENOUGH:
        raise InvalidInputError("staff", TOO_FEW)
    former = case.handler_id
    for staff_id in sorted((live & barred) - {former, actor.id}):
        _take_from(session, actor, case_id, staff_id, now)
    handing.hand_over(
        session,
        actor=actor,
        case_id=case_id,
        to_staff_id=to_staff_id,
        role_key=found.role,
        reason=reason,
        now=now,
        keep_reading=former not in barred,
    )
    if actor.id in barred and actor.id != former:
        _take_from(session, actor, case_id, actor.id, now)


def _barred(session: Session, school_id: str, found: Proposal) -> set[str]:
    shut_out = set(found.excluded)
    return {
        one.id
        for one in roster.roster_of(session, school_id).members
        if shut_out & {held.role for held in one.roles}
    }


def _let_in(
    session: Session,
    actor: StaffActor,
    case_id: str,
    found: Proposal,
    barred: set[str],
    now: datetime,
) -> None:
    """Give one person of each role that gets to know a key, where nobody of it reads yet."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    never = barred | case_keys.excluded_staff(session, opened)
    live = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    for role in found.also:
        held = [
            one
            for one in roster.roster_of(session, case.school_id).members
            if one.usable and one.id not in never and role in {item.role for item in one.roles}
        ]
        if held and not live & {one.id for one in held}:
            live.add(held[0].id)
            case_keys.add_reader(
                session,
                case=case,
                case_keys=opened,
                member=session.get_one(StaffMember, held[0].id),
                part="also",
                actor=actor.custody,
                why=ReaderChange.ABOUT_STAFF,
                now=now,
            )
    case_records.settle(session, case)


def _take_from(
    session: Session, actor: StaffActor, case_id: str, staff_id: str, now: datetime
) -> None:
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    # Written before the new epoch, which looks whom it must leave out, and once more into it.
    shut_out = case_keys.excluded_staff(session, opened) | {staff_id}
    exclusions.write(session, opened.current, shut_out, now=now)
    renewed = case_keys.remove_reader(
        session,
        case=case,
        case_keys=opened,
        staff_id=staff_id,
        actor=actor.custody,
        why=ReaderChange.ABOUT_STAFF,
        now=now,
    )
    exclusions.write(session, renewed.current, shut_out, now=now)
    case_records.settle(session, case)
