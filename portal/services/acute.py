"""Alarms: one address after the other is warned, without content, until a reader took notice.

Nothing is sent in a request. A report or message that cannot wait makes an alarm; the worker,
which holds no case key, warns the first address of the school's chain, waits, and goes on to the
next. An address that is one person's is warned only while that person may read the case.

However many reports cannot wait, an address is warned once in ``Settings.alarm_pause_minutes``: the
warning says how many wait, and stands for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.domain import reading_hours
from portal.domain.custody_kinds import CustodyKind
from portal.models import (
    AcuteAlarm,
    AcuteCall,
    Case,
    CaseReader,
    Compartment,
    DutyContact,
    School,
    StaffMember,
    Wrap,
    new_id,
)
from portal.services import case_records, custody, duty, keys, transaction
from portal.services.alarm_sending import Sender
from portal.services.staff import StaffActor

TRY_AGAIN = timedelta(minutes=1)
MOST_TRIES = 3
PLAIN = {"synchronize_session": False}
"""Rows may be gone by now, with a report that was taken back: what is loaded is not asked."""
AT_ONCE = 5
"""So many addresses in one round: a slow one must not cost the worker its lease."""
DECIDED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Due:
    """Warnings to one address that are due; one ring stands for all of them."""

    contact: DutyContact
    slug: str
    calls: tuple[AcuteCall, ...]

    @property
    def first(self) -> AcuteCall:
        """The one that gives its name to the ring, so that trying again keeps it."""
        return self.calls[0]


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An alarm that waits for somebody who may read its case."""

    case_id: str
    label: str
    raised_at: datetime
    warned: int


def raise_alarm(session: Session, *, case_id: str, now: datetime) -> None:
    """Begin to warn, where the school has a chain and no alarm of this case is under way."""
    # Locks the case, so that two messages at one moment make one alarm.
    session.execute(update(Case).where(Case.id == case_id).values(urgent=True))
    case = session.get_one(Case, case_id)
    school = session.get_one(School, case.school_id)
    if not school.acute_on or is_waiting(session, school_id=school.id, case_id=case.id):
        return
    session.add(
        AcuteAlarm(
            id=new_id(),
            school_id=school.id,
            case_id=case.id,
            raised_at=now,
            next_at=now,
        )
    )
    _log(session, CustodyKind.ALARM_RAISED, case, custody.SYSTEM, now)


def _open_alarms(school_id: str, case_id: str) -> Select[AcuteAlarm]:
    return select(AcuteAlarm).where(
        AcuteAlarm.school_id == school_id,
        AcuteAlarm.case_id == case_id,
        AcuteAlarm.acknowledged_at.is_(None),
    )


def is_waiting(session: Session, *, school_id: str, case_id: str) -> bool:
    """Whether an alarm of this case waits for somebody."""
    return session.scalar(_open_alarms(school_id, case_id).limit(1)) is not None


def acknowledge(session: Session, *, actor: StaffActor, case_id: str, now: datetime) -> bool:
    """Take notice of the alarms of a case; nobody else is warned. False when there were none.

    Raises:
        NotFoundError: for somebody who may not read the case.
    """
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    done = session.execute(
        update(AcuteAlarm)
        .where(AcuteAlarm.case_id == case.id, AcuteAlarm.acknowledged_at.is_(None))
        .values(acknowledged_at=now, acknowledged_by_id=actor.id, next_at=None)
    )
    if not done.rowcount:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
        return False
    _log(session, CustodyKind.ALARM_ACKNOWLEDGED, case, actor.custody, now)
    return True


def acknowledge_all(session: Session, *, actor: StaffActor, now: datetime) -> int:
    """Take notice of every alarm that waits for somebody. Returns of how many cases."""
    cases = {one.case_id for one in waiting(session, actor=actor)}
    for case_id in sorted(cases):
        acknowledge(session, actor=actor, case_id=case_id, now=now)
    return len(cases)


def waiting(session: Session, *, actor: StaffActor) -> list[AlarmView]:
    """List the alarms that wait and whose case somebody may read, the oldest first."""
    query = (
        select(AcuteAlarm, Case.label)
        .join(Case, Case.id == AcuteAlarm.case_id)
        .join(CaseReader, CaseReader.case_id == Case.id)
        .where(
            AcuteAlarm.school_id == actor.school_id,
            AcuteAlarm.acknowledged_at.is_(None),
            CaseReader.staff_id == actor.id,
            CaseReader.until.is_(None),
        )
        .order_by(AcuteAlarm.raised_at)
    )
    found = session.execute(query).all()
    calls = select(AcuteCall.alarm_id).where(
        AcuteCall.alarm_id.in_([alarm.id for alarm, _ in found]), AcuteCall.sent_at.is_not(None)
    )
    warned = list(session.scalars(calls)) if found else []
    return [
        AlarmView(alarm.case_id, label, alarm.raised_at, warned.count(alarm.id))
        for alarm, label in found
    ]


def work(session: Session, *, settings: Settings, now: datetime) -> None:
    """Go on with every alarm: decide whom to warn next, and send; each step in a commit."""
    pause = timedelta(minutes=settings.alarm_pause_minutes)
    with Sender(settings, now) as sender:
        for _ in range(duty.MOST_CONTACTS):
            advance(session, now=now)
            if not deliver(session, sender=sender, pause=pause, now=now):
                return


def advance(session: Session, *, now: datetime) -> None:
    """Decide whom each alarm that is due warns next."""
    due = (
        select(AcuteAlarm)
        .where(AcuteAlarm.acknowledged_at.is_(None), AcuteAlarm.next_at <= now)
        .order_by(AcuteAlarm.next_at)
        .limit(DECIDED_AT_ONCE)
    )
    for alarm in session.scalars(due).all():
        _go_on(session, alarm, now)
        transaction.commit(session)


def _go_on(session: Session, alarm: AcuteAlarm, now: datetime) -> None:
    school = session.get_one(School, alarm.school_id)
    contact = _next_contact(session, alarm) if school.acute_on else None
    later = _begins(school, now)
    following = later or (now + timedelta(minutes=school.acute_minutes) if contact else None)
    taken = session.execute(
        update(AcuteAlarm)
        .where(
            AcuteAlarm.id == alarm.id,
            AcuteAlarm.next_at == alarm.next_at,
            AcuteAlarm.acknowledged_at.is_(None),
        )
        .values(next_at=following),
        execution_options=PLAIN,
    )
    if not taken.rowcount or later or contact is None:  # type: ignore[attr-defined]  # as above
        return
    session.add(
        AcuteCall(
            id=new_id(),
            school_id=alarm.school_id,
            alarm_id=alarm.id,
            contact_id=contact.id,
            made_at=now,
            next_try_at=now,
        )
    )
    case = session.get_one(Case, alarm.case_id)
    _log(session, CustodyKind.ALARM_PASSED_ON, case, custody.SYSTEM, now, {"to": contact.name})


def _begins(school: School, now: datetime) -> datetime | None:
    """Give when the hours of the chain begin; None within them, and where it has none."""
    if not school.acute_hours:
        return None
    found = reading_hours.opening(
        reading_hours.parse(school.acute_hours), now, is_free=lambda _day: False
    )
    return None if found.is_open else found.opens_at


def _next_contact(session: Session, alarm: AcuteAlarm) -> DutyContact | None:
    warned = set(
        session.scalars(select(AcuteCall.contact_id).where(AcuteCall.alarm_id == alarm.id))
    )
    for contact in duty.contacts_of(session, alarm.school_id):
        if contact.id not in warned and _may_be_warned(session, contact, alarm.case_id):
            return contact
    return None


def _may_be_warned(session: Session, contact: DutyContact, case_id: str) -> bool:
    """Whether an address is nobody's in particular, or of somebody who may read the case."""
    if contact.staff_id is None:
        return True
    newest = _newest(case_id).with_only_columns(Compartment.id).scalar_subquery()
    held = (
        select(Wrap.id)
        .join(StaffMember, StaffMember.id == Wrap.holder_id)
        .where(
            Wrap.compartment_id == newest,
            Wrap.holder_kind == keys.STAFF,
            Wrap.holder_id == contact.staff_id,
            StaffMember.disabled_at.is_(None),
        )
    )
    return session.scalar(held.limit(1)) is not None


def _newest(case_id: str) -> Select[Compartment]:
    return (
        select(Compartment)
        .where(Compartment.case_id == case_id, Compartment.kind == keys.CASE)
        .order_by(Compartment.epoch.desc())
        .limit(1)
    )


def deliver(session: Session, *, sender: Sender, pause: timedelta, now: datetime) -> bool:
    """Send the warnings that are due. True when one failed at once, and the next must not wait."""
    failed = False
    for due in _due(session, now):
        if due.first.alarm_id is None:
            many, ready = 0, now
        else:
            many = _waiting_at(session, due.contact)
            last = _last_ring(session, due.contact)
            ready = last + pause if last is not None else now
        anew = [one for one in due.calls if one.attempts == 0 and one.alarm_id is not None]
        if not _put_off(session, due, max(ready, now), now) or ready > now:
            continue
        if sender.send(due.contact, slug=due.slug, key=due.first.id, waiting=many):
            _mark_sent(session, due, now)
        elif anew:
            _do_not_wait(session, [str(one.alarm_id) for one in anew], now)
            failed = True
        transaction.commit(session)
    return failed


def _due(session: Session, now: datetime) -> list[Due]:
    """Gather what is due by address; what rings on one telephone rings together."""
    query = (
        select(AcuteCall, DutyContact, School.slug)
        .join(DutyContact, DutyContact.id == AcuteCall.contact_id)
        .join(School, School.id == AcuteCall.school_id)
        .outerjoin(AcuteAlarm, AcuteAlarm.id == AcuteCall.alarm_id)
        .where(
            AcuteCall.sent_at.is_(None),
            AcuteCall.next_try_at <= now,
            DutyContact.removed_at.is_(None),
            or_(AcuteCall.alarm_id.is_(None), AcuteAlarm.acknowledged_at.is_(None)),
        )
        .order_by(AcuteCall.made_at, AcuteCall.id)
    )
    found: dict[tuple[str, ...], tuple[DutyContact, str, list[AcuteCall]]] = {}
    for call, contact, slug in session.execute(query):
        is_test = call.id if call.alarm_id is None else ""
        key = (contact.school_id, contact.kind, contact.address, is_test)
        found.setdefault(key, (contact, slug, []))[2].append(call)
    ordered = sorted(found.values(), key=lambda one: min(_next_try(call) for call in one[2]))
    return [Due(contact, slug, tuple(calls)) for contact, slug, calls in ordered[:AT_ONCE]]


def _next_try(call: AcuteCall) -> datetime:
    return call.next_try_at or call.made_at


def _to_same_address(contact: DutyContact) -> Select[DutyContact]:
    return select(DutyContact).where(
        DutyContact.school_id == contact.school_id,
        DutyContact.kind == contact.kind,
        DutyContact.address == contact.address,
    )


def _last_ring(session: Session, contact: DutyContact) -> datetime | None:
    """Say when a warning, not a test, last went to an address."""
    same = _to_same_address(contact).with_only_columns(DutyContact.id)
    query = select(func.max(AcuteCall.sent_at)).where(
        AcuteCall.contact_id.in_(same), AcuteCall.alarm_id.is_not(None)
    )
    return session.scalar(query)


def _waiting_at(session: Session, contact: DutyContact) -> int:
    """Count the alarms that wait and of which an address may know: those it is warned of."""
    same = _to_same_address(contact).with_only_columns(DutyContact.id)
    query = (
        select(func.count(AcuteAlarm.id.distinct()))
        .join(AcuteCall, AcuteCall.alarm_id == AcuteAlarm.id)
        .where(AcuteCall.contact_id.in_(same), AcuteAlarm.acknowledged_at.is_(None))
    )
    return session.scalar(query) or 0


def _put_off(session: Session, due: Due, ready: datetime, now: datetime) -> bool:
    """Say when warnings are tried next; False when another worker was first.

    Args:
        ready: when the address may be warned again; later than ``now``, nothing is tried now.
    """
    tries = AcuteCall.attempts + (0 if ready > now else 1)
    again = case((tries < MOST_TRIES, now + TRY_AGAIN), else_=None)
    done = session.execute(
        update(AcuteCall)
        .where(
            AcuteCall.id.in_([one.id for one in due.calls]),
            AcuteCall.sent_at.is_(None),
            AcuteCall.next_try_at <= now,
        )
        .values(attempts=tries, next_try_at=ready if ready > now else again),
        execution_options=PLAIN,
    )
    transaction.commit(session)
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def _mark_sent(session: Session, due: Due, now: datetime) -> None:
    gone = update(AcuteCall).where(AcuteCall.id.in_([one.id for one in due.calls]))
    session.execute(gone.values(sent_at=now, next_try_at=None), execution_options=PLAIN)


def _do_not_wait(session: Session, alarm_ids: Sequence[str], now: datetime) -> None:
    """Let the next address be warned at once: this one could not be reached."""
    waits = update(AcuteAlarm).where(
        AcuteAlarm.id.in_(alarm_ids),
        AcuteAlarm.acknowledged_at.is_(None),
        AcuteAlarm.next_at.is_not(None),
    )
    session.execute(waits.values(next_at=now), execution_options=PLAIN)


def _log(
    session: Session,
    kind: CustodyKind,
    case: Case,
    actor: custody.Actor,
    now: datetime,
    particulars: dict[str, str] | None = None,
) -> None:
    custody.record_event(
        session,
        kind,
        school_id=case.school_id,
        actor=actor,
        now=now,
        compartment=session.scalars(_newest(case.id)).one(),
        case_id=case.id,
        about=[case.id],
        particulars=particulars,
    )
