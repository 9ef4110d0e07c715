"""Slots: the ways to open a staff identity, as with an encrypted disk.

A slot is an age file to the identity that Argon2id derives from a passphrase or a printed
recovery code. There is no other password hash: a secret is right when it opens the slot.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
PLACES = threading.BoundedSemaphore(40)
"""So many may wait for a derivation in one worker; more would take the threads of reporters."""
KNOWN_PLACES = threading.BoundedSemaphore(10)
"""As many more for devices on which somebody logged in before: strangers cannot take these."""
PLACES_OF_ONE = 10
"""So many of the waiting may try the same log-in from the same address."""


class TooBusyError(ServiceError):
    """Too many log-ins at this moment; try again in a minute."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries: a name for log-in and address that tells neither, and if the device is known."""

    who: str = ""
    known_device: bool = False


class _Waiting:
    """Counts how many wait for each of those who try."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()

    def enter(self, who: str) -> bool:
        with self._lock:
            if who and self._numbers[who] >= PLACES_OF_ONE:
                return False
            self._numbers[who] += 1
            return True

    def leave(self, who: str) -> None:
        with self._lock:
            self._numbers[who] -= 1
            if not self._numbers[who]:
                del self._numbers[who]


WAITING = _Waiting()
NOBODY_SPECIAL = Attempt()


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
            voucher=derived,
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


def open_slot(
    slot: StaffSlot | None, secret: str, attempt: Attempt = NOBODY_SPECIAL
) -> Identity | None:
    """Open a slot; without one the same work is done for nothing, so that nobody can tell."""
    if slot is None:
        owner, slot_id, sealed, parameters = _nobody()
    else:
        owner, slot_id = slot.staff_id, slot.id
        sealed, parameters = slot.sealed, slot.parameters
    with _place(attempt):
        derived = derive_staff_identity(
            secret, parameters_from(parameters), first=attempt.known_device
        )
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
def _place(attempt: Attempt = NOBODY_SPECIAL) -> Iterator[None]:
    if attempt.known_device:
        with _held(KNOWN_PLACES):
            yield
        return
    with _held(PLACES):
        if not WAITING.enter(attempt.who):
            raise TooBusyError
        try:
            yield
        finally:
            WAITING.leave(attempt.who)


@contextmanager
def _held(places: threading.BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise TooBusyError
    try:
        yield
    finally:
        places.release()


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
