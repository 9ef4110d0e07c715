"""Taking in files: encrypted and hashed while they arrive, listed only when durable."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from evidence_store import (
    EmptyFileError,
    EvidenceStore,
    EvidenceStoreError,
    Intake,
    Recipient,
    SeekableReader,
    StoredItem,
    TooLargeError,
)
from evidence_store.inspect import describe
from portal.config import Settings
from portal.db import begin_write
from portal.domain.custody_kinds import CustodyKind
from portal.models import Compartment, EvidenceItem, Record, Report, Upload, new_id
from portal.services import custody, drafts, keys, records, reporter, sessions, vouching
from portal.services.destruction import delete_below
from portal.services.drafts import ListedFile, file_of
from portal.services.errors import NotFoundError, RecordMismatchError
from portal.services.keys import OpenCompartment
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession
from portal.services.transaction import destroy_after_commit

INSPECT_AT_ONCE = 2
INSPECT_SECONDS = 20.0


@dataclass(slots=True)
class UploadSink:
    """One file on its way in. What goes wrong is kept in ``problem``, so others go on."""

    name: str
    declared_type: str
    intimate: str
    _intake: Intake | None
    story: OpenCompartment | None = None
    evidence: Compartment | None = None
    problem: str | None = None
    stored: StoredItem | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    entry: str = ""
    """The entry of a diary that it belongs to."""
    reopen: Callable[[], SeekableReader] | None = None
    """Reads back what came in several goes."""

    def write(self, data: bytes) -> None:
        """Take the next bytes; after a problem they are dropped."""
        if self._intake is None:
            return
        try:
            self._intake.write(data)
        except TooLargeError:
            self._give_up("too_large")
        except OSError:
            self._give_up("not_stored")

    def finish(self) -> None:
        """Make the file durable and have a look at what it is."""
        if self._intake is None:
            return
        try:
            self.stored = self._intake.finish()
        except EmptyFileError:
            self._give_up("empty")
        except OSError:
            self._give_up("not_stored")

    def abort(self) -> None:
        """Drop a file that broke off."""
        self._give_up("broken")

    def inspect(self) -> None:
        """Find out what the file really is, in a child process; failing is no obstacle."""
        reopen = self.reopen
        if reopen is None and self._intake is not None:
            reopen = self._intake.reopen
        if reopen is None or self.stored is None:
            return
        try:
            with reopen() as source:
                self.facts = describe(
                    source,
                    name=self.name,
                    declared_type=self.declared_type,
                    sha256=self.stored.sha256,
                    limit=None,
                )
        except (EvidenceStoreError, OSError):
            self.facts = not_inspected("inspect_failed")

    def _give_up(self, problem: str) -> None:
        self.problem = self.problem or problem
        if self._intake is not None:
            self._intake.abort()
            self._intake = None


def begin(
    session: Session,
    *,
    live: SealedSession,
    school: SchoolView,
    store: EvidenceStore,
    name: str,
    declared_type: str,
    settings: Settings,
    taken: int = 0,
    intimate: str = "no",
) -> UploadSink:
    """Begin to take in one file of the session's report.

    Args:
        taken: bytes of this request that are taken in already, for the report's limit.
        intimate: what the reporter answered about nudity in it (no, unsure).
    """
    report_id = live.data["report"]
    left = settings.max_report_bytes - bytes_of(session, school.id, report_id) - taken
    if left <= 0:
        return UploadSink(name, declared_type, intimate, None, problem="quota")
    story, evidence = compartments(session, live)
    limit = min(settings.max_file_bytes, left)
    intake = store.begin([Recipient.parse(evidence.recipient)], limit=limit)
    entry = live.data.get("entry", "")
    return UploadSink(name, declared_type, intimate, intake, story, evidence, entry=entry)


def record(
    session: Session,
    *,
    live: SealedSession,
    school: SchoolView,
    finished: Sequence[UploadSink],
    now: datetime,
) -> list[ListedFile]:
    """List the durable files of one request, all in one transaction."""
    good = [sink for sink in finished if sink.stored is not None]
    if not good:
        return []
    report_id = live.data["report"]
    report = session.get(Report, report_id)
    if report is None or report.school_id != school.id:
        raise NotFoundError(report_id)
    inspect_all(good)
    listed = [_list_one(session, sink, report, now) for sink in good]
    # Last, after all encryption: the draft may have been wiped while its files came in.
    begin_write(session)
    held = {"key_share": True}
    if session.get(Report, report_id, with_for_update=held, populate_existing=True) is None:
        raise NotFoundError(report_id)
    if report.case_id is not None:
        reporter.wait_for_staff(session, report.case_id, now)
    return listed


def inspect_all(sinks: Sequence[UploadSink]) -> None:
    """Look at the files of one request, as far as the time goes: nobody waits for two thousand."""
    for sink in sinks:
        sink.facts = not_inspected("not_inspected")
    deadline = time.monotonic() + INSPECT_SECONDS

    def inspect(sink: UploadSink) -> None:
        if time.monotonic() < deadline:
            sink.inspect()

    with ThreadPoolExecutor(INSPECT_AT_ONCE) as pool:
        list(pool.map(inspect, sinks))


def not_inspected(warning: str) -> dict[str, Any]:
    """Say that a file was not looked at; it is kept all the same, as a download only."""
    return {"type": "application/octet-stream", "preview": "none", "warnings": [warning]}


def _list_one(
    session: Session,
    sink: UploadSink,
    report: Report,
    now: datetime,
) -> ListedFile:
    # The keys are those of when it began: a report sent meanwhile has let go of them.
    stored, story, evidence = sink.stored, sink.story, sink.evidence
    if stored is None or story is None or evidence is None:
        raise NotFoundError(sink.name)
    item_id = new_id()
    at = now.isoformat(timespec="seconds")
    what = {"evidence": item_id, "name": sink.name, "size": stored.size, "sha256": stored.sha256}
    full = {
        **what,
        "object": stored.id,
        "ciphertext_sha256": stored.ciphertext_sha256,
        "declared_type": sink.declared_type,
        "intimate": sink.intimate,
        "at": at,
        "inspection": sink.facts,
    }
    kept = records.add_unvouched(session, evidence, full, kind="evidence", now=now)
    # A reporter who came back holds the key of the story alone: what stands there vouches.
    listing = {**what, "intimate": sink.intimate, "at": at, "record": kept.ciphertext_sha256}
    if sink.entry:
        listing["entry"] = sink.entry
    listed = records.add_record(session, story, listing, kind="listing", now=now)
    session.add(
        EvidenceItem(
            id=item_id,
            school_id=report.school_id,
            report_id=report.id,
            compartment_id=evidence.id,
            record_id=kept.id,
            listing_id=listed.id,
            object_id=stored.id,
            size=stored.size,
            ciphertext_sha256=stored.ciphertext_sha256,
            received_at=records.whole_hour(now),
        )
    )
    custody.record_event(
        session,
        CustodyKind.EVIDENCE_TAKEN_IN,
        school_id=report.school_id,
        actor=custody.REPORTER,
        now=now,
        compartment=evidence,
        report_id=report.id,
        case_id=report.case_id,
        about=[item_id, kept.ciphertext_sha256, listed.ciphertext_sha256],
        particulars={**what, "ciphertext_sha256": stored.ciphertext_sha256},
    )
    return file_of(listing)


def remove(session: Session, *, live: SealedSession, store: EvidenceStore, file_id: str) -> None:
    """Take a file out of a draft and destroy it. A sent report keeps what it has."""
    report = drafts.lock(session, live.data["report"], also_kept=True)
    item = session.get(EvidenceItem, file_id, populate_existing=True)
    if item is None or report is None or item.report_id != report.id:
        raise NotFoundError(file_id)
    kept = [item.record_id, item.listing_id, item.sealed_record_id]
    delete_below(session, EvidenceItem, [item.id])
    session.execute(delete(EvidenceItem).where(EvidenceItem.id == item.id))
    session.execute(delete(Record).where(Record.id.in_(filter(None, kept))))
    destroy_after_commit(session, store, item.object_id)


def bytes_of(session: Session, school_id: str, report_id: str) -> int:
    """Count what a report holds, and what it may still get from uploads that are under way."""
    here = select(func.sum(EvidenceItem.size)).where(
        EvidenceItem.school_id == school_id, EvidenceItem.report_id == report_id
    )
    coming = select(func.sum(Upload.length)).where(
        Upload.school_id == school_id, Upload.report_id == report_id, ~Upload.finished
    )
    return sum(int(session.scalar(query) or 0) for query in (here, coming))


def compartments(session: Session, live: SealedSession) -> tuple[OpenCompartment, Compartment]:
    """Find where listing and file go: keys that this reporter can vouch for, nobody else's."""
    opened = drafts.open_compartments(session, live=live)
    if keys.STORY not in opened:
        raise NotFoundError(keys.STORY)
    story = opened[keys.STORY]
    if live.row.kind != sessions.DRAFT:
        return story, vouching.evidence_of(session, story)
    rows = keys.compartments_of_report(session, live.row.school_id, live.data["report"])
    for kind in (keys.STORY, keys.EVIDENCE):  # a draft made all its keys itself
        if keys.newest(rows, kind) is not opened[kind].row:
            raise RecordMismatchError(kind)
    return story, opened[keys.EVIDENCE].row
