"""Time-based one-time codes (RFC 6238): the secret is sealed to the staff identity."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp
from sqlalchemy import update
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.models import StaffMember
from portal.services import records, transaction

KIND = "totp"
SECONDS = 30
DIGITS = 6
BASE32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
SECRET_LENGTH = 32
"""Base32 characters: 160 bits, as RFC 4226 recommends."""


def new_secret() -> str:
    """Make a secret in the form that authenticator apps take."""
    return pyotp.random_base32(SECRET_LENGTH)


def sound_secret(text: str) -> str | None:
    """Give a secret back in its plain form, None when it is not one of ours."""
    secret = text.replace(" ", "").upper()
    ours = len(secret) == SECRET_LENGTH and not set(secret) - BASE32
    return secret if ours else None


def address(secret: str, *, login: str, school_name: str) -> str:
    """Give the ``otpauth:`` address that the QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=school_name)


def seal(member: StaffMember, identity: Identity, secret: str) -> bytes:
    """Seal a secret to the staff identity."""
    return records.seal(
        str(identity.recipient),
        {"secret": secret},
        kind=KIND,
        school_id=member.school_id,
        owner_id=member.id,
        record_id=member.id,
        voucher=identity,
    )


def unseal(member: StaffMember, identity: Identity) -> str:
    """Open the secret of an account with its identity."""
    body = records.unseal(
        identity,
        member.totp_sealed or b"",
        kind=KIND,
        school_id=member.school_id,
        owner_id=member.id,
        record_id=member.id,
    )
    return str(body["secret"])


def fitting_step(secret: str, code: str, now: datetime) -> int | None:
    """Find the time step of a code: now, one before or one after; None when it fits none."""
    given = code.replace(" ", "")
    current = int(now.timestamp()) // SECONDS
    generator = pyotp.TOTP(secret)
    for step in (current, current - 1, current + 1):
        expected = generator.at(step * SECONDS)
        if hmac.compare_digest(expected.encode(), given.encode()):
            return step
    return None


def use_up(session: Session, member: StaffMember, step: int) -> bool:
    """Mark a code as used, in a commit of its own; False when it (or a later one) already was.

    It must not be undone with the request that it belongs to, or a code could be tried twice.
    """
    changed = session.execute(
        update(StaffMember)
        .where(
            StaffMember.school_id == member.school_id,
            StaffMember.id == member.id,
            StaffMember.totp_last_step < step,
        )
        .values(totp_last_step=step)
        .returning(StaffMember.id)
    ).first()
    transaction.commit(session)
    return changed is not None
