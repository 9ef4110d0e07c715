"""The reporter's code: 16 Crockford base32 characters, the last a check, shown as 4 × 4.

75 random bits. It is kept nowhere: the database has 32 bits of an HMAC to find few rows, and
Argon2id with a salt per report yields the age identity that opens the reporter's wraps.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.db import begin_write
from portal.models import ReporterCode, new_id
from portal.services import derivation, printed_codes
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.instance_keys import InstanceKeys

ALPHABET = printed_codes.ALPHABET
LENGTH = 16


class ReplacedError(NotFoundError):
    """A new code was taken in place of this one; all it tells is when that was."""

    def __init__(self, row: ReporterCode) -> None:
        super().__init__("code")
        self.row = row


def mint() -> str:
    """Make a code of 15 random characters and a check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + _check(body)


def display(code: str) -> list[str]:
    """Cut a code into the groups that are shown."""
    return printed_codes.groups(code)


def normalise(text: str) -> str:
    """Read a typed code: case, spaces and dashes do not matter, O is 0, I and L are 1.

    Raises:
        InvalidInputError: ``empty``, ``length``, ``characters`` or ``check``.
    """
    code = printed_codes.clean(text)
    if not code:
        raise InvalidInputError("code", "empty")
    if any(character not in ALPHABET for character in code):
        raise InvalidInputError("code", "characters")
    if len(code) != LENGTH:
        raise InvalidInputError("code", "length")
    if _check(code[:-1]) != code[-1]:
        raise InvalidInputError("code", "check")
    return code


def _check(body: str) -> str:
    """Luhn's check over 32 values: finds every wrong character and nearly every swap."""
    total = 0
    for position, character in enumerate(reversed(body)):
        value = ALPHABET.index(character)
        if position % 2 == 0:
            value = sum(divmod(2 * value, len(ALPHABET)))
        total += value
    return ALPHABET[-total % len(ALPHABET)]


def issue(
    *, school_id: str, report_id: str, code: str, keys: InstanceKeys
) -> tuple[ReporterCode, Identity]:
    """Prepare the look-up row of a code and the identity it yields (about 7 ms, no database)."""
    parameters = derivation.parameters_for_code()
    identity = derivation.derive_identity(code, parameters)
    row = ReporterCode(
        id=new_id(),
        school_id=school_id,
        report_id=report_id,
        lookup=keys.code_lookup(code),
        parameters=parameters.to_json(),
        recipient=str(identity.recipient),
    )
    return row, identity


def find(
    session: Session, *, school_id: str, code: str, keys: InstanceKeys
) -> tuple[ReporterCode, Identity]:
    """Find the report of a code. A code that finds nothing costs as much as one that does.

    Raises:
        ReplacedError: for a code in whose place a new one was taken; it opens nothing any more.
        NotFoundError: for a code that opens nothing here.
    """
    query = select(ReporterCode).where(
        ReporterCode.school_id == school_id,
        ReporterCode.lookup == keys.code_lookup(code),
    )
    rows = list(session.scalars(query))
    for row in rows:
        identity = derivation.derive_identity(code, derivation.parameters_from(row.parameters))
        if str(identity.recipient) == row.recipient:
            if row.retired_at is not None:
                raise ReplacedError(row)
            return row, identity
    if not rows:
        derivation.derive_identity(code, derivation.parameters_for_code())
    raise NotFoundError("code")


def hold(session: Session, row: ReporterCode) -> None:
    """Keep a code that was found from ending until this transaction does.

    A new code ends what was opened with the old one; a session that begins in that very moment
    must not come after it.

    Raises:
        NotFoundError: it ended since it was found.
    """
    begin_write(session)
    shared = {"read": True}
    found = session.get(ReporterCode, row.id, with_for_update=shared, populate_existing=True)
    if found is None or found.retired_at is not None:
        raise NotFoundError("code")


def retire(row: ReporterCode, now: datetime) -> None:
    """End a code; a new one takes its place."""
    row.retired_at = now
