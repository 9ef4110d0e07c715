"""The reporter's name follows a case only where the reporter said so.

Names go to persons, not to roles: a new handler gets one only when the reporter chose this role
or "those who handle it", and only in the session of somebody who has it. Whom the reporter does
not see as a reader was not meant: while staff withhold who reads a case, no name goes along.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, StaffMember
from portal.services import custody, keys, records, traces
from portal.services.case_keys import CaseKeys
from portal.services.keys import OpenCompartment
from portal.services.staff import StaffActor

Names = list[tuple[OpenCompartment, dict[str, Any]]]


def names_of(session: Session, *, actor: StaffActor, report_ids: Iterable[str]) -> Names:
    """Open the names that this member of staff was given, each with what the reporter chose."""
    found: Names = []
    for report_id in report_ids:
        opened = keys.open_for(
            session,
            school_id=actor.school_id,
            holder_kind=keys.STAFF,
            holder_id=actor.id,
            identity=actor.identity,
            report_id=report_id,
        )
        for item in opened:
            if item.row.kind == keys.IDENTITY:
                rows = records.records_of(session, [item.row.id], kinds=["identity"])
                sound = records.open_sound(rows, {item.row.id: item.identity}, set())
                found += [(item, body) for _row, body in sound[-1:]]
    return found


def pass_on(
    session: Session,
    names: Names,
    *,
    actor: StaffActor,
    case: Case,
    case_keys: CaseKeys,
    member: StaffMember,
    role_key: str,
    now: datetime,
) -> None:
    """Give the names to a new handler, as far as the reporters' choices reach."""
    if traces.withheld_from_now_on(session, case_keys):
        return  # the reporter does not get to see that this person has it
    for item, chosen in names:
        wanted = chosen.get("who") == "handlers" or (
            chosen.get("who") == "role" and chosen.get("role") == role_key
        )
        if not wanted or member.recipient is None or keys.has_wrap(session, item.row, member.id):
            continue
        keys.wrap(
            session,
            item,
            holder_kind=keys.STAFF,
            holder_id=member.id,
            recipient=member.recipient,
        )
        custody.record_event(
            session,
            CustodyKind.IDENTITY_SHARED,
            school_id=case.school_id,
            actor=actor.custody,
            now=now,
            compartment=case_keys.current.row,
            case_id=case.id,
            report_id=item.row.report_id,
            about=[str(item.row.report_id)],
            particulars={"staff": [member.id]},
        )
