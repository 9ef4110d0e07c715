"""A diary: a draft that its writer keeps under a code, and adds dated entries to for weeks.

Nobody at school can read it: no key of it is given to staff, to recovery or to a case before it
is sent. Its keys are sealed to the code alone. Entries are added, never changed; the whole can be
wiped at any moment. Sending makes it a report with the same code.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.models import Compartment, Report
from portal.services import custody, drafts, issuing, keys, records, sessions, vouching
from portal.services.destruction import destroy_report
from portal.services.drafts import DIARY, ENTRY
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.instance_keys import InstanceKeys
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession

TEXT_LIMIT = 20_000
MOST_ENTRIES = 500
MOST_BYTES = 2 << 20
"""As sealed. Far beyond any diary; without it one alone could keep a worker reading for minutes."""
KEPT_CODE = "kept_code"
"""Where a live session holds the code that was just made, until its writer has it."""


DATA: dict[str, Any] = {"receipt": None, "diary": True}
"""What the session of somebody who comes back to a diary holds beside keys and token: a draft's."""


def is_open(live: SealedSession) -> bool:
    """Whether a session is that of a diary."""
    return bool(live.data.get("diary"))


def keep(
    session: Session,
    *,
    live: SealedSession,
    school: SchoolView,
    instance: InstanceKeys,
    days: int,
    now: datetime,
) -> None:
    """Keep the draft of a session under a code, which the session holds until it was seen.

    Raises:
        NotFoundError: when the draft was sent, kept or wiped meanwhile.
    """
    opened = drafts.open_compartments(session, live=live)
    if set(opened) != set(drafts.DRAFT_COMPARTMENTS):
        raise NotFoundError(DIARY)
    report_id = live.data["report"]
    code, row = issuing.give(
        session,
        school_id=school.id,
        report_id=report_id,
        opened=opened.values(),
        instance=instance,
    )
    report = drafts.lock(session, report_id)
    if report is None:
        raise NotFoundError(DIARY)
    report.status = DIARY
    report.kept_until = _until(now, days)
    marks = [vouching.mark(item.row) for item in opened.values()]
    story = opened[keys.STORY]
    _note(session, CustodyKind.REPORT_KEPT, story.row, [report_id, *marks], now)
    issuing.note(session, row, story, case_id=None, actor=custody.REPORTER, now=now)
    live.data |= {"diary": True, KEPT_CODE: code, "kept_at": now.isoformat()}
    sessions.save(live)
    sessions.touch(live, now)


def code_seen(live: SealedSession) -> None:
    """Forget the code that was made just now: its writer has it."""
    live.data.pop(KEPT_CODE, None)
    sessions.save(live)


def visit(session: Session, *, report_id: str, days: int, now: datetime) -> None:
    """Count the days anew, because somebody came with the code."""
    report = drafts.lock(session, report_id, also_kept=True)
    if report is not None and report.status == DIARY:
        report.kept_until = _until(now, days)


def kept_until(session: Session, *, live: SealedSession) -> date | None:
    """Say until which day a diary is kept, if nobody comes back."""
    report = session.get(Report, live.data["report"])
    return report.kept_until if report is not None else None


def write(
    session: Session,
    *,
    live: SealedSession,
    text: str,
    happened: str,
    exact: bool,
    now: datetime,
) -> str:
    """Add an entry. Returns its id; it can be neither changed nor taken out.

    Args:
        happened: a day, with or without a time after it, as `portal.web` reads it; or empty.

    Raises:
        InvalidInputError: ``empty``, ``too_long`` or ``too_many``.
        NotFoundError: when the diary was sent or wiped meanwhile.
    """
    words = text.strip()
    if not words:
        raise InvalidInputError("text", "empty")
    if len(words) > TEXT_LIMIT:
        raise InvalidInputError("text", "too_long")
    story = drafts.open_compartments(session, live=live)[keys.STORY]
    earlier = records.records_of(session, [story.row.id], kinds=[ENTRY])
    written = sum(len(row.ciphertext) for row in earlier)
    if len(earlier) >= MOST_ENTRIES or written >= MOST_BYTES:
        raise InvalidInputError("text", "too_many")
    body = {
        "text": words,
        "at": now.isoformat(timespec="seconds"),
        "happened": happened,
        "exact": exact and bool(happened),
    }
    record = records.add_record(session, story, body, kind=ENTRY, now=now)
    if drafts.lock(session, live.data["report"], also_kept=True) is None:
        raise NotFoundError(DIARY)
    about = [record.id, record.ciphertext_sha256]
    _note(session, CustodyKind.ENTRY_WRITTEN, story.row, about, now)
    sessions.touch(live, now)
    return record.id


def wipe(session: Session, *, live: SealedSession, store: EvidenceStore, now: datetime) -> None:
    """Wipe a whole diary, for good. What was sent meanwhile is not touched."""
    report = drafts.lock(session, live.data["report"], also_kept=True)
    if report is None or report.status != DIARY:
        raise NotFoundError(DIARY)
    _wipe(session, report, store, custody.REPORTER, now)


def sweep(session: Session, *, store: EvidenceStore, now: datetime) -> int:
    """Wipe the diaries to which nobody came back in time. Returns how many."""
    over = select(Report.id).where(Report.status == DIARY, Report.kept_until < local_date(now))
    swept = 0
    for report_id in session.scalars(over).all():
        report = drafts.lock(session, report_id, also_kept=True)
        # Somebody may have come back, or sent it, since the question was asked.
        if report is None or report.kept_until is None or report.kept_until >= local_date(now):
            continue
        _wipe(session, report, store, custody.SYSTEM, now)
        swept += 1
    return swept


def _wipe(
    session: Session, report: Report, store: EvidenceStore, actor: custody.Actor, now: datetime
) -> None:
    rows = keys.compartments_of_report(session, report.school_id, report.id)
    story = keys.newest(rows, keys.STORY)
    _note(session, CustodyKind.REPORT_WIPED, story, [report.id], now, actor)
    destroy_report(session, report, store)


def _note(
    session: Session,
    kind: CustodyKind,
    story: Compartment,
    about: list[str],
    now: datetime,
    actor: custody.Actor = custody.REPORTER,
) -> None:
    custody.record_event(
        session,
        kind,
        school_id=story.school_id,
        actor=actor,
        now=now,
        compartment=story,
        report_id=story.report_id,
        about=about,
    )


def _until(now: datetime, days: int) -> date:
    return local_date(now) + timedelta(days=days)
