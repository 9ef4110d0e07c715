"""What a school sets about time: when it reads, and whom to warn when a report cannot wait."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import begin_write
from portal.domain import reading_hours
from portal.domain.custody_kinds import CustodyKind
from portal.domain.reading_hours import HoursError
from portal.models import AcuteCall, DutyContact, School, StaffMember, new_id
from portal.services import calendars
from portal.services.custody import Actor, record_event
from portal.services.errors import InvalidInputError, NotFoundError

MAIL, WEBHOOK = "mail", "webhook"
KINDS = (MAIL, WEBHOOK)
MINUTES = range(1, 121)
LONGEST_NAME, LONGEST_ADDRESS, LONGEST_TEXT = 80, 300, 2000
MOST_CONTACTS = 12
WAITING, SENT, FAILED = "waiting", "sent", "failed"
_LOCAL, _LABEL = r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}", r"[A-Za-z0-9-]{1,63}"
_MAIL_ADDRESS = re.compile(rf"{_LOCAL}@{_LABEL}(\.{_LABEL})+")


@dataclass(frozen=True, slots=True)
class Times:
    """When the school reads, as its administrator wrote it."""

    hours: str
    holidays: str


@dataclass(frozen=True, slots=True)
class ContactView:
    """One address of the chain, and how its last test went."""

    id: str
    name: str
    kind: str
    address: str
    staff: str
    test: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Whom to warn, in order, how long each gets, and in which hours; empty is day and night."""

    on: bool
    minutes: int
    hours: str
    contacts: list[ContactView]


def times(session: Session, *, school_id: str) -> Times:
    """Give what is set now."""
    school = session.get_one(School, school_id)
    return Times(school.reading_hours or reading_hours.SCHOOL_HOURS, school.holidays)


def set_times(
    session: Session, *, actor: Actor, school_id: str, wanted: Times, now: datetime
) -> None:
    """Set reading hours and holidays.

    Raises:
        InvalidInputError: field ``hours`` or ``holidays``; the problem is the line that cannot be
            understood, or ``too_long``.
    """
    hours = _checked_hours("hours", wanted.hours)
    holidays = _checked_holidays(wanted.holidays)
    begin_write(session)
    school = session.get_one(School, school_id)
    changed = [
        name
        for name, value in (("reading_hours", hours), ("holidays", holidays))
        if getattr(school, name) != value
    ]
    school.reading_hours, school.holidays = hours, holidays
    _log(session, actor, school_id, changed, now)


def chain(session: Session, *, school_id: str) -> Chain:
    """Give the chain that is set now."""
    school = session.get_one(School, school_id)
    names: dict[str, str] = {}
    contacts = contacts_of(session, school_id)
    if any(one.staff_id for one in contacts):
        found = session.execute(
            select(StaffMember.id, StaffMember.name).where(StaffMember.school_id == school_id)
        )
        names = {row.id: row.name for row in found}
    return Chain(
        on=school.acute_on,
        minutes=school.acute_minutes,
        hours=school.acute_hours,
        contacts=[
            ContactView(
                one.id,
                one.name,
                one.kind,
                one.address,
                names.get(one.staff_id or "", ""),
                _last_test(session, one),
            )
            for one in contacts
        ],
    )


def contacts_of(session: Session, school_id: str) -> list[DutyContact]:
    """List the addresses in the order in which they are warned."""
    query = select(DutyContact).where(
        DutyContact.school_id == school_id, DutyContact.removed_at.is_(None)
    )
    return sorted(session.scalars(query), key=lambda one: (one.place, one.id))


def _last_test(session: Session, contact: DutyContact) -> str:
    query = select(AcuteCall).where(
        AcuteCall.contact_id == contact.id, AcuteCall.alarm_id.is_(None)
    )
    last = session.scalar(query.order_by(AcuteCall.made_at.desc()).limit(1))
    if last is None:
        return ""
    if last.sent_at is not None:
        return SENT
    return WAITING if last.next_try_at is not None else FAILED


def set_chain(
    session: Session,
    *,
    actor: Actor,
    school_id: str,
    on: bool,
    minutes: int,
    hours: str,
    now: datetime,
) -> None:
    """Switch the chain on or off, and set how long each gets and in which hours.

    Raises:
        InvalidInputError: field ``minutes``, ``hours``, or ``on`` where there is nobody to warn.
    """
    if minutes not in MINUTES:
        raise InvalidInputError("minutes", "out_of_range")
    written = _checked_hours("acute_hours", hours)
    begin_write(session)
    if on and not contacts_of(session, school_id):
        raise InvalidInputError("on", "nobody")
    school = session.get_one(School, school_id)
    school.acute_on, school.acute_minutes, school.acute_hours = on, minutes, written
    _log(session, actor, school_id, ["acute"], now)


def add_contact(
    session: Session,
    *,
    actor: Actor,
    school_id: str,
    name: str,
    kind: str,
    address: str,
    staff_id: str,
    now: datetime,
) -> None:
    """Put an address at the end of the chain.

    Args:
        staff_id: whose telephone it is, if it is one person's; "" for nobody's.

    Raises:
        InvalidInputError: field ``name``, ``kind``, ``address`` or ``staff_id``.
    """
    name, address = " ".join(name.split()), address.strip()
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInputError("name", "empty" if not name else "too_long")
    if kind not in KINDS:
        raise InvalidInputError("kind", "unknown")
    if not (is_mail(address) if kind == MAIL else is_webhook(address)):
        raise InvalidInputError("address", kind)
    begin_write(session)
    member = session.get(StaffMember, staff_id) if staff_id else None
    if staff_id and (member is None or member.school_id != school_id or member.disabled_at):
        raise InvalidInputError("staff_id", "unknown")
    known = contacts_of(session, school_id)
    if len(known) >= MOST_CONTACTS:
        raise InvalidInputError("name", "too_many")
    place = known[-1].place + 1 if known else 0
    session.add(
        DutyContact(
            id=new_id(),
            school_id=school_id,
            place=place,
            name=name,
            kind=kind,
            address=address,
            staff_id=staff_id or None,
        )
    )
    _log(session, actor, school_id, ["acute"], now)


def remove_contact(
    session: Session, *, actor: Actor, school_id: str, contact_id: str, now: datetime
) -> None:
    """Take an address out of the chain; what it was sent stays written down.

    The last one takes the chain itself off, so that no school believes that it has one.
    """
    begin_write(session)
    _contact(session, school_id, contact_id).removed_at = now
    session.flush()
    if not contacts_of(session, school_id):
        session.get_one(School, school_id).acute_on = False
    _log(session, actor, school_id, ["acute"], now)


def put_first(
    session: Session, *, actor: Actor, school_id: str, contact_id: str, now: datetime
) -> None:
    """Let an address be warned before all others."""
    begin_write(session)
    known = contacts_of(session, school_id)
    chosen = _contact(session, school_id, contact_id)
    for place, one in enumerate([chosen, *(one for one in known if one is not chosen)]):
        one.place = place
    _log(session, actor, school_id, ["acute"], now)


def test_contact(session: Session, *, school_id: str, contact_id: str, now: datetime) -> None:
    """Let the worker send a test that says it is one; while one waits, no second."""
    begin_write(session)
    contact = _contact(session, school_id, contact_id)
    if _last_test(session, contact) != WAITING:
        session.add(
            AcuteCall(
                id=new_id(),
                school_id=school_id,
                alarm_id=None,
                contact_id=contact.id,
                made_at=now,
                next_try_at=now,
            )
        )


def is_mail(address: str) -> bool:
    """Whether mail can go there, and to nobody else: "=?" begins what a header would decode."""
    fits = len(address) <= LONGEST_ADDRESS and "=?" not in address
    return fits and _MAIL_ADDRESS.fullmatch(address) is not None


def is_webhook(address: str) -> bool:
    """Whether it is an address of https, or of this machine; without anything secret in it."""
    if len(address) > LONGEST_ADDRESS or not address.isascii() or any(map(str.isspace, address)):
        return False
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.query or parts.fragment or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _contact(session: Session, school_id: str, contact_id: str) -> DutyContact:
    found = session.get(DutyContact, contact_id)
    if found is None or found.school_id != school_id or found.removed_at is not None:
        raise NotFoundError(contact_id)
    return found


def _checked_hours(field: str, text: str) -> str:
    written = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    if len(written) > LONGEST_TEXT:
        raise InvalidInputError(field, "too_long")
    try:
        reading_hours.parse(written)
    except HoursError as error:
        raise InvalidInputError(field, str(error)) from error
    return written


def _checked_holidays(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if sum(map(len, lines)) > LONGEST_TEXT:
        raise InvalidInputError("holidays", "too_long")
    for line in lines:
        try:
            holiday = calendars.holiday(line)
        except ValueError as error:
            raise InvalidInputError("holidays", line) from error
        if holiday.last < holiday.first:
            raise InvalidInputError("holidays", line)
    return "\n".join(lines)


def _log(session: Session, actor: Actor, school_id: str, changed: list[str], now: datetime) -> None:
    if changed:
        record_event(
            session,
            CustodyKind.SCHOOL_CHANGED,
            school_id=school_id,
            actor=actor,
            now=now,
            particulars={"changed": changed},
        )
