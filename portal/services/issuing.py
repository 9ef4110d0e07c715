"""Giving a code to come back with, writing that down, and putting a new one in its place."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.models import Report, ReporterCode
from portal.services import codes, custody, keys, vouching
from portal.services.instance_keys import InstanceKeys
from portal.services.keys import OpenCompartment


def give(
    session: Session,
    *,
    school_id: str,
    report_id: str,
    opened: Iterable[OpenCompartment],
    instance: InstanceKeys,
) -> tuple[str, ReporterCode]:
    """Make a code that opens these compartments. Returns it, and its row."""
    code = codes.mint()
    row, _identity = codes.issue(school_id=school_id, report_id=report_id, code=code, keys=instance)
    session.add(row)
    for item in opened:
        keys.wrap(session, item, holder_kind=keys.CODE, holder_id=row.id, recipient=row.recipient)
    return code, row


def note(
    session: Session,
    row: ReporterCode,
    story: OpenCompartment,
    *,
    case_id: str | None,
    actor: custody.Actor,
    now: datetime,
    more: Iterable[str] = (),
) -> None:
    """Write down that there is a code to come back with.

    Args:
        more: marks of keys that begin with it.
    """
    custody.record_event(
        session,
        CustodyKind.CODE_ISSUED,
        school_id=row.school_id,
        actor=actor,
        now=now,
        compartment=story.row,
        case_id=case_id,
        report_id=row.report_id,
        about=[row.report_id, vouching.code_mark(row), *more],
    )


def only_code(session: Session, report: Report, story: OpenCompartment) -> ReporterCode | None:
    """Find the one live code of a report; None when there is none, or more than one."""
    live = vouching.live_codes(session, story.row)
    return live[0] if len(live) == 1 and live[0].report_id == report.id else None
