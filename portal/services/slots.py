"""Slots: the ways to open a staff identity, as with an encrypted disk.

A slot is an age file to the identity that Argon2id derives from a passphrase or a printed
recovery code. There is no other password hash: a secret is right when it opens the slot.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import AgeError, Identity
from portal.models import StaffMember, StaffSlot, new_id
from portal.services import records
from portal.services.derivation import (
    derive_staff_identity,
    parameters_for_staff,
    parameters_from,
)
from portal.services.errors import ServiceError

PASSPHRASE, RECOVERY = "passphrase", "recovery"
KIND = "slot"
PLACES = threading.BoundedSemaphore(50)
"""So many may wait for a derivation in one worker; more would take the threads of reporters."""


class TooBusyError(ServiceError):
    """Too many log-ins at this moment; try again in a minute."""


def make(member: StaffMember, identity: Identity, *, kind: str, secret: str) -> StaffSlot:
    """Make a slot; the derivation happens here, so call it before anything is written."""
    parameters = parameters_for_staff()
    with _place():
        derived = derive_staff_identity(secret, parameters)
    slot_id = new_id()
    return StaffSlot(
        id=slot_id,
        school_id=member.school_id,
        staff_id=member.id,
        kind=kind,
        parameters=parameters.to_json(),
        sealed=records.seal(
            str(derived.recipient),
            {"identity": str(identity)},
            kind=KIND,
            school_id=member.school_id,
            owner_id=member.id,
            record_id=slot_id,
        ),
    )


def find(session: Session, member: StaffMember, kind: str) -> StaffSlot | None:
    """Find one slot of a member of staff."""
    return session.scalar(
        select(StaffSlot).where(
            StaffSlot.school_id == member.school_id,
            StaffSlot.staff_id == member.id,
            StaffSlot.kind == kind,
        )
    )


def replace(session: Session, member: StaffMember, made: StaffSlot) -> None:
    """Put a new slot in the place of the old one of its kind."""
    old = find(session, member, made.kind)
    if old is None:
        session.add(made)
        return
    old.parameters, old.sealed = made.parameters, made.sealed
    # The sealed part names the slot it belongs to, and the row keeps its id.
    old.id = made.id


def open_slot(slot: StaffSlot | None, secret: str) -> Identity | None:
    """Open a slot; without one the same work is done for nothing, so that nobody can tell."""
    if slot is None:
        owner, slot_id, sealed, parameters = _nobody()
    else:
        owner, slot_id = slot.staff_id, slot.id
        sealed, parameters = slot.sealed, slot.parameters
    with _place():
        derived = derive_staff_identity(secret, parameters_from(parameters))
    try:
        body = records.unseal(
            derived,
            sealed,
            kind=KIND,
            school_id=slot.school_id if slot is not None else "",
            owner_id=owner,
            record_id=slot_id,
        )
    except AgeError:
        return None
    return Identity.parse(str(body["identity"]))


@contextmanager
def _place() -> Iterator[None]:
    if not PLACES.acquire(blocking=False):
        raise TooBusyError
    try:
        yield
    finally:
        PLACES.release()


@cache
def _nobody() -> tuple[str, str, bytes, dict[str, str | int]]:
    """A slot that nobody can open, for accounts that do not exist."""
    sealed = records.seal(
        str(Identity.generate().recipient),
        {"identity": str(Identity.generate())},
        kind=KIND,
        school_id="",
        owner_id="",
        record_id="",
    )
    return "", "", sealed, parameters_for_staff().to_json()
