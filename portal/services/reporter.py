"""The reporter comes back: enters the code, reads, answers, adds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, Record, Report, School, StaffMember
from portal.services import (
    case_keys,
    codes,
    custody,
    drafts,
    keys,
    notify,
    protocols,
    records,
    roster,
    sessions,
)
from portal.services.drafts import ListedFile
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.instance_keys import InstanceKeys
from portal.services.routing import ALSO, HANDLER, OVERSEER, SUBSTITUTE, ReaderName
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession

MESSAGE_LIMIT = 50_000
FROM_REPORTER, FROM_STAFF, NOTICE = "message:reporter", "message:staff", "notice"
TALK = (FROM_REPORTER, FROM_STAFF, NOTICE)
PARTS = (HANDLER, OVERSEER, SUBSTITUTE, ALSO)
TRAIL = ("received", "read", "talking", "agreements", "checking", "closed")
"""Where a case stands, as its reporter is told; the words are the page's."""


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message of the conversation, or a notice of the portal to the reporter."""

    id: str
    kind: str
    who: str
    text: str
    at: datetime

    @property
    def from_staff(self) -> bool:
        """Whether the school wrote it."""
        return self.kind != FROM_REPORTER


@dataclass(frozen=True, slots=True)
class ReporterView:
    """All that a reporter who came back may see."""

    status: str
    trail: list[tuple[str, date | None]]
    answers: dict[str, Any]
    messages: list[MessageView]
    files: list[ListedFile]
    readers: list[ReaderName]
    sent_at: datetime | None
    changed: bool = False
    """Whether something was changed in the database by somebody without a key; it is left out."""


def enter(
    session: Session, *, school: SchoolView, code: str, instance: InstanceKeys
) -> tuple[str, dict[str, Any]]:
    """Open a report with its code. Returns its id and what the session must hold.

    Raises:
        InvalidInputError: for something that cannot be a code.
        NotFoundError: for a code that opens nothing; it costs as much as one that does.
    """
    row, identity = codes.find(
        session, school_id=school.id, code=codes.normalise(code), keys=instance
    )
    opened = keys.open_for(
        session,
        school_id=school.id,
        holder_kind=keys.CODE,
        holder_id=row.id,
        identity=identity,
        report_id=row.report_id,
    )
    secrets = {item.row.id: str(item.identity) for item in opened}
    return row.report_id, {"report": row.report_id, "keys": secrets}


def view(session: Session, *, live: SealedSession) -> ReporterView:
    """Show a reporter the own report and the conversation."""
    report = _report(session, live)
    case = session.get_one(Case, report.case_id)
    identities = _identities(live)
    changed: set[str] = set()
    rows = records.records_of(session, list(identities), kinds=("report", "listing", *TALK))
    bodies = records.open_sound(rows, identities, changed)
    told = [body for row, body in bodies if row.kind == "report"]
    return ReporterView(
        status=case.status,
        trail=_trail(case, report),
        answers=told[0]["answers"] if told else {},
        messages=messages_from(bodies),
        files=drafts.files_from(body for row, body in bodies if row.kind == "listing"),
        readers=_reader_names(session, case),
        sent_at=report.sent_at,
        changed=bool(changed),
    )


def messages_from(bodies: list[tuple[Record, dict[str, Any]]]) -> list[MessageView]:
    """Make the conversation from opened records, oldest first."""
    messages = [
        MessageView(row.id, row.kind, body["who"], body["text"], datetime.fromisoformat(body["at"]))
        for row, body in bodies
        if row.kind in TALK
    ]
    return sorted(messages, key=lambda message: (message.at, message.id))


def send_message(session: Session, *, live: SealedSession, text: str, now: datetime) -> None:
    """Write to the school.

    Raises:
        InvalidInputError: for an empty or far too long text.
    """
    words = text.strip()
    if not words:
        raise InvalidInputError("text", "empty")
    if len(words) > MESSAGE_LIMIT:
        raise InvalidInputError("text", "too_long")
    report = _report(session, live)
    case = session.get_one(Case, report.case_id)
    story = drafts.open_compartments(session, live=live)[keys.STORY]
    body = {"who": "reporter", "text": words, "at": now.isoformat(timespec="seconds")}
    record = records.add_record(session, story, body, kind=FROM_REPORTER, now=now)
    custody.record_event(
        session,
        CustodyKind.MESSAGE_SENT,
        school_id=report.school_id,
        actor=custody.REPORTER,
        now=now,
        compartment=story.row,
        case_id=case.id,
        report_id=report.id,
        about=[record.id, record.ciphertext_sha256],
    )
    for staff_id in _who_answers(session, case):
        notify.queue(
            session,
            school_id=case.school_id,
            staff_id=staff_id,
            template="reply",
            dedupe_key=f"reply:{record.id}:{staff_id}",
            now=now,
        )
    wait_for_staff(session, case.id, now)
    sessions.touch(live, now)


def _who_answers(session: Session, case: Case) -> list[str]:
    """Give the handler, or everybody who reads along when the handler left."""
    readers = {row.staff_id for row in case_keys.readers_of(session, case, live_only=True)}
    return [case.handler_id] if case.handler_id in readers else sorted(readers)


def wait_for_staff(session: Session, case_id: str, now: datetime) -> None:
    """Note that a reporter added something; nothing that staff change meanwhile stops that."""
    changed = {"waiting_for_staff": True, "changed_at": records.whole_hour(now)}
    session.execute(update(Case).where(Case.id == case_id).values(changed))


def _report(session: Session, live: SealedSession) -> Report:
    report = session.get(Report, live.data["report"])
    if report is None or report.school_id != live.row.school_id or report.case_id is None:
        raise NotFoundError("report")
    return report


def _identities(live: SealedSession) -> dict[str, Identity]:
    return {item: Identity.parse(secret) for item, secret in live.data["keys"].items()}


def _trail(case: Case, report: Report) -> list[tuple[str, date | None]]:
    reached = TRAIL.index(case.status)
    dates = {
        "received": report.sent_at,
        "read": case.read_at,
        case.status: case.changed_at if reached > 1 else None,
    }
    if report.sent_at is not None and reached == 0:
        dates["received"] = report.sent_at
    return [
        (step, moment.date() if (moment := dates.get(step)) is not None else None) for step in TRAIL
    ]


def _reader_names(session: Session, case: Case) -> list[ReaderName]:
    protocol, _ = protocols.current(session.get_one(School, case.school_id).protocol_key)
    people = roster.roster_of(session, case.school_id)
    readers = []
    for row in case_keys.readers_of(session, case, live_only=True):
        name = session.get_one(StaffMember, row.staff_id).name
        one = people.member(row.staff_id)
        label = protocol.label(one.roles[0].role) if one is not None and one.roles else ""
        readers.append(ReaderName(row.staff_id, name, label, row.part))
    return sorted(readers, key=lambda one: (PARTS.index(one.part), one.name))
