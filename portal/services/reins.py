"""What a reporter decides after sending: stop, go on, who may know the name; sealed in the story.

Each decision is a record that says what was decided and when. It is folded from the records, not
read from a column: whoever has the database alone can neither read nor invent one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, Record, Report
from portal.services import custody, drafts, keys, notify, records, sessions
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.keys import OpenCompartment
from portal.services.sessions import SealedSession

CONTROL = "control"
STOP, RESUME, WITHDRAW, NAME = "stop", "resume", "withdraw", "name"
WITHDRAWN = "withdrawn"
TEXT_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Reins:
    """What holds now, by the reporter's own word."""

    stopped_at: datetime | None = None
    stop_text: str = ""
    withdrawn_at: datetime | None = None
    kept_until: date | None = None
    name: dict[str, Any] | None = None
    """The last choice of who may know the name; None while it is that of the report."""

    @property
    def stopped(self) -> bool:
        """Whether nothing is to be done with this story for now."""
        return self.stopped_at is not None

    @property
    def withdrawn(self) -> bool:
        """Whether the report was taken back after somebody had opened it."""
        return self.withdrawn_at is not None


def fold(opened: Iterable[tuple[Record, dict[str, Any]]], report: Report) -> Reins:
    """Fold opened records of decisions into what holds now."""
    held: dict[str, Any] = {"kept_until": report.kept_until}
    decisions = [(row, body) for row, body in opened if row.kind == CONTROL]
    for _, body in sorted(decisions, key=lambda one: (one[1]["at"], one[0].seq)):
        at, what = datetime.fromisoformat(body["at"]), body["what"]
        if what == STOP:
            held |= {"stopped_at": at, "stop_text": body["text"]}
        elif what == RESUME:
            held |= {"stopped_at": None, "stop_text": ""}
        elif what == WITHDRAW:
            held["withdrawn_at"] = at
        elif what == NAME:
            held["name"] = body["name"]
    return Reins(**held)


def of_session(session: Session, *, live: SealedSession) -> Reins:
    """Say what holds for the report of a session."""
    report = report_of(session, live)
    identities = stories_of(session, live)
    rows = records.records_of(session, list(identities), kinds=[CONTROL])
    return fold(records.open_sound(rows, identities, set()), report)


def stories_of(session: Session, live: SealedSession) -> dict[str, Identity]:
    """Give the keys of the story that a session holds, of every epoch, by compartment."""
    report = report_of(session, live)
    return {
        row.id: keys.with_secret(row, live.data["keys"][row.id]).identity
        for row in keys.compartments_of_report(session, report.school_id, report.id)
        if row.kind == keys.STORY and row.id in live.data["keys"]
    }


def stop(session: Session, *, live: SealedSession, text: str, now: datetime) -> None:
    """Ask the school to do nothing with this story for now, but for safety or legal duty."""
    if len(text) > TEXT_LIMIT:
        raise InvalidInputError("text", "too_long")
    if not of_session(session, live=live).stopped:
        body = {"text": text.strip()}
        decide(session, live=live, what=STOP, kind=CustodyKind.REPORT_STOPPED, body=body, now=now)


def resume(session: Session, *, live: SealedSession, now: datetime) -> None:
    """Let the school go on."""
    if of_session(session, live=live).stopped:
        kind = CustodyKind.REPORT_RESUMED
        decide(session, live=live, what=RESUME, kind=kind, body={}, now=now)


def decide(
    session: Session,
    *,
    live: SealedSession,
    what: str,
    kind: CustodyKind,
    body: dict[str, Any],
    now: datetime,
    marks: Iterable[str] = (),
) -> None:
    """Seal a decision into the story, write it into the log, and tell the handler.

    Args:
        marks: marks of keys that begin with it.
    """
    report = report_of(session, live)
    case = session.get_one(Case, report.case_id)
    story = story_of(session, live)
    record = records.add_record(
        session,
        story,
        {"what": what, "at": now.isoformat(timespec="seconds"), **body},
        kind=CONTROL,
        now=now,
    )
    custody.record_event(
        session,
        kind,
        school_id=report.school_id,
        actor=custody.REPORTER,
        now=now,
        compartment=story.row,
        case_id=case.id,
        report_id=report.id,
        about=[record.id, record.ciphertext_sha256, *marks],
    )
    notify.queue(
        session,
        school_id=report.school_id,
        staff_id=case.handler_id,
        template="changed",
        dedupe_key=f"changed:{record.id}",
        now=now,
    )
    waiting = {"waiting_for_staff": True, "changed_at": records.whole_hour(now)}
    session.execute(update(Case).where(Case.id == case.id).values(waiting))
    sessions.touch(live, now)


def report_of(session: Session, live: SealedSession) -> Report:
    """Find the sent report of a session.

    Raises:
        NotFoundError: when it is gone.
    """
    query = select(Report).where(
        Report.id == live.data["report"], Report.school_id == live.row.school_id
    )
    report = session.scalars(query).one_or_none()
    if report is None or report.case_id is None:
        raise NotFoundError("report")
    return report


def story_of(session: Session, live: SealedSession) -> OpenCompartment:
    """Open the story that is written to now.

    Raises:
        NotFoundError: when it is gone.
    """
    opened = drafts.open_compartments(session, live=live)
    if keys.STORY not in opened:
        raise NotFoundError(keys.STORY)
    return opened[keys.STORY]
