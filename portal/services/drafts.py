"""A report before it is sent: its keys, its answers, and who would read it.

The keys are made when the draft begins. The server keeps the public halves; the secret halves
are sealed under the reporter's cookie only. Answers lie in a compartment of their own, which
goes when the report is sent, so that a name typed on the way stays nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore
from portal.db import begin_write
from portal.models import Compartment, LiveSession, Record, Report, new_id
from portal.services import keys, protocols, records, roster, routing, sessions
from portal.services.arrival import in_order
from portal.services.destruction import destroy_report
from portal.services.errors import ConflictError, NotFoundError
from portal.services.keys import OpenCompartment
from portal.services.routing import ReaderName
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession

DRAFT = "draft"
DIARY = "diary"
"""What a draft becomes when its writer keeps it: the same, but under a code and for months."""
ENTRY = "entry"
DRAFT_COMPARTMENTS = (DRAFT, keys.STORY, keys.EVIDENCE, keys.IDENTITY, keys.SEALED)
SAVE_ATTEMPTS = 5
ABANDONED_AFTER = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as its reporter sees it: named and fingerprinted, never handed back."""

    id: str
    name: str
    size: int
    fingerprint: str
    intimate: str = "no"
    state: str = "safe"
    entry: str = ""
    """The entry of a diary that it was added to."""
    sealed: str = ""
    """Why it is kept for the police alone (see `sealing`); or empty."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One dated entry of a diary: written at a moment of the server, about one of the writer."""

    id: str
    text: str
    written_at: datetime
    happened: str = ""
    """When it happened, as ``2026-11-13``, with or without ``21:07`` after it; or empty."""
    exact: bool = False
    files: tuple[ListedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What was told so far."""

    report_id: str
    answers: dict[str, Any]
    files: list[ListedFile]
    saved_at: datetime | None = field(default=None)
    seq: int = 0
    """How often an answer was saved, so that sending notices one saved meanwhile."""
    entries: list[Entry] = field(default_factory=list)
    """What was written in the diary, where this is one."""


def begin(
    session: Session, *, school: SchoolView, perspective: str, language: str, now: datetime
) -> tuple[str, dict[str, Any]]:
    """Begin a draft. Returns the report's id and what its session must hold."""
    report = Report(
        id=new_id(), school_id=school.id, language=language, begun_at=records.whole_hour(now)
    )
    session.add(report)
    opened = {
        kind: keys.new_compartment(session, school_id=school.id, kind=kind, report_id=report.id)
        for kind in DRAFT_COMPARTMENTS
    }
    answers = {"perspective": {"value": perspective, "question": "", "version": ""}}
    records.add_record(session, opened[DRAFT], {"answers": answers}, kind=DRAFT, now=now)
    secrets = {item.row.id: str(item.identity) for item in opened.values()}
    return report.id, {"report": report.id, "keys": secrets, "token": new_id(), "receipt": None}


def open_compartments(session: Session, *, live: SealedSession) -> dict[str, OpenCompartment]:
    """Open the compartments whose secrets a reporter's session holds, newest epoch by kind."""
    found: dict[str, OpenCompartment] = {}
    for row in keys.compartments_of_report(session, live.row.school_id, live.data["report"]):
        secret = live.data["keys"].get(row.id)
        newer = row.kind not in found or found[row.kind].row.epoch < row.epoch
        if secret is not None and newer:
            found[row.kind] = keys.with_secret(row, secret)
    return found


def load(session: Session, *, live: SealedSession) -> Draft:
    """Open a draft.

    Raises:
        NotFoundError: when it was sent or wiped meanwhile.
    """
    opened = open_compartments(session, live=live)
    if DRAFT not in opened:
        raise NotFoundError(DRAFT)
    record = _record(session, opened[DRAFT].row)
    body = records.open_record(record, opened[DRAFT].identity)
    told = _told(session, opened[keys.STORY])
    files = files_from(one for row, one in told if row.kind == "listing")
    return Draft(
        report_id=live.data["report"],
        answers=body["answers"],
        files=files,
        saved_at=live.row.touched_at,
        seq=record.seq,
        entries=entries_from([(row, one) for row, one in told if row.kind == ENTRY], files),
    )


def save_answer(
    session: Session,
    *,
    live: SealedSession,
    key: str,
    value: object,
    question: str,
    version: str,
    now: datetime,
) -> None:
    """Save one answer with the exact question it answers; None takes the answer away.

    Two windows may save at the same time: each change is made on what the other left.

    Raises:
        ConflictError: when somebody else keeps changing the same draft.
    """
    opened = open_compartments(session, live=live)
    if DRAFT not in opened:
        raise NotFoundError(DRAFT)
    for _ in range(SAVE_ATTEMPTS):
        record = _record(session, opened[DRAFT].row)
        body = records.open_record(record, opened[DRAFT].identity)
        if value is None:
            body["answers"].pop(key, None)
        else:
            body["answers"][key] = {"value": value, "question": question, "version": version}
        if _write_if_unchanged(session, record, opened[DRAFT], body):
            sessions.touch(live, now)
            return
    raise ConflictError(DRAFT)


def _write_if_unchanged(
    session: Session, record: Record, opened: OpenCompartment, body: dict[str, Any]
) -> bool:
    before = record.seq
    session.expunge(record)
    records.replace_record(record, opened, body)
    session.flush()
    done = session.execute(
        update(Record)
        .where(Record.id == record.id, Record.seq == before)
        .values(
            seq=record.seq,
            ciphertext=record.ciphertext,
            ciphertext_sha256=record.ciphertext_sha256,
        )
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def _record(session: Session, compartment: Compartment) -> Record:
    found = records.records_of(session, [compartment.id], kinds=[DRAFT])
    if not found:
        raise NotFoundError(DRAFT)
    return found[0]


def _told(session: Session, story: OpenCompartment) -> list[tuple[Record, dict[str, Any]]]:
    """Open what lies in the story before it is sent: listings of files, entries of a diary."""
    rows = records.records_of(session, [story.row.id], kinds=["listing", ENTRY])
    return [(row, records.open_record(row, story.identity)) for row in rows]


def entries_from(
    opened: Iterable[tuple[Record, dict[str, Any]]], files: Iterable[ListedFile]
) -> list[Entry]:
    """Read entries in the order in which they were written, each with its files."""
    of_entry: dict[str, list[ListedFile]] = {}
    for file in files:
        of_entry.setdefault(file.entry, []).append(file)
    return [
        Entry(
            id=row.id,
            text=body["text"],
            written_at=datetime.fromisoformat(body["at"]),
            happened=body["happened"],
            exact=body["exact"],
            files=tuple(of_entry.get(row.id, [])),
        )
        for row, body in sorted(opened, key=lambda one: (one[1]["at"], one[0].seq))
    ]


def files_from(listings: Iterable[dict[str, Any]]) -> list[ListedFile]:
    """Read listings in the order in which a reporter sees them, before and after sending."""
    return [file_of(body) for body in in_order(listings, lambda body: body)]


def file_of(body: dict[str, Any]) -> ListedFile:
    """Read one listing."""
    return ListedFile(
        id=body["evidence"],
        name=body["name"],
        size=body["size"],
        fingerprint=short_fingerprint(body["sha256"]),
        intimate=body["intimate"],
        entry=body.get("entry", ""),
        sealed=body.get("sealed", ""),
    )


def short_fingerprint(sha256: str) -> str:
    """Give the first eight digits of a SHA-256 as they are read aloud: ``7F3A 90C2``."""
    return f"{sha256[:4]} {sha256[4:8]}".upper()


@dataclass(frozen=True, slots=True)
class RoutePreview:
    """Who would read the draft if it were sent now."""

    readers: list[ReaderName]
    enough: bool
    fallback_used: bool
    explanation: list[str]
    answer_by: date
    digest: str
    """Names what is shown here; sending gives it back, see `reports.submit`."""


def route(session: Session, *, draft: Draft, school: SchoolView, now: datetime) -> RoutePreview:
    """Say by role and name who would read it, before anything is sent."""
    routed = routing.preview(session, school=school, answers=draft.answers, now=now)
    return RoutePreview(
        readers=routed.readers,
        enough=routed.choice.enough,
        fallback_used=routed.choice.fallback_used,
        explanation=list(routed.choice.explanation),
        answer_by=routed.answer_by,
        digest=routed.digest,
    )


def choosable_staff(session: Session, *, school: SchoolView) -> list[ReaderName]:
    """List staff that a reporter can name: to shut out, to prefer, or as whom it is about."""
    protocol, _ = protocols.current(school.protocol_key)
    return [
        ReaderName(one.id, one.name, protocol.label(one.roles[0].role) if one.roles else "", "")
        for one in roster.roster_of(session, school.id).members
        if one.active
    ]


def discard(session: Session, *, live: SealedSession, store: EvidenceStore) -> None:
    """Wipe a draft: its keys, its answers and its files. What was sent or kept is not touched."""
    report = lock(session, live.data["report"])
    if report is not None:
        destroy_report(session, report, store)


def lock(session: Session, report_id: str, *, also_kept: bool = False) -> Report | None:
    """Find a report that is a draft, and keep it one until this transaction ends.

    Args:
        also_kept: whether a diary counts as well.
    """
    begin_write(session)
    report = session.get(
        Report, report_id, with_for_update={"key_share": True}, populate_existing=True
    )
    unsent = (DRAFT, DIARY) if also_kept else (DRAFT,)
    return report if report is not None and report.status in unsent else None


def sweep_abandoned(session: Session, *, store: EvidenceStore, now: datetime) -> int:
    """Wipe drafts that no live session holds any more. Returns how many."""
    held = select(LiveSession.report_id).where(LiveSession.ends_at > now)
    query = select(Report.id).where(
        Report.status == DRAFT,
        Report.begun_at < now - ABANDONED_AFTER,
        Report.id.not_in(held.where(LiveSession.report_id.is_not(None))),
    )
    found = [lock(session, report_id) for report_id in session.scalars(query).all()]
    abandoned = [report for report in found if report is not None]
    for report in abandoned:
        destroy_report(session, report, store)
    return len(abandoned)
