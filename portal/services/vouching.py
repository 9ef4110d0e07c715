"""Who vouches for a key: the custody log for compartments, readers and recovery holders.

A compartment and a wrap of it are rows that anybody with the database can add, sealed to whoever
shall use them. So a compartment counts only when an event of the log names it with its public
half; and a reporter, who never holds the key of the evidence, finds in the own story which it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from evidence_store import canonical_json
from portal.domain.custody_kinds import CustodyKind
from portal.models import (
    Compartment,
    CustodyEvent,
    Record,
    RecoveryHolder,
    Report,
    ReporterCode,
    Wrap,
)
from portal.models.base import ID_LENGTH
from portal.services import records
from portal.services.errors import RecordMismatchError
from portal.services.records import OpenCompartment

BINDING = "binding"
MARKING = (
    str(CustodyKind.CASE_OPENED),
    str(CustodyKind.TRACK_OPENED),
    str(CustodyKind.REPORT_RECEIVED),
    str(CustodyKind.CASE_READER_REMOVED),
    str(CustodyKind.REPORT_KEPT),
    str(CustodyKind.CODE_ISSUED),
    str(CustodyKind.IDENTITY_CHANGED),
)
"""The kinds of event with which compartments begin."""
READING = (
    str(CustodyKind.CASE_OPENED),
    str(CustodyKind.CASE_READER_ADDED),
    str(CustodyKind.CASE_READER_REMOVED),
)
"""The kinds of event by which somebody may read a case, or no more."""


def mark(row: Compartment) -> str:
    """Give the hash by which the log names a compartment with its public half."""
    named = {
        "compartment": row.id,
        "epoch": row.epoch,
        "kind": row.kind,
        "owner": records.owner_of(row),
        "recipient": row.recipient,
    }
    return hashlib.sha256(b"compartment/v1:" + canonical_json(named)).hexdigest()


def code_mark(row: ReporterCode) -> str:
    """Give the hash by which the log names a reporter's code with its public half."""
    named = {"code": row.id, "recipient": row.recipient, "report": row.report_id}
    return hashlib.sha256(b"code/v1:" + canonical_json(named)).hexdigest()


def live_codes(session: Session, compartment: Compartment) -> list[ReporterCode]:
    """List the live codes with a wrap of a story, as far as the log names them."""
    issued = [str(CustodyKind.CODE_ISSUED)]
    events = events_of(session, compartment.school_id, issued, report_id=compartment.report_id)
    known = {item for _, about in events for item in about}
    query = (
        select(ReporterCode)
        .join(Wrap, Wrap.holder_id == ReporterCode.id)
        .where(
            Wrap.compartment_id == compartment.id,
            ReporterCode.report_id == compartment.report_id,
            ReporterCode.retired_at.is_(None),
        )
    )
    return [row for row in session.scalars(query) if code_mark(row) in known]


def events_of(
    session: Session,
    school_id: str,
    kinds: Collection[str],
    *,
    report_id: str | None = None,
    case_id: str | None = None,
) -> list[tuple[str, list[str]]]:
    """Give kind and ``about`` of the events of a report or case, in the order of the log."""
    of_report = select(Report.case_id).where(Report.id == report_id).scalar_subquery()
    owner = (
        CustodyEvent.case_id == case_id
        if report_id is None
        else or_(CustodyEvent.report_id == report_id, CustodyEvent.case_id == of_report)
    )
    query = (
        select(CustodyEvent.kind, CustodyEvent.public)
        .where(CustodyEvent.school_id == school_id, CustodyEvent.kind.in_(kinds), owner)
        .order_by(CustodyEvent.position)
    )
    return [(kind, about_of(public_of(text))) for kind, text in session.execute(query)]


def vouched(
    session: Session,
    rows: Iterable[Compartment],
    *,
    school_id: str,
    report_id: str | None = None,
    case_id: str | None = None,
) -> list[Compartment]:
    """Leave out the compartments of a report or case that no event of the log names."""
    events = events_of(session, school_id, MARKING, report_id=report_id, case_id=case_id)
    known = {item for _, about in events for item in about}
    return [row for row in rows if mark(row) in known]


def readers_by_log(events: Iterable[tuple[str, Sequence[str]]]) -> set[tuple[str, str]]:
    """Who reads which case by the log: events of these kinds name the case, then people."""
    reading: set[tuple[str, str]] = set()
    for kind, about in events:
        pairs = {(case, item) for case in about[:1] for item in about[1:] if len(item) == ID_LENGTH}
        if kind == CustodyKind.CASE_READER_REMOVED:
            reading -= pairs
        elif kind in READING:
            reading |= pairs
    return reading


def parts_of(value: Any) -> dict[str, Any]:
    """Give a mapping that an event holds; an odd one counts as empty and never as a fault."""
    return value if isinstance(value, dict) else {}


def public_of(text: str) -> dict[str, Any]:
    """Read the public part of an event; one that is no mapping says nothing."""
    try:
        return parts_of(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def about_of(public: dict[str, Any]) -> list[str]:
    """Give what an event is about, as far as it says so in words."""
    found = public.get("about")
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def founding_holders(session: Session, school_id: str) -> set[tuple[str, str]]:
    """Give recipient and id of staff ("" for others) of each recovery holder by the log."""
    query = select(CustodyEvent.public).where(
        CustodyEvent.school_id == school_id,
        CustodyEvent.kind == str(CustodyKind.SCHOOL_FOUNDED),
    )
    text = session.scalar(query.order_by(CustodyEvent.position).limit(1))
    told = parts_of(public_of(text or "{}").get("open")).get("sealed")
    listed = parts_of(told).get("holders")
    holders = [parts_of(one) for one in listed] if isinstance(listed, list) else []
    return {(str(one.get("recipient", "")), str(one.get("staff", ""))) for one in holders}


def recovery_holders(session: Session, school_id: str) -> list[RecoveryHolder]:
    """List the holders of a school's recovery keys, as far as it was founded with them."""
    logged = founding_holders(session, school_id)
    query = select(RecoveryHolder).where(RecoveryHolder.school_id == school_id)
    found = session.scalars(query)
    return [one for one in found if (one.recipient, one.staff_id or "") in logged]


def bind(
    session: Session, story: OpenCompartment, evidence: Compartment, *, now: datetime
) -> Record:
    """Write into a story where its files are sealed to."""
    return records.add_record(session, story, {"mark": mark(evidence)}, kind=BINDING, now=now)


def evidence_of(session: Session, story: OpenCompartment) -> Compartment:
    """Find the evidence compartment that the story names.

    Raises:
        RecordMismatchError: there is none, or its public half was changed.
    """
    rows = records.records_of(session, [story.row.id], kinds=[BINDING])
    marks = {records.open_record(row, story.identity)["mark"] for row in rows}
    query = select(Compartment).where(Compartment.report_id == story.row.report_id)
    for row in session.scalars(query.order_by(Compartment.epoch.desc())):
        if mark(row) in marks:
            return row
    raise RecordMismatchError(story.row.id)
