"""Cases that staff start: a two-minute signal, or a talk, call or letter written down.

The same keys as for a pupil's report. A signal is write-only: whoever gives it gets no wrap.
Who writes down a talk reads along, and may hand the pupil a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, Report, StaffMember, new_id
from portal.services import (
    cards,
    case_keys,
    custody,
    issuing,
    keys,
    records,
    reports,
    routing,
    vouching,
)
from portal.services.errors import InvalidInputError
from portal.services.instance_keys import InstanceKeys
from portal.services.keys import OpenCompartment
from portal.services.routing import Routed
from portal.services.schools import SchoolView
from portal.services.staff import StaffActor

SIGNAL, TALK = "signal", "talk"
KINDS = (keys.STORY, keys.EVIDENCE, keys.SEALED)
TEXT_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class Started:
    """What came of it; the code is there only when one was asked for, and only now."""

    case_id: str
    label: str
    reads_along: bool
    readers: list[routing.ReaderName]
    code: str | None = None


def start(
    session: Session,
    *,
    actor: StaffActor,
    school: SchoolView,
    kind: str,
    answers: Mapping[str, Any],
    with_code: bool,
    instance: InstanceKeys,
    now: datetime,
) -> Started:
    """Start a case from what a member of staff saw, heard or was told.

    Args:
        kind: ``signal`` (write-only) or ``talk`` (the writer reads along).
        answers: as in a pupil's report: story, classes, when, online; see questionnaire.

    Raises:
        InvalidInputError: without a story, or when nobody may read it.
    """
    story = answers.get("story", {}).get("value", "")
    if not isinstance(story, str) or not story.strip():
        raise InvalidInputError("story", "empty")
    if len(story) > TEXT_LIMIT:
        raise InvalidInputError("story", "too_long")
    routed = routing.decide(session, school=school, answers=answers, now=now)
    report = Report(
        id=new_id(), school_id=school.id, begun_at=records.whole_hour(now), language="nl"
    )
    session.add(report)
    opened = {
        item: keys.new_compartment(session, school_id=school.id, kind=item, report_id=report.id)
        for item in KINDS
    }
    case, case_key = reports.open_case(
        session, school=school, routed=routed, actor=actor.custody, origin=kind, now=now
    )
    case_keys.attach_report(
        session, case_key=case_key, opened=[opened[keys.STORY], opened[keys.EVIDENCE]]
    )
    cards.begin(session, case_key=case_key, answers=answers, classes=routed.class_names, now=now)
    holders = vouching.recovery_holders(session, school.id)
    keys.wrap_to_pairs(session, opened[keys.SEALED], holders, excluded_staff=routed.excluded_ids)
    _write(session, actor, report, case, opened, answers, kind, now)
    story = opened[keys.STORY]
    code = None
    if with_code:
        code, row = issuing.give(
            session, school_id=school.id, report_id=report.id, opened=[story], instance=instance
        )
        issuing.note(session, row, story, case_id=case.id, actor=actor.custody, now=now)
    reads = _reads_along(session, actor, kind, routed, case, case_key, now)
    return Started(case.id, case.label, reads, routed.readers, code)


def _write(
    session: Session,
    actor: StaffActor,
    report: Report,
    case: Case,
    opened: Mapping[str, OpenCompartment],
    answers: Mapping[str, Any],
    kind: str,
    now: datetime,
) -> None:
    body = {
        "answers": dict(answers),
        "at": now.isoformat(timespec="seconds"),
        "written_by": actor.name,
        "kind": kind,
    }
    story = opened[keys.STORY]
    records.add_record(session, story, body, kind="report", now=now)
    vouching.bind(session, story, opened[keys.EVIDENCE].row, now=now)
    report.status, report.sent_at, report.case_id = "sent", records.whole_hour(now), case.id
    custody.record_event(
        session,
        CustodyKind.REPORT_RECEIVED,
        school_id=report.school_id,
        actor=actor.custody,
        now=now,
        compartment=story.row,
        case_id=case.id,
        report_id=report.id,
        about=reports.named_in_log(session, report, [item.row for item in opened.values()]),
        particulars={"kind": kind},
    )


def _reads_along(
    session: Session,
    actor: StaffActor,
    kind: str,
    routed: Routed,
    case: Case,
    case_key: OpenCompartment,
    now: datetime,
) -> bool:
    """Let the writer of a talk read along, unless routing named or excluded this person."""
    if any(member.id == actor.id for member, _part in routed.members):
        return True
    member = session.get_one(StaffMember, actor.id)
    if kind != TALK or actor.id in routed.excluded_ids or member.confirmed_at is None:
        return False
    case_keys.share(session, case=case, case_key=case_key, member=member, now=now)
    return True
