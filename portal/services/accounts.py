"""Accounts: invited, activated by the person, changed by the person, reset and ended.

Nobody but the person ever has the passphrase. A reset gives an empty keyring: what was sealed
to the old key stays closed to the new one until a reader of the case shares it again.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.db import begin_write
from portal.domain.custody_kinds import CustodyKind
from portal.models import StaffMember, StaffSlot
from portal.services import (
    confirmations,
    leavers,
    passphrases,
    printed_codes,
    school_face,
    sessions,
    slots,
    staff,
    totp,
)
from portal.services.custody import Actor, record_event
from portal.services.errors import ConflictError, ForbiddenError, InvalidInputError
from portal.services.instance_keys import InstanceKeys
from portal.services.schools import SchoolView
from portal.services.staff import StaffActor

ACTIVATION_LIFE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody who holds a valid activation code and has not used it yet."""

    staff_id: str
    name: str
    login: str


@dataclass(frozen=True, slots=True)
class Activation:
    """What an activation gives back once: the code to print and the session's content."""

    staff_id: str
    recipient: str
    fingerprint: str
    confirmed: bool
    recovery_code: str = field(repr=False)
    data: dict[str, Any] = field(repr=False)


def invite(
    session: Session,
    *,
    actor: Actor,
    school_id: str,
    staff_id: str,
    keys: InstanceKeys,
    now: datetime,
) -> str:
    """Make an activation code for somebody without a key; only its HMAC is kept.

    Raises:
        ConflictError: the account is active already (reset it first), or was ended.
    """
    member = staff.find(session, school_id=school_id, staff_id=staff_id)
    if member.activated_at is not None or member.disabled_at is not None:
        raise ConflictError(staff_id)
    record_event(
        session,
        CustodyKind.ROSTER_CHANGED,
        school_id=school_id,
        actor=actor,
        now=now,
        about=[staff_id],
        particulars={"change": "invited", "staff": staff_id},
    )
    return new_activation_code(member, keys=keys, now=now)


def new_activation_code(member: StaffMember, *, keys: InstanceKeys, now: datetime) -> str:
    """Give an account a fresh activation code; an earlier one stops working."""
    code = printed_codes.mint(printed_codes.ACTIVATION_LENGTH)
    member.activation_hash = keys.activation_hash(code)
    member.activation_until = now + ACTIVATION_LIFE
    return code


def invitee(
    session: Session, *, school_id: str, code: str, keys: InstanceKeys, now: datetime
) -> Invitee | None:
    """Find whose activation code this is; None when it is wrong, used or too old."""
    member = _by_activation(session, school_id, code, keys, now)
    return Invitee(member.id, member.name, member.login) if member is not None else None


def activate(
    session: Session,
    *,
    school: SchoolView,
    activation_code: str,
    passphrase: str,
    totp_secret: str,
    totp_code: str,
    keys: InstanceKeys,
    now: datetime,
) -> Activation:
    """Make somebody's key, in their own session, and put it into two slots.

    The key counts for nothing until a colleague confirms it; only the person whom `portal init`
    named as founder is confirmed at once, while nobody else is.

    Raises:
        InvalidInputError: field ``activation`` (``unknown``), ``passphrase`` (see
            `passphrases.check`) or ``totp`` (``mismatch``).
    """
    member = _by_activation(session, school.id, activation_code, keys, now)
    if member is None:
        raise InvalidInputError("activation", "unknown")
    phrase = passphrases.check(
        passphrase, known=[school.name, school.place, member.login, member.name]
    )
    secret = totp.sound_secret(totp_secret)
    step = totp.fitting_step(secret, totp_code, now) if secret is not None else None
    if secret is None or step is None:
        raise InvalidInputError("totp", "mismatch")
    identity = Identity.generate()
    recovery_code = printed_codes.mint(printed_codes.RECOVERY_LENGTH)
    made = [
        slots.make(member, identity, kind=slots.PASSPHRASE, secret=phrase),
        slots.make(member, identity, kind=slots.RECOVERY, secret=recovery_code),
    ]
    recipient = str(identity.recipient)
    member.totp_sealed = totp.seal(member, identity, secret)
    member.totp_last_step = step
    member.recipient = recipient
    member.activated_at = now
    member.activation_hash = member.activation_until = None
    for slot in made:
        slots.replace(session, member, slot)
    _log_activation(session, member, now)
    confirmed = confirmations.confirm_founder(session, member, now=now)
    session.flush()
    return Activation(
        staff_id=member.id,
        recipient=recipient,
        fingerprint=confirmations.fingerprint(recipient),
        confirmed=confirmed,
        recovery_code=recovery_code,
        data={"staff": member.id, "identity": str(identity)},
    )


def change_passphrase(
    session: Session, *, actor: StaffActor, school: SchoolView, current: str, new: str
) -> None:
    """Change one's own passphrase; only the slot changes, nothing is sealed again.

    Raises:
        InvalidInputError: field ``current`` (``mismatch``) or ``passphrase``.
    """
    member = staff.find(session, school_id=actor.school_id, staff_id=actor.id)
    phrase = passphrases.check(new, known=[school.name, school.place, member.login, member.name])
    _re_authenticate(session, member, actor, current)
    made = slots.make(member, actor.identity, kind=slots.PASSPHRASE, secret=phrase)
    slots.replace(session, member, made)


def new_recovery_code(session: Session, *, actor: StaffActor, current: str) -> str:
    """Make a new printed recovery code; the old one opens nothing any more.

    Raises:
        InvalidInputError: field ``current``, problem ``mismatch``.
    """
    member = staff.find(session, school_id=actor.school_id, staff_id=actor.id)
    _re_authenticate(session, member, actor, current)
    code = printed_codes.mint(printed_codes.RECOVERY_LENGTH)
    made = slots.make(member, actor.identity, kind=slots.RECOVERY, secret=code)
    slots.replace(session, member, made)
    return code


def reset(
    session: Session,
    *,
    actor: Actor,
    school_id: str,
    staff_id: str,
    keys: InstanceKeys,
    now: datetime,
) -> str:
    """Give somebody who lost every way in an empty keyring and a new activation code.

    The old recipient and its wraps go, sessions end, and a colleague must confirm the new key.

    Raises:
        ConflictError: the account was ended, or was never activated (invite it instead).
    """
    member = staff.find(session, school_id=school_id, staff_id=staff_id)
    if not staff.is_active(member):
        raise ConflictError(staff_id)
    _take_key_away(session, member, actor=actor, now=now, reason="reset")
    return new_activation_code(member, keys=keys, now=now)


def disable(
    session: Session, *, actor: Actor, school_id: str, staff_id: str, now: datetime
) -> None:
    """End an account: sessions die at once, and every wrap to it is deleted.

    Raises:
        ForbiddenError: nobody ends their own account.
        ConflictError: it was ended already.
    """
    member = staff.find(session, school_id=school_id, staff_id=staff_id)
    if actor.id == staff_id:
        raise ForbiddenError(staff_id)
    if member.disabled_at is not None:
        raise ConflictError(staff_id)
    _take_key_away(session, member, actor=actor, now=now, reason="left")
    school_face.forget_photo(session, school_id=school_id, staff_id=staff_id)
    member.disabled_at = now
    member.activation_hash = member.activation_until = None


def _take_key_away(
    session: Session, member: StaffMember, *, actor: Actor, now: datetime, reason: str
) -> None:
    old = member.recipient or ""
    begin_write(session)
    leavers.remove_everywhere(session, member=member, actor=actor, now=now)
    session.execute(
        delete(StaffSlot).where(
            StaffSlot.school_id == member.school_id, StaffSlot.staff_id == member.id
        )
    )
    sessions.end_all_of_staff(session, school_id=member.school_id, staff_id=member.id)
    member.recipient = member.totp_sealed = member.activated_at = None
    member.confirmed_at = member.confirmed_by_id = None
    record_event(
        session,
        CustodyKind.STAFF_DISABLED,
        school_id=member.school_id,
        actor=actor,
        now=now,
        about=[member.id],
        particulars={"staff": member.id, "recipient": old, "reason": reason},
    )


def _re_authenticate(
    session: Session, member: StaffMember, actor: StaffActor, current: str
) -> None:
    """Before a key changes the person shows the passphrase again (ASVS 7.5.1)."""
    slot = slots.find(session, member, slots.PASSPHRASE)
    opened = slots.open_slot(slot, passphrases.prepare(current))
    if opened is None or str(opened.recipient) != str(actor.identity.recipient):
        raise InvalidInputError("current", "mismatch")


def _by_activation(
    session: Session, school_id: str, code: str, keys: InstanceKeys, now: datetime
) -> StaffMember | None:
    plain = printed_codes.normalise(code, printed_codes.ACTIVATION_LENGTH)
    if plain is None:
        return None
    wanted = keys.activation_hash(plain)
    member = session.scalar(
        select(StaffMember).where(
            StaffMember.school_id == school_id, StaffMember.activation_hash == wanted
        )
    )
    if member is None or member.disabled_at is not None or member.activation_until is None:
        return None
    fits = hmac.compare_digest(member.activation_hash or "", wanted)
    return member if fits and member.activation_until > now else None


def _log_activation(session: Session, member: StaffMember, now: datetime) -> None:
    record_event(
        session,
        CustodyKind.RECIPIENT_ACTIVATED,
        school_id=member.school_id,
        actor=Actor("staff", member.id, member.name),
        now=now,
        about=[member.id],
        particulars={"staff": member.id, "recipient": member.recipient or ""},
    )
