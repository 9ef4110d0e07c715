"""The key of a case: who may read it, made at sending, added to and renewed by readers only.

New readers arise only in the session of a reader, of the reporter, or of two recovery holders.
The list of who is excluded is itself sealed in the case and binds whoever wraps later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.domain.custody_kinds import CustodyKind, ReaderChange
from portal.models import (
    Case,
    CaseReader,
    Report,
    StaffMember,
    Wrap,
    new_id,
)
from portal.services import custody, epochs, exclusions, keys, records, vouching
from portal.services.custody import Actor
from portal.services.errors import ForbiddenError, NotFoundError
from portal.services.keys import OpenCompartment

PARTS = {"handler": 0, "overseer": 1, "substitute": 2, "also": 3}
"""Who reads a case as what, the nearest to it first."""


@dataclass(frozen=True, slots=True)
class CaseKeys:
    """What a reader has open: the case's epochs, and its reports' compartments by report.

    Both lists run from the oldest epoch to the newest.
    """

    case: list[OpenCompartment]
    reports: dict[str, list[OpenCompartment]]
    changed: set[str] = field(default_factory=set)
    """Ids of what turned out, while it was read, to be changed by somebody without the key."""

    @property
    def current(self) -> OpenCompartment:
        """The compartment that notes are written to now."""
        return self.case[-1]

    def of_report(self, report_id: str, kind: str) -> list[OpenCompartment]:
        """Give the open compartments of one kind of a report."""
        return [item for item in self.reports.get(report_id, []) if item.row.kind == kind]

    def by_compartment(self) -> dict[str, Identity]:
        """Give every open identity by the id of its compartment."""
        opened = [*self.case, *(item for items in self.reports.values() for item in items)]
        return {item.row.id: item.identity for item in opened}


def create_key(
    session: Session,
    *,
    case: Case,
    readers: Sequence[tuple[StaffMember, str]],
    excluded: Iterable[str],
    actor: Actor,
    now: datetime,
) -> OpenCompartment:
    """Make the key of a new case and give it to its readers and to recovery.

    Args:
        readers: members of staff with their part (handler, overseer, substitute).
        excluded: ids of staff who must never receive a wrap.
    """
    shut_out = frozenset(excluded)
    opened = keys.new_compartment(
        session, school_id=case.school_id, kind=keys.CASE, case_id=case.id
    )
    for member, part in readers:
        _add_reader_row(session, case, member, part, now)
        _give(session, opened, member, shut_out)
    holders = vouching.recovery_holders(session, case.school_id)
    keys.wrap_to_pairs(session, opened, holders, excluded_staff=shut_out)
    exclusions.write(session, opened, shut_out, now=now)
    custody.record_event(
        session,
        CustodyKind.CASE_OPENED,
        school_id=case.school_id,
        actor=actor,
        now=now,
        compartment=opened.row,
        case_id=case.id,
        about=[case.id, *(member.id for member, _part in readers), vouching.mark(opened.row)],
        particulars={"readers": [f"{part}:{member.id}" for member, part in readers]},
    )
    return opened


def share(
    session: Session, *, case: Case, case_key: OpenCompartment, member: StaffMember, now: datetime
) -> None:
    """Give the key of a case that is being made to its writer as well."""
    _add_reader_row(session, case, member, "also", now)
    _give(session, case_key, member, frozenset())
    custody.record_event(
        session,
        CustodyKind.CASE_READER_ADDED,
        school_id=case.school_id,
        actor=Actor("staff", member.id, member.name),
        now=now,
        compartment=case_key.row,
        case_id=case.id,
        about=[case.id, member.id],
        particulars={"part": "also", "reader": member.name, "why": str(ReaderChange.WROTE_IT)},
    )


def attach_report(
    session: Session, *, case_key: OpenCompartment, opened: Iterable[OpenCompartment]
) -> None:
    """Seal the compartments of a report (story, evidence) to the key of its case."""
    for item in opened:
        keys.wrap(
            session,
            item,
            holder_kind=keys.CASE_KEY,
            holder_id=case_key.row.id,
            recipient=case_key.row.recipient,
        )


def open_case_keys(
    session: Session, *, school_id: str, staff_id: str, identity: Identity, case_id: str
) -> CaseKeys:
    """Open all that a member of staff holds of a case.

    Raises:
        NotFoundError: when there is no such case, or no wrap for this person: the same answer.
    """
    opened = _open_kind(session, keys.CASE, school_id, staff_id, identity, case_id)
    if not opened:
        raise NotFoundError(case_id)
    return CaseKeys(opened, _open_reports(session, school_id, case_id, opened))


def open_tracks(
    session: Session, *, school_id: str, staff_id: str, identity: Identity, case_id: str
) -> list[OpenCompartment]:
    """Open the track of the meldcode beside a case; empty for who was not named in it."""
    return _open_kind(session, keys.MELDCODE, school_id, staff_id, identity, case_id)


def _open_kind(
    session: Session, kind: str, school_id: str, staff_id: str, identity: Identity, case_id: str
) -> list[OpenCompartment]:
    opened = keys.open_for(
        session,
        school_id=school_id,
        holder_kind=keys.STAFF,
        holder_id=staff_id,
        identity=identity,
        case_id=case_id,
    )
    return [item for item in opened if item.row.kind == kind]


def _open_reports(
    session: Session, school_id: str, case_id: str, opened: Sequence[OpenCompartment]
) -> dict[str, list[OpenCompartment]]:
    query = select(Report.id).where(Report.school_id == school_id, Report.case_id == case_id)
    found: dict[str, list[OpenCompartment]] = {}
    for report_id in session.scalars(query):
        items = [
            item
            for case_key in opened
            for item in keys.open_for(
                session,
                school_id=school_id,
                holder_kind=keys.CASE_KEY,
                holder_id=case_key.row.id,
                identity=case_key.identity,
                report_id=report_id,
            )
        ]
        found[report_id] = sorted(items, key=lambda item: item.row.epoch)
    return found


def excluded_staff(session: Session, case_keys: CaseKeys) -> frozenset[str]:
    """Read who is excluded, from the sealed lists of every epoch."""
    return exclusions.read(session, case_keys.case)


def add_reader(
    session: Session,
    *,
    case: Case,
    case_keys: CaseKeys,
    member: StaffMember,
    part: str,
    actor: Actor,
    why: ReaderChange,
    now: datetime,
    about: Sequence[str] = (),
) -> None:
    """Wrap every epoch of a case to one more person, in the session of a reader.

    Raises:
        ForbiddenError: for someone excluded, or without a confirmed key.
    """
    shut_out = excluded_staff(session, case_keys)
    for opened in case_keys.case:
        if not keys.has_wrap(session, opened.row, member.id):
            _give(session, opened, member, shut_out)
    if not take_part(session, case, member.id, part):
        _add_reader_row(session, case, member, part, now)
    custody.record_event(
        session,
        CustodyKind.CASE_READER_ADDED,
        school_id=case.school_id,
        actor=actor,
        now=now,
        compartment=case_keys.current.row,
        case_id=case.id,
        about=[case.id, member.id, *about],
        particulars={"part": part, "reader": member.name, "why": str(why)},
    )


def remove_reader(
    session: Session,
    *,
    case: Case,
    case_keys: CaseKeys,
    staff_id: str,
    actor: Actor,
    why: ReaderChange,
    now: datetime,
) -> CaseKeys:
    """Take a reader's wraps away and open a new epoch for all that is written after."""
    shut_out = excluded_staff(session, case_keys)
    ids = [row.id for row in keys.compartments_of_case(session, case.school_id, case.id)]
    for report_id in case_keys.reports:  # the reporter's name was given to persons
        ids += [row.id for row in keys.compartments_of_report(session, case.school_id, report_id)]
    session.execute(
        delete(Wrap).where(
            Wrap.compartment_id.in_(ids),
            Wrap.holder_kind == keys.STAFF,
            Wrap.holder_id == staff_id,
        )
    )
    for row in readers_of(session, case, live_only=True):
        if row.staff_id == staff_id:
            row.until = records.whole_hour(now)
    renewed = epochs.renew(
        session, case=case, removed=staff_id, never=shut_out, actor=actor, why=why, now=now
    )
    reports = {
        report_id: [*items, *renewed.reports.get(report_id, [])]
        for report_id, items in case_keys.reports.items()
    }
    return CaseKeys([*case_keys.case, renewed.case], reports, case_keys.changed)


def readers_of(session: Session, case: Case, *, live_only: bool) -> list[CaseReader]:
    """List who reads a case; with ``live_only`` without those who no longer do."""
    query = select(CaseReader).where(
        CaseReader.school_id == case.school_id, CaseReader.case_id == case.id
    )
    if live_only:
        query = query.where(CaseReader.until.is_(None))
    return list(session.scalars(query))


def _give(
    session: Session, opened: OpenCompartment, member: StaffMember, shut_out: frozenset[str]
) -> None:
    usable = member.recipient and member.confirmed_at and member.disabled_at is None
    if member.id in shut_out or not usable or member.recipient is None:
        raise ForbiddenError(member.id)
    keys.wrap(
        session,
        opened,
        holder_kind=keys.STAFF,
        holder_id=member.id,
        recipient=member.recipient,
    )


def take_part(session: Session, case: Case, staff_id: str, part: str) -> bool:
    """Let somebody who reads a case do so as something else; False when they do not read it."""
    rows = [row for row in readers_of(session, case, live_only=True) if row.staff_id == staff_id]
    for row in rows:
        row.part = part
    return bool(rows)


def _add_reader_row(
    session: Session, case: Case, member: StaffMember, part: str, now: datetime
) -> None:
    session.add(
        CaseReader(
            id=new_id(),
            school_id=case.school_id,
            case_id=case.id,
            staff_id=member.id,
            part=part,
            since=records.whole_hour(now),
        )
    )


def facts_of(session: Session, case_keys: CaseKeys, kind: str) -> list[dict[str, Any]]:
    """Open all records of one kind in the case's own compartments, oldest first."""
    identities = {item.row.id: item.identity for item in case_keys.case}
    rows = records.records_of(session, list(identities), kinds=[kind])
    found = records.open_sound(rows, identities, case_keys.changed)
    in_order = sorted(found, key=lambda one: (str(one[1].get("at", "")), one[0].seq))
    return [body for _, body in in_order]
