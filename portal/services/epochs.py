"""New keys for everything that is written from now on in a case, without a key of the case.

The new key goes to exactly those who may read by the log, are listed as readers and hold a wrap of
the present key. A row put into the database brings nobody in, and nobody gains by a renewal.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind, ReaderChange
from portal.models import (
    Case,
    CaseReader,
    Compartment,
    RecoveryHolder,
    Report,
    StaffMember,
    Wrap,
)
from portal.services import custody, keys, vouching
from portal.services.custody import Actor
from portal.services.keys import OpenCompartment

RENEWED = (keys.STORY, keys.EVIDENCE)


@dataclass(frozen=True, slots=True)
class Renewed:
    """The new epoch of a case, and of each of its reports."""

    case: OpenCompartment
    reports: dict[str, list[OpenCompartment]]


def renew(
    session: Session,
    *,
    case: Case,
    removed: str,
    never: Collection[str] = (),
    actor: Actor,
    why: ReaderChange,
    now: datetime,
) -> Renewed:
    """Open a new epoch of a case and its reports because somebody reads no more, and log it.

    Args:
        removed: id of the member of staff who reads no more.
        never: ids of who is excluded, where the caller could read the list.
    """
    old = keys.newest(_vouched(session, case.school_id, case_id=case.id), keys.CASE)
    fresh = _next(session, case, old, without={removed, *never}, never=never)
    query = select(Report.id).where(Report.school_id == case.school_id, Report.case_id == case.id)
    reports, named = {}, [vouching.mark(fresh.row)]
    for report_id in session.scalars(query):
        made = _renew_report(session, case, report_id, fresh)
        binding = vouching.bind(session, made[keys.STORY], made[keys.EVIDENCE].row, now=now)
        reports[report_id] = list(made.values())
        named += [*(vouching.mark(item.row) for item in made.values()), binding.ciphertext_sha256]
    custody.record_event(
        session,
        CustodyKind.CASE_READER_REMOVED,
        school_id=case.school_id,
        actor=actor,
        now=now,
        compartment=fresh.row,
        case_id=case.id,
        about=[case.id, removed, *named],
        particulars={"why": str(why)},
    )
    renew_track(session, case=case, never=never, actor=actor, now=now)
    return Renewed(fresh, reports)


def _next(
    session: Session,
    case: Case,
    old: Compartment,
    *,
    without: Collection[str],
    never: Collection[str],
) -> OpenCompartment:
    """Open the epoch after an old one, for whoever reads the case now and is not left out."""
    fresh = keys.new_compartment(
        session, school_id=case.school_id, kind=old.kind, case_id=case.id, epoch=old.epoch + 1
    )
    for member in _readers(session, case, old, without):
        keys.wrap(
            session,
            fresh,
            holder_kind=keys.STAFF,
            holder_id=member.id,
            recipient=member.recipient or "",
        )
    # An excluded holder is in no pair of the old key, so in none of the new one either.
    keys.wrap_to_pairs(session, fresh, _pair_members(session, old), excluded_staff=never)
    return fresh


def renew_track(
    session: Session, *, case: Case, never: Collection[str] = (), actor: Actor, now: datetime
) -> None:
    """Open a new epoch of the track of the meldcode, if there is one, for who still reads it."""
    tracks = [
        row
        for row in _vouched(session, case.school_id, case_id=case.id)
        if row.kind == keys.MELDCODE
    ]
    if not tracks:
        return
    old = keys.newest(tracks, keys.MELDCODE)
    fresh = _next(session, case, old, without=never, never=never)
    custody.record_event(
        session,
        CustodyKind.TRACK_OPENED,
        school_id=case.school_id,
        actor=actor,
        now=now,
        compartment=fresh.row,
        case_id=case.id,
        about=[vouching.mark(fresh.row)],
    )


def _vouched(
    session: Session, school_id: str, *, report_id: str | None = None, case_id: str | None = None
) -> list[Compartment]:
    rows = (
        keys.compartments_of_case(session, school_id, case_id)
        if case_id is not None
        else keys.compartments_of_report(session, school_id, report_id or "")
    )
    return vouching.vouched(
        session, rows, school_id=school_id, report_id=report_id, case_id=case_id
    )


def _renew_report(
    session: Session, case: Case, report_id: str, case_key: OpenCompartment
) -> dict[str, OpenCompartment]:
    rows = _vouched(session, case.school_id, report_id=report_id)
    made = {}
    for kind in RENEWED:
        old = keys.newest(rows, kind)
        fresh = keys.new_compartment(
            session,
            school_id=case.school_id,
            kind=kind,
            report_id=report_id,
            epoch=old.epoch + 1,
        )
        keys.wrap(
            session,
            fresh,
            holder_kind=keys.CASE_KEY,
            holder_id=case_key.row.id,
            recipient=case_key.row.recipient,
        )
        codes = vouching.live_codes(session, old) if kind == keys.STORY else []
        for code in codes:
            keys.wrap(
                session, fresh, holder_kind=keys.CODE, holder_id=code.id, recipient=code.recipient
            )
        made[kind] = fresh
    return made


def _readers(
    session: Session, case: Case, compartment: Compartment, without: Collection[str]
) -> Sequence[StaffMember]:
    """List who may read by the log and the case's own list, with a wrap and a confirmed key."""
    logged = {staff_id for _, staff_id in vouching.readers_by_log(reading(session, case))}
    query = (
        select(StaffMember)
        .join(Wrap, (Wrap.holder_id == StaffMember.id) & (Wrap.school_id == StaffMember.school_id))
        .join(CaseReader, CaseReader.staff_id == StaffMember.id)
        .where(
            Wrap.compartment_id == compartment.id,
            Wrap.holder_kind == keys.STAFF,
            CaseReader.case_id == case.id,
            CaseReader.until.is_(None),
            StaffMember.id.in_(logged - set(without)),
            StaffMember.recipient.is_not(None),
            StaffMember.confirmed_at.is_not(None),
            StaffMember.disabled_at.is_(None),
        )
        .distinct()
    )
    return list(session.scalars(query))


def reading(session: Session, case: Case) -> list[tuple[str, list[str]]]:
    """Give the events by which somebody may read a case, or no more."""
    return vouching.events_of(session, case.school_id, vouching.READING, case_id=case.id)


def pair_members(session: Session, kind: str, beside: Compartment) -> list[RecoveryHolder]:
    """List who is in a pair of another key of the same report: nobody who is excluded is."""
    query = select(Compartment).where(
        Compartment.report_id == beside.report_id, Compartment.kind == kind
    )
    known = vouching.vouched(
        session,
        session.scalars(query),
        school_id=beside.school_id,
        report_id=beside.report_id,
    )
    return _pair_members(session, keys.newest(known, kind))


def _pair_members(session: Session, compartment: Compartment) -> list[RecoveryHolder]:
    query = select(Wrap.holder_id).where(
        Wrap.compartment_id == compartment.id, Wrap.holder_kind == keys.PAIR
    )
    ids = {holder for pair in session.scalars(query) for holder in pair.split("+")}
    holders = vouching.recovery_holders(session, compartment.school_id)
    return [holder for holder in holders if holder.id in ids]
