"""Founding a school: its protocol, its recovery holders, its first people; and opening it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import InvalidKeyError, Recipient
from portal.db import begin_write
from portal.domain.custody_kinds import CustodyKind
from portal.domain.readers import unready_routes
from portal.models import RecoveryHolder, School, StaffMember, new_id
from portal.protocols import known as protocol_keys
from portal.protocols import load
from portal.services import accounts, roster
from portal.services.custody import SYSTEM, Actor, record_event
from portal.services.errors import ConflictError, InvalidInputError
from portal.services.instance_keys import InstanceKeys
from portal.services.roster_files import RosterFiles

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
RESERVED = frozenset({"static", "healthz", "favicon", "robots", "help", "api", "admin"})
"""Words that stand first in other addresses."""
FEWEST_HOLDERS = 3


@dataclass(frozen=True, slots=True)
class Holder:
    """Who keeps a printed recovery key; ``staff_code`` when that is a member of staff."""

    name: str
    recipient: str
    staff_code: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody with a fresh activation code; it is shown once."""

    name: str
    login: str
    code: str = field(repr=False)


def found(
    session: Session,
    *,
    slug: str,
    name: str,
    protocol_key: str,
    place: str,
    files: RosterFiles,
    holders: Sequence[Holder],
    founder_code: str,
    keys: InstanceKeys,
    now: datetime,
) -> list[Invited]:
    """Found a school with its roster; everybody gets an activation code.

    Raises:
        InvalidInputError: field ``slug``, ``name``, ``protocol``, ``holder`` or ``founder``.
        ConflictError: a school of this slug exists; nothing is changed.
    """
    _check_school(session, slug, name, protocol_key)
    _check_holders(holders)
    codes = {line.code.casefold() for line in files.staff}
    if founder_code.casefold() not in codes:
        raise InvalidInputError("founder", "unknown")
    begin_write(session)
    school = School(
        id=new_id(), slug=slug, name=name.strip(), protocol_key=protocol_key, place=place.strip()
    )
    session.add(school)
    session.flush()
    roster.apply(
        session, roster.plan(session, school_id=school.id, files=files), actor=SYSTEM, now=now
    )
    people = _people(session, school.id)
    founder = people[founder_code.casefold()]
    founder.is_admin = True
    for holder in holders:
        keeper = people.get(holder.staff_code.casefold())
        session.add(
            RecoveryHolder(
                id=new_id(),
                school_id=school.id,
                name=keeper.name if keeper is not None else holder.name.strip(),
                recipient=holder.recipient.strip(),
                staff_id=keeper.id if keeper is not None else None,
            )
        )
    _log_founding(session, school, founder, holders, people, now)
    return [_invite(member, keys, now) for member in people.values()]


def open_school(session: Session, *, slug: str, actor: Actor, now: datetime) -> list[str]:
    """Open a school for reports when each route of its protocol ends in two ready readers.

    Returns:
        Why it cannot open yet, in words; empty when it is open now.

    Raises:
        InvalidInputError: there is no such school.
    """
    school = session.scalar(select(School).where(School.slug == slug))
    if school is None:
        raise InvalidInputError("school", "unknown")
    if school.opened_at is not None:
        return []
    reasons = reasons_closed(session, school_id=school.id)
    if not reasons:
        school.opened_at = now
        record_event(
            session,
            CustodyKind.SCHOOL_OPENED,
            school_id=school.id,
            actor=actor,
            now=now,
            particulars={"slug": slug},
        )
    return reasons


def reasons_closed(session: Session, *, school_id: str) -> list[str]:
    """Say why a school cannot open for reports yet, in words; empty when it can."""
    school = session.get_one(School, school_id)
    return unready_routes(load(school.protocol_key), roster.roster_of(session, school_id))


def _check_school(session: Session, slug: str, name: str, protocol_key: str) -> None:
    if not SLUG.fullmatch(slug) or slug in RESERVED:
        raise InvalidInputError("slug", "malformed")
    if not name.strip():
        raise InvalidInputError("name", "missing")
    if protocol_key not in protocol_keys():
        raise InvalidInputError("protocol", "unknown")
    if session.scalar(select(School.id).where(School.slug == slug)) is not None:
        raise ConflictError(slug)


def _check_holders(holders: Sequence[Holder]) -> None:
    """Two of three must be able to recover, also when one is excluded or gone."""
    if len(holders) < FEWEST_HOLDERS:
        raise InvalidInputError("holder", "too_few")
    for holder in holders:
        try:
            Recipient.parse(holder.recipient)
        except InvalidKeyError as error:
            raise InvalidInputError("holder", "recipient") from error
    if len({holder.recipient.strip() for holder in holders}) != len(holders):
        raise InvalidInputError("holder", "same_key")


def _people(session: Session, school_id: str) -> dict[str, StaffMember]:
    query = select(StaffMember).where(StaffMember.school_id == school_id).order_by(StaffMember.code)
    return {member.code.casefold(): member for member in session.scalars(query)}


def _invite(member: StaffMember, keys: InstanceKeys, now: datetime) -> Invited:
    code = accounts.new_activation_code(member, keys=keys, now=now)
    return Invited(member.name, member.login, code)


def _log_founding(
    session: Session,
    school: School,
    founder: StaffMember,
    holders: Sequence[Holder],
    people: Mapping[str, StaffMember],
    now: datetime,
) -> None:
    keepers = [(item, people.get(item.staff_code.casefold())) for item in holders]
    record_event(
        session,
        CustodyKind.SCHOOL_FOUNDED,
        school_id=school.id,
        actor=SYSTEM,
        now=now,
        about=[founder.id],
        particulars={
            "slug": school.slug,
            "protocol": school.protocol_key,
            "founder": founder.id,
            "holders": [
                {
                    "name": item.name,
                    "recipient": item.recipient.strip(),
                    "staff": keeper.id if keeper is not None else "",
                }
                for item, keeper in keepers
            ],
        },
    )
