"""Uploads that may break off and go on, in any worker, while their session lives.

How far an upload is, only the stored part says: no row remembers an offset. What is needed to go on
(the file's key above all) is sealed under the cookie of its session in the upload's row.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from evidence_store import (
    ContentChangedError,
    EvidenceStore,
    EvidenceStoreError,
    OvertakenError,
    Recipient,
    ResumableIntake,
    ResumableState,
    StoredItem,
)
from portal.config import Settings
from portal.db import begin_write
from portal.models import Compartment, Report, Upload, new_id
from portal.services import giveaways, sessions, uploads
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.keys import OpenCompartment
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession
from portal.services.upload_state import Told, open_state, own_row, seal_state
from portal.services.uploads import UploadSink

MOST_UNDER_WAY = 50


class BrokenUpload(NotFoundError):
    """It cannot be ended: other bytes came than before, or what was kept is damaged. It is gone."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Where an upload stands."""

    id: str
    name: str
    metadata: str
    offset: int
    length: int
    finished: bool
    ends_at: datetime


@dataclass(slots=True)
class Going:
    """One go at an upload: takes bytes, and ends it when all are there. Close it afterwards."""

    id: str
    object_id: str
    told: Told
    intake: ResumableIntake
    story: OpenCompartment
    evidence: Compartment

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the part."""
        self.intake.close()

    def write(self, data: bytes) -> None:
        """Take bytes.

        Raises:
            ConflictError: another request has written further.
            BrokenUpload: they are not those that were half kept before.
            OSError: they cannot be kept; what was kept stays.
        """
        try:
            self.intake.write(data)
        except OvertakenError as error:
            raise ConflictError(self.id) from error
        except ContentChangedError as error:
            raise BrokenUpload(self.id) from error


def begin(
    session: Session,
    *,
    live: SealedSession,
    school: SchoolView,
    store: EvidenceStore,
    told: Told,
    length: int,
    settings: Settings,
    now: datetime,
) -> UnderWay:
    """Begin an upload, or find the same one that broke off in this session.

    Raises:
        InvalidInputError: for ``length``: empty, too_large, quota or too_many.
        NotFoundError: when the report takes no files from this session any more.
    """
    _, evidence = uploads.compartments(session, live)
    _check_size(session, live, school, length, settings)
    earlier = _same(session, live, told, length)
    if earlier is not None:
        return look(session, live=live, school=school, store=store, upload_id=earlier.id)
    state = store.begin_resumable([Recipient.parse(evidence.recipient)], size=length)
    row = Upload(
        id=new_id(),
        school_id=school.id,
        report_id=live.data["report"],
        session_key=live.row.key,
        object_id=state.id,
        length=length,
        finished=False,
    )
    seal_state(live, row, told, state, evidence)
    try:
        _lock(session, live)
        _check_size(session, live, school, length, settings)
    except (InvalidInputError, NotFoundError):
        with contextlib.suppress(EvidenceStoreError, OSError):
            store.discard(state.id)
        raise
    session.add(row)
    sessions.touch(live, now)
    return _under_way(live, row, told, 0)


def look(
    session: Session,
    *,
    live: SealedSession,
    school: SchoolView,
    store: EvidenceStore,
    upload_id: str,
) -> UnderWay:
    """Say how far an upload of this session is; it tells all only when all is safe.

    Raises:
        NotFoundError: when this session has no such upload, or cannot send it any more.
    """
    row, told, state, evidence = _own(session, live, school, upload_id)
    if row.finished:
        return _under_way(live, row, told, row.length)
    if uploads.compartments(session, live)[1].id != evidence:
        return _under_way(live, row, told, 0)
    intake = _resume(store, state)
    if intake is None:
        return _under_way(live, row, told, 0)
    with intake:
        return _under_way(live, row, told, intake.offset)


def all_of(session: Session, *, live: SealedSession, store: EvidenceStore) -> list[UnderWay]:
    """List the uploads of a session that are not ended, for a page that asks for them again."""
    query = select(Upload).where(Upload.session_key == live.row.key, ~Upload.finished)
    found = []
    for row in session.scalars(query):
        told, state, _ = open_state(live, row)
        intake = _resume(store, state)
        offset = 0
        if intake is not None:
            with intake:
                offset = intake.offset
        found.append(_under_way(live, row, told, offset))
    return sorted(found, key=lambda one: one.name)


def go_on(
    session: Session,
    *,
    live: SealedSession,
    school: SchoolView,
    store: EvidenceStore,
    upload_id: str,
) -> Going:
    """Take an upload up again.

    Raises:
        NotFoundError: when this session has no such upload, or cannot send it any more.
        ConflictError: when all is there already.
    """
    row, told, state, sealed_to = _own(session, live, school, upload_id)
    if row.finished:
        raise ConflictError(upload_id)
    story, evidence = uploads.compartments(session, live)
    intake = _resume(store, state) if sealed_to == evidence.id else None
    if intake is None:
        intake = store.resume(_anew(store, live, row, told, evidence))
    return Going(row.id, row.object_id, told, intake, story, evidence)


def finish(
    session: Session, *, live: SealedSession, school: SchoolView, going: Going, now: datetime
) -> dict[str, Any]:
    """Check and keep what has come, and list it as any other file. It is held until it is closed.

    Returns:
        What it gives away, for the session of who sent it.

    Raises:
        ConflictError: another request is ending it.
        BrokenUpload: what was kept is damaged, or could not be made durable.
        NotFoundError: the draft was wiped meanwhile.
    """
    stored = _end(going)
    told = going.told
    sink = UploadSink(
        told.name,
        told.declared_type,
        "no",
        None,
        going.story,
        going.evidence,
        stored=stored,
        entry=told.entry,
        reopen=going.intake.reopen,
    )
    (listed,) = uploads.record(session, live=live, school=school, finished=[sink], now=now)
    done = update(Upload).where(Upload.id == going.id, ~Upload.finished).values(finished=True)
    if not session.execute(done).rowcount:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
        raise NotFoundError(going.id)
    return giveaways.to_keep(listed.id, sink.facts)


def _end(going: Going) -> StoredItem:
    try:
        return going.intake.finish()
    except OvertakenError as error:
        raise ConflictError(going.id) from error
    except (EvidenceStoreError, OSError) as error:
        # After a failed fsync a second one may succeed and the data be lost all the same.
        raise BrokenUpload(going.id) from error


def _check_size(
    session: Session, live: SealedSession, school: SchoolView, length: int, settings: Settings
) -> None:
    report_id = live.data["report"]
    taken = uploads.bytes_of(session, school.id, report_id)
    under_way = select(func.count()).where(Upload.session_key == live.row.key, ~Upload.finished)
    problems = {
        "empty": length < 1,
        "too_large": length > settings.max_file_bytes,
        "quota": taken + length > settings.max_report_bytes,
        "too_many": (session.scalar(under_way) or 0) >= MOST_UNDER_WAY,
    }
    for problem, holds in problems.items():
        if holds:
            raise InvalidInputError("length", problem)


def _lock(session: Session, live: SealedSession) -> None:
    """Let two uploads that begin at once count one after the other."""
    begin_write(session)
    held = {"key_share": True}
    report = session.get(Report, live.data["report"], with_for_update=held, populate_existing=True)
    if report is None:
        raise NotFoundError(live.data["report"])


def _same(session: Session, live: SealedSession, told: Told, length: int) -> Upload | None:
    """Find the upload that is meant: same name, size and mark, in the same place."""
    if not told.mark:
        return None
    query = select(Upload).where(
        Upload.session_key == live.row.key, Upload.length == length, ~Upload.finished
    )
    for row in session.scalars(query):
        earlier, _, _ = open_state(live, row)
        if (earlier.name, earlier.mark, earlier.entry) == (told.name, told.mark, told.entry):
            return row
    return None


def _own(
    session: Session, live: SealedSession, school: SchoolView, upload_id: str
) -> tuple[Upload, Told, ResumableState | None, str]:
    row = own_row(session, live, school, upload_id)
    return (row, *open_state(live, row))


def _resume(store: EvidenceStore, state: ResumableState | None) -> ResumableIntake | None:
    if state is None:
        return None
    try:
        return store.resume(state)
    except EvidenceStoreError:  # gone or damaged: its bytes must come again, under another key
        return None


def _anew(
    store: EvidenceStore, live: SealedSession, row: Upload, told: Told, evidence: Compartment
) -> ResumableState:
    with contextlib.suppress(EvidenceStoreError, OSError):
        store.discard(row.object_id)
    state = store.begin_resumable([Recipient.parse(evidence.recipient)], size=row.length)
    seal_state(live, row, told, state, evidence)
    return state


def _under_way(live: SealedSession, row: Upload, told: Told, offset: int) -> UnderWay:
    return UnderWay(
        row.id, told.name, told.metadata, offset, row.length, row.finished, live.row.ends_at
    )
