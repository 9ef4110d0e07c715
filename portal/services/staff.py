"""Members of staff: who acts, and how they log in.

What makes somebody able to read is the age identity in the live session; the account's row
only says whose it is, and whether it is still wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import AgeError, EvidenceStoreError, Identity
from portal.domain.permissions import Action, powers_of
from portal.models import StaffMember, StaffRole
from portal.services import passphrases, printed_codes, sessions, slots, totp, transaction
from portal.services.custody import Actor
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession
from portal.services.slots import Attempt

LONGEST_LOGIN = 255


class WrongCodeError(InvalidInputError):
    """The passphrase is right, the one-time code is not; the page says the same as always."""


@dataclass(frozen=True, slots=True)
class StaffActor:
    """Who acts in a request, with the key that opens what is theirs."""

    id: str
    school_id: str
    name: str
    code: str
    role_keys: frozenset[str]
    powers: frozenset[Action]
    identity: Identity = field(repr=False)
    shortcuts: bool = True
    """Whether this person wants the keys of the desk."""

    @property
    def recipient(self) -> str:
        """The public half of the key in this session, whatever the database says."""
        return str(self.identity.recipient)

    @property
    def custody(self) -> Actor:
        """This person in the custody log."""
        return Actor("staff", self.id, self.name)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A log-in that holds: what the new live session must carry.

    ``recovery_code`` is set when the old one was used and a new one must be printed.
    """

    staff_id: str
    data: dict[str, Any] = field(repr=False)
    recovery_code: str = field(default="", repr=False)


def actor_of(session: Session, live: SealedSession) -> StaffActor | None:
    """Give who acts in a live session; None when the account ended or has another key by now."""
    if live.row.kind != sessions.STAFF:
        return None
    member = session.get(StaffMember, str(live.data.get("staff", "")))
    if member is None or member.school_id != live.row.school_id or not is_active(member):
        return None
    try:
        identity = Identity.parse(str(live.data.get("identity", "")))
    except EvidenceStoreError:
        return None
    if str(identity.recipient) != member.recipient:
        return None
    return actor_from(session, member, identity)


def actor_from(session: Session, member: StaffMember, identity: Identity) -> StaffActor:
    """Make the actor of an account whose key is at hand."""
    return StaffActor(
        id=member.id,
        school_id=member.school_id,
        name=member.name,
        code=member.code,
        role_keys=role_keys_of(session, member),
        powers=powers_of(
            activated=True,
            confirmed=member.confirmed_at is not None,
            is_admin=member.is_admin,
        ),
        identity=identity,
        shortcuts=member.shortcuts,
    )


def stay_logged_in(session: Session, live: SealedSession, *, now: datetime) -> None:
    """Note that somebody is still at work, at most once a minute and in a commit of its own.

    Without it a quarter of an hour of reading would end the session; reading changes nothing else.
    """
    if live.row.kind == sessions.STAFF and now - live.row.touched_at > sessions.TOUCH_EVERY:
        sessions.touch(live, now)
        transaction.commit(session)


def set_shortcuts(session: Session, *, actor: StaffActor, on: bool) -> None:
    """Switch the keys of the desk on or off for oneself."""
    session.get_one(StaffMember, actor.id).shortcuts = on


def is_active(member: StaffMember) -> bool:
    """Whether an account has a key and was not ended."""
    return (
        member.disabled_at is None
        and member.activated_at is not None
        and member.recipient is not None
    )


def role_keys_of(session: Session, member: StaffMember) -> frozenset[str]:
    """List the roles that somebody holds, for whichever class or year."""
    query = select(StaffRole.role_key).where(
        StaffRole.school_id == member.school_id, StaffRole.staff_id == member.id
    )
    return frozenset(session.scalars(query))


def find(session: Session, *, school_id: str, staff_id: str) -> StaffMember:
    """Find one member of staff of this school.

    Raises:
        NotFoundError: there is no such person at this school.
    """
    member = session.get(StaffMember, staff_id.replace("\0", ""))
    if member is None or member.school_id != school_id:
        raise NotFoundError(staff_id)
    return member


def log_in(
    session: Session,
    *,
    school: SchoolView,
    login: str,
    passphrase: str,
    code: str,
    now: datetime,
    attempt: Attempt = slots.NOBODY_SPECIAL,
) -> LoggedIn:
    """Log in with passphrase and one-time code.

    An unknown or ended account costs the same derivation, and every refusal reads the same.

    Raises:
        InvalidInputError: field ``login``, problem ``mismatch``; a `WrongCodeError` where the
            passphrase is right and the one-time code is not.
    """
    member = _by_login(session, school, login)
    slot = slots.find(session, member, slots.PASSPHRASE) if member is not None else None
    _give_connection_back(session)
    identity = slots.open_slot(slot, passphrases.prepare(passphrase), attempt)
    if member is None or identity is None:
        raise _mismatch()
    _spend_code(session, member, identity, code, now)
    return _logged_in(member, identity)


def log_in_with_recovery(
    session: Session,
    *,
    school: SchoolView,
    login: str,
    recovery_code: str,
    code: str,
    new_passphrase: str,
    now: datetime,
    attempt: Attempt = slots.NOBODY_SPECIAL,
) -> LoggedIn:
    """Log in with the printed recovery code and a one-time code, and choose a new passphrase.

    The recovery code is used up: the answer holds a new one. All other sessions end.

    Raises:
        InvalidInputError: field ``passphrase`` when the new one may not be used, field
            ``recovery`` when the code holds a typing mistake, field ``login`` otherwise.
    """
    member = _by_login(session, school, login)
    known = [school.name, school.place, login]
    phrase = passphrases.check(new_passphrase, known=known)
    printed = printed_codes.normalise(recovery_code, printed_codes.RECOVERY_LENGTH)
    if printed is None:
        raise InvalidInputError("recovery", "malformed")
    slot = slots.find(session, member, slots.RECOVERY) if member is not None else None
    _give_connection_back(session)
    identity = slots.open_slot(slot, printed, attempt)
    if member is None or identity is None:
        raise _mismatch()
    # Only now: an answer about the person's name would tell a stranger whose account it is.
    passphrases.check(new_passphrase, known=[*known, member.name])
    _spend_code(session, member, identity, code, now)
    fresh = printed_codes.mint(printed_codes.RECOVERY_LENGTH)
    made = [
        slots.make(member, identity, kind=slots.PASSPHRASE, secret=phrase),
        slots.make(member, identity, kind=slots.RECOVERY, secret=fresh),
    ]
    for slot_row in made:
        slots.replace(session, member, slot_row)
    session.flush()
    sessions.end_all_of_staff(session, school_id=member.school_id, staff_id=member.id)
    return _logged_in(member, identity, fresh)


def _by_login(session: Session, school: SchoolView, login: str) -> StaffMember | None:
    # PostgreSQL refuses a NUL in a text; nobody is called so.
    name = login.replace("\0", "").strip().lower()[:LONGEST_LOGIN]
    member = session.scalar(
        select(StaffMember).where(StaffMember.school_id == school.id, StaffMember.login == name)
    )
    return member if member is not None and is_active(member) else None


def _give_connection_back(session: Session) -> None:
    """Hold no database connection while waiting in the queue of derivations: others need it."""
    transaction.commit(session)


def _spend_code(
    session: Session, member: StaffMember, identity: Identity, code: str, now: datetime
) -> None:
    """Check the one-time code after the slot opened, and see to it that it works once."""
    if str(identity.recipient) != member.recipient:
        raise _mismatch()
    try:
        secret = totp.unseal(member, identity)
    except AgeError as error:
        raise _mismatch() from error
    step = totp.fitting_step(secret, code, now)
    if step is None or not totp.use_up(session, member, step):
        raise WrongCodeError("login", "mismatch")


def _logged_in(member: StaffMember, identity: Identity, recovery_code: str = "") -> LoggedIn:
    data = {"staff": member.id, "identity": str(identity)}
    return LoggedIn(member.id, data, recovery_code)


def _mismatch() -> InvalidInputError:
    return InvalidInputError("login", "mismatch")
