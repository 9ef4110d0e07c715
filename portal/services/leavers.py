"""Taking somebody out of every case they could read, and renewing the keys of those cases."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, CaseReader, Compartment, RecoveryHolder, Report, StaffMember, Wrap
from portal.services import case_keys, keys
from portal.services.custody import Actor, record_event
from portal.services.keys import OpenCompartment
from portal.services.records import whole_hour

RENEWED = (keys.STORY, keys.EVIDENCE)


def remove_everywhere(
    session: Session, *, member: StaffMember, actor: Actor, now: datetime
) -> list[str]:
    """Delete every wrap to a member of staff and open a new epoch in each of their cases.

    No reader's key is needed: the new key goes to exactly those who hold a wrap of the old one,
    so nobody gains by it, and whoever copied the old key reads nothing that is written later.

    Returns:
        The ids of the cases.
    """
    session.execute(
        delete(Wrap).where(
            Wrap.school_id == member.school_id,
            Wrap.holder_kind == keys.STAFF,
            Wrap.holder_id == member.id,
        )
    )
    case_ids = _close_places(session, member, now)
    for case_id in case_ids:
        renewed = _renew_case(session, session.get_one(Case, case_id))
        record_event(
            session,
            CustodyKind.CASE_READER_REMOVED,
            school_id=member.school_id,
            actor=actor,
            now=now,
            compartment=renewed.row,
            case_id=case_id,
            about=[case_id, member.id],
            particulars={"reason": "account"},
        )
    return case_ids


def _close_places(session: Session, member: StaffMember, now: datetime) -> list[str]:
    query = select(CaseReader).where(
        CaseReader.school_id == member.school_id,
        CaseReader.staff_id == member.id,
        CaseReader.until.is_(None),
    )
    places = list(session.scalars(query))
    for place in places:
        place.until = whole_hour(now)
    return list(dict.fromkeys(place.case_id for place in places))


def _renew_case(session: Session, case: Case) -> OpenCompartment:
    """Open a new epoch of a case and of its reports for whoever holds the present one."""
    old = keys.newest(keys.compartments_of_case(session, case.school_id, case.id), keys.CASE)
    fresh = keys.new_compartment(
        session, school_id=case.school_id, kind=keys.CASE, case_id=case.id, epoch=old.epoch + 1
    )
    for reader in _holders(session, old):
        keys.wrap(
            session,
            fresh,
            holder_kind=keys.STAFF,
            holder_id=reader.id,
            recipient=reader.recipient or "",
        )
    # An excluded holder is in no pair of the old key, so in none of the new one either.
    keys.wrap_to_pairs(session, fresh, _pair_members(session, old))
    query = select(Report.id).where(Report.school_id == case.school_id, Report.case_id == case.id)
    for report_id in session.scalars(query):
        compartments = keys.compartments_of_report(session, case.school_id, report_id)
        for kind in RENEWED:
            _renew_report(session, keys.newest(compartments, kind), fresh)
    return fresh


def _renew_report(session: Session, old: Compartment, case_key: OpenCompartment) -> None:
    fresh = keys.new_compartment(
        session,
        school_id=old.school_id,
        kind=old.kind,
        report_id=old.report_id,
        epoch=old.epoch + 1,
    )
    case_keys.attach_report(session, case_key=case_key, opened=[fresh])
    for code_id, recipient in case_keys.code_holders(session, old):
        keys.wrap(session, fresh, holder_kind=keys.CODE, holder_id=code_id, recipient=recipient)


def _holders(session: Session, compartment: Compartment) -> list[StaffMember]:
    """List the people with a wrap of a compartment and a key that is still theirs."""
    query = (
        select(StaffMember)
        .join(Wrap, (Wrap.holder_id == StaffMember.id) & (Wrap.school_id == StaffMember.school_id))
        .where(
            Wrap.compartment_id == compartment.id,
            Wrap.holder_kind == keys.STAFF,
            StaffMember.recipient.is_not(None),
            StaffMember.confirmed_at.is_not(None),
            StaffMember.disabled_at.is_(None),
        )
    )
    return list(session.scalars(query))


def _pair_members(session: Session, compartment: Compartment) -> list[RecoveryHolder]:
    query = select(Wrap.holder_id).where(
        Wrap.compartment_id == compartment.id, Wrap.holder_kind == keys.PAIR
    )
    ids = {holder for pair in session.scalars(query) for holder in pair.split("+")}
    holders = case_keys.recovery_holders(session, compartment.school_id)
    return [holder for holder in holders if holder.id in ids]
