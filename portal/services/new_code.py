"""A new code in place of the old one: what is written from now on has a key of its own.

Whoever knows the old code opens nothing any more, and what they had open ends. They are told when
the new one was taken, and can say that it was not they: who has a code need not be its reporter,
and somebody locked out must not believe that the code was copied wrongly. Nothing is undone by
that; a person at school speaks with the reporter. With an old copy of the database they can still
read what was written before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.db import begin_write
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.models import Case, CustodyEvent, LiveSession, Report, ReporterCode
from portal.services import (
    codes,
    custody,
    drafts,
    issuing,
    keys,
    notify,
    reins,
    reporter,
    sessions,
    vouching,
)
from portal.services.errors import ConflictError, NotFoundError
from portal.services.instance_keys import InstanceKeys
from portal.services.keys import OpenCompartment
from portal.services.sessions import SealedSession

NEW_CODE, MADE_AT = "new_code", "new_code_at"
"""Where a live session holds the new code until its reporter has it, and since when."""
SHOWN_FOR = timedelta(minutes=30)


def replace(
    session: Session, *, live: SealedSession, instance: InstanceKeys, now: datetime
) -> None:
    """Make a new code, which the session holds until it was seen, and end the old ones.

    Raises:
        NotFoundError: when the report is gone.
        ConflictError: when another phone took one at this moment; undo, the session has ended.
    """
    report = reins.report_of(session, live)
    opened = drafts.open_compartments(session, live=live)
    story, binding = _new_story(session, live, opened[keys.STORY], now)
    held = [
        keys.with_secret(row, live.data["keys"][row.id])
        for row in keys.compartments_of_report(session, report.school_id, report.id)
        if row.id in live.data["keys"]
    ]
    code, row = issuing.give(
        session,
        school_id=report.school_id,
        report_id=report.id,
        opened=[*held, story],
        instance=instance,
    )
    _alone(session, live)
    old = session.scalars(
        select(ReporterCode).where(
            ReporterCode.report_id == report.id,
            ReporterCode.school_id == report.school_id,
            ReporterCode.id != row.id,
            ReporterCode.retired_at.is_(None),
        )
    ).all()
    for one in old:
        codes.retire(one, now)
        keys.unwrap(
            session, [item.row.id for item in held], holder_kind=keys.CODE, holder_id=one.id
        )
    issuing.note(
        session,
        row,
        story,
        case_id=report.case_id,
        actor=custody.REPORTER,
        now=now,
        more=[vouching.mark(story.row), binding],
    )
    session.flush()  # whoever enters with the old code at this moment waits for this, or is seen
    elsewhere = delete(LiveSession).where(LiveSession.report_id == report.id)
    session.execute(elsewhere.where(LiveSession.key != live.row.key))
    live.data["keys"] = {**live.data["keys"], story.row.id: str(story.identity)}
    live.data |= {NEW_CODE: code, MADE_AT: now.isoformat()}
    sessions.save(live)
    sessions.touch(live, now)


def _alone(session: Session, live: SealedSession) -> None:
    """Hold the report until this transaction ends; a new code elsewhere has ended this session."""
    begin_write(session)
    session.get(Report, live.data["report"], with_for_update=True, populate_existing=True)
    if session.scalar(select(LiveSession.key).where(LiveSession.key == live.row.key)) is None:
        raise ConflictError("code")


@dataclass(frozen=True, slots=True)
class News:
    """What readers of a report should know of its code."""

    renewed_on: date | None
    disputed_on: date | None
    """Since when somebody with the old code says that another took the new one."""


def news(session: Session, *, school_id: str, report_id: str) -> News:
    """Say when a report last got a new code, and whether that was disputed since."""
    codes_of = select(func.max(ReporterCode.retired_at)).where(
        ReporterCode.school_id == school_id, ReporterCode.report_id == report_id
    )
    told = select(func.max(CustodyEvent.at)).where(
        CustodyEvent.school_id == school_id,
        CustodyEvent.report_id == report_id,
        CustodyEvent.kind == str(CustodyKind.CODE_DISPUTED),
    )
    renewed, disputed = session.scalar(codes_of), session.scalar(told)
    return News(renewed and local_date(renewed), disputed and local_date(disputed))


def dispute(
    session: Session, *, school_id: str, code: str, instance: InstanceKeys, now: datetime
) -> date:
    """With a code that was replaced: say that somebody else took the new one. Once is enough.

    Returns:
        The day on which it was replaced.

    Raises:
        InvalidInputError: for something that cannot be a code.
        NotFoundError: for a code that was not replaced.
    """
    row = _replaced(session, school_id=school_id, code=code, instance=instance)
    report = session.get(Report, row.report_id)
    if report is None or report.case_id is None or row.retired_at is None:
        raise NotFoundError("code")
    mark = vouching.code_mark(row)
    kind = CustodyKind.CODE_DISPUTED
    said = vouching.events_of(session, school_id, [str(kind)], report_id=report.id)
    if not any(mark in about for _, about in said):
        rows = keys.compartments_of_report(session, school_id, report.id)
        custody.record_event(
            session,
            kind,
            school_id=school_id,
            actor=custody.REPORTER,
            now=now,
            compartment=keys.newest(rows, keys.STORY),
            case_id=report.case_id,
            report_id=report.id,
            about=[report.id, mark],
        )
        case = session.get_one(Case, report.case_id)
        for staff_id in reporter.who_answers(session, case, local_date(now)):
            notify.queue(
                session,
                school_id=school_id,
                staff_id=staff_id,
                template="changed",
                dedupe_key=f"disputed:{row.id}:{staff_id}",
                now=now,
            )
    return local_date(row.retired_at)


def _replaced(
    session: Session, *, school_id: str, code: str, instance: InstanceKeys
) -> ReporterCode:
    try:
        codes.find(session, school_id=school_id, code=codes.normalise(code), keys=instance)
    except codes.ReplacedError as found:
        return found.row
    raise NotFoundError("code")


def unseen(live: SealedSession, now: datetime) -> str:
    """Give the new code that its reporter has not confirmed yet, as long as it may be shown."""
    made, at = live.data.get(NEW_CODE), live.data.get(MADE_AT)
    late = at is None or now - datetime.fromisoformat(at) > SHOWN_FOR
    return "" if late else str(made or "")


def seen(live: SealedSession) -> None:
    """Forget the new code: its reporter has it."""
    live.data.pop(NEW_CODE, None)
    sessions.save(live)


def _new_story(
    session: Session, live: SealedSession, old: OpenCompartment, now: datetime
) -> tuple[OpenCompartment, str]:
    """Open a new epoch of the story, for the case as it is now; files are sealed as before.

    Returns:
        The new key, and the hash of the record in it that names where files go.
    """
    report = reins.report_of(session, live)
    rows = keys.compartments_of_case(session, report.school_id, report.case_id or "")
    known = vouching.vouched(session, rows, school_id=report.school_id, case_id=report.case_id)
    case_key = keys.newest(known, keys.CASE)
    evidence = vouching.evidence_of(session, old)
    fresh = keys.new_compartment(
        session,
        school_id=report.school_id,
        kind=keys.STORY,
        report_id=report.id,
        epoch=old.row.epoch + 1,
    )
    keys.wrap(
        session,
        fresh,
        holder_kind=keys.CASE_KEY,
        holder_id=case_key.id,
        recipient=case_key.recipient,
    )
    binding = vouching.bind(session, fresh, evidence, now=now)
    return fresh, binding.ciphertext_sha256
