"""Confirmed recipients: a key counts only after a colleague compared its fingerprint.

Who can write to the database can put a key there; without the colleague's comparison nothing is
ever sealed to it, and every confirmation stands in the custody log. Who handed out the
activation code could have made the key themselves, so somebody else compares it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.domain.permissions import Action, may
from portal.models import CustodyEvent, StaffMember
from portal.services import staff
from portal.services.custody import Actor, record_event
from portal.services.errors import ConflictError, ForbiddenError, InvalidInputError
from portal.services.staff import StaffActor

GROUPS, GROUP_DIGITS = 6, 4
FOUNDER = "founder"
CODE_EVENTS = (str(CustodyKind.ROSTER_CHANGED), str(CustodyKind.STAFF_DISABLED))
"""Events of which some hand out an activation code: an invitation, a reset."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """A colleague as the confirmation page lists one."""

    id: str
    name: str
    code: str
    confirmed: bool
    confirmed_by: str
    waiting: bool
    own_code: bool = False
    """Whether the actor handed out this person's activation code, so may not confirm."""


def fingerprint(recipient: str) -> str:
    """Give the 24 digits (80 bits of SHA-256) that two people compare, in groups of four."""
    digest = hashlib.sha256(b"recipient/v1:" + recipient.encode()).digest()
    digits = str(int.from_bytes(digest) % 10 ** (GROUPS * GROUP_DIGITS)).zfill(
        GROUPS * GROUP_DIGITS
    )
    starts = range(0, len(digits), GROUP_DIGITS)
    return " ".join(digits[start : start + GROUP_DIGITS] for start in starts)


def colleagues(session: Session, *, actor: StaffActor) -> list[Colleague]:
    """List everybody with a key at this school, those who wait for confirmation first."""
    members = {row.id: row for row in _active(session, actor.school_id)}
    handed_out = _codes_of(session, actor)
    listed = [
        Colleague(
            id=row.id,
            name=row.name,
            code=row.code,
            confirmed=row.confirmed_at is not None,
            confirmed_by=_confirmer(row, members),
            waiting=row.confirmed_at is None and row.id != actor.id,
            own_code=row.confirmed_at is None and row.id in handed_out,
        )
        for row in members.values()
    ]
    return sorted(listed, key=lambda colleague: (colleague.confirmed, colleague.name))


def confirm(
    session: Session,
    *,
    actor: StaffActor,
    staff_id: str,
    typed_fingerprint: str,
    now: datetime,
) -> None:
    """Confirm a colleague's key with the digits that the colleague read aloud.

    Raises:
        ForbiddenError: the actor's own key is not confirmed, it is the actor's, or the actor handed
            out the activation code while somebody else can confirm.
        ConflictError: the colleague has no key, or it is confirmed already.
        InvalidInputError: field ``fingerprint``, problem ``mismatch``.
    """
    member = staff.find(session, school_id=actor.school_id, staff_id=staff_id)
    if not may(actor.powers, Action.CONFIRM_COLLEAGUES) or staff_id == actor.id:
        raise ForbiddenError(staff_id)
    if not staff.is_active(member) or member.confirmed_at is not None:
        raise ConflictError(staff_id)
    if staff_id in _codes_of(session, actor):
        raise ForbiddenError(staff_id)
    typed = "".join(character for character in typed_fingerprint if character.isdigit())
    expected = fingerprint(member.recipient or "").replace(" ", "")
    if not hmac.compare_digest(typed.encode(), expected.encode()):
        raise InvalidInputError("fingerprint", "mismatch")
    _mark(session, member, actor=actor.custody, reason="compared", now=now)
    member.confirmed_by_id = actor.id


def _codes_of(session: Session, actor: StaffActor) -> set[str]:
    """List whose present activation code came from the actor, by the log.

    Empty while nobody else is confirmed: a founder has to begin with somebody.
    """
    if not any(
        row.confirmed_at and row.id != actor.id for row in _active(session, actor.school_id)
    ):
        return set()
    query = (
        select(CustodyEvent.public)
        .where(CustodyEvent.school_id == actor.school_id, CustodyEvent.kind.in_(CODE_EVENTS))
        .order_by(CustodyEvent.position)
    )
    told = [json.loads(text).get("open", {}).get("sealed", {}) for text in session.scalars(query)]
    given_by = {
        item.get("staff"): item.get("actor")
        for item in told
        if item.get("change") == "invited" or item.get("reason") == "reset"
    }
    return {staff_id for staff_id, giver in given_by.items() if giver == str(actor.custody)}


def confirm_founder(session: Session, member: StaffMember, *, now: datetime) -> bool:
    """Confirm the founder's own key, while the school has no confirmed member of staff."""
    if founder_of(session, member.school_id) != member.id:
        return False
    if any(row.confirmed_at is not None for row in _active(session, member.school_id)):
        return False
    actor = Actor("staff", member.id, member.name)
    _mark(session, member, actor=actor, reason=FOUNDER, now=now)
    return True


def founder_of(session: Session, school_id: str) -> str | None:
    """Find whom `portal init` named as founder; it stands in the custody log only."""
    text = session.scalar(
        select(CustodyEvent.public)
        .where(
            CustodyEvent.school_id == school_id,
            CustodyEvent.kind == str(CustodyKind.SCHOOL_FOUNDED),
        )
        .order_by(CustodyEvent.position)
        .limit(1)
    )
    if text is None:
        return None
    found: str | None = json.loads(text).get("open", {}).get("sealed", {}).get("founder")
    return found


def _mark(
    session: Session, member: StaffMember, *, actor: Actor, reason: str, now: datetime
) -> None:
    member.confirmed_at = now
    record_event(
        session,
        CustodyKind.RECIPIENT_CONFIRMED,
        school_id=member.school_id,
        actor=actor,
        now=now,
        about=[member.id],
        particulars={
            "staff": member.id,
            "recipient": member.recipient or "",
            "fingerprint": fingerprint(member.recipient or ""),
            "reason": reason,
        },
    )


def _active(session: Session, school_id: str) -> list[StaffMember]:
    query = select(StaffMember).where(
        StaffMember.school_id == school_id,
        StaffMember.activated_at.is_not(None),
        StaffMember.disabled_at.is_(None),
    )
    return list(session.scalars(query))


def _confirmer(row: StaffMember, members: dict[str, StaffMember]) -> str:
    if row.confirmed_by_id is None:
        return ""
    known = members.get(row.confirmed_by_id)
    return known.name if known is not None else ""
