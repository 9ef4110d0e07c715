"""Reporters protect themselves from their own files: what a file tells, and keeping it sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore
from portal.domain.custody_kinds import CustodyKind
from portal.models import EvidenceItem, Record
from portal.services import arrival, custody, drafts, giveaways, keys, records, sealing, vouching
from portal.services.errors import ConflictError, NotFoundError, RecordMismatchError
from portal.services.evidence import SEALING
from portal.services.giveaways import Told
from portal.services.keys import OpenCompartment
from portal.services.sealing import Held
from portal.services.sessions import SealedSession

LOOKED_AT = 40
"""Files of which a page says what they give away; who sends more looks at the others alone."""
OPENING = (str(CustodyKind.EVIDENCE_OPENED), str(CustodyKind.EVIDENCE_PREVIEWED))


def told_by_files(session: Session, *, live: SealedSession) -> dict[str, Told]:
    """Say by item what the first files of a draft give away; sealed ones tell nobody anything."""
    opened = drafts.open_compartments(session, live=live)
    if not {keys.STORY, keys.EVIDENCE} <= set(opened):
        return {}
    found = {}
    rows = [row for row in _items(session, live) if row.sealed_record_id is None]
    for row in rows[:LOOKED_AT]:
        body = _body_of(session, row, opened)
        found[row.id] = giveaways.of_inspection(body.get("inspection") or {})
    return found


def keep_sealed(
    session: Session,
    *,
    live: SealedSession,
    store: EvidenceStore,
    file_id: str,
    conceal: Sequence[str],
    now: datetime,
    why: str = sealing.BY_REPORTER,
) -> None:
    """Keep the original of a file in a draft for the police alone.

    Args:
        conceal: who of the people in a chat or mail the reporter is; others are not taken.
        why: that, or that somebody naked may be in it.

    Raises:
        NotFoundError: when there is no such file in a draft of this session.
        ConflictError: when it was sealed or sent meanwhile.
    """
    opened = drafts.open_compartments(session, live=live)
    row = next((one for one in _items(session, live) if one.id == file_id), None)
    if row is None or not {keys.STORY, keys.EVIDENCE, keys.SEALED} <= set(opened):
        raise NotFoundError(file_id)
    if row.sealed_record_id is not None:
        return
    body = _body_of(session, row, opened)
    known = giveaways.of_inspection(body.get("inspection") or {}).people
    held = Held(
        row=row,
        body=body,
        listing=sealing.listing_of(session, row, opened[keys.STORY]),
        story=opened[keys.STORY],
        evidence=opened[keys.EVIDENCE],
        sealed=opened[keys.SEALED].row,
        log=opened[keys.EVIDENCE].row,
        place=_place(session, opened[keys.STORY], file_id),
    )
    told = [name for name in conceal if name in known]
    ready = sealing.make_ready(store, held, why=why, conceal=told)
    sealing.seal(session, ready, actor=custody.REPORTER, now=now)
    if drafts.lock(session, live.data["report"], also_kept=True) is None:
        raise ConflictError(file_id)


def may_still_ask(session: Session, *, live: SealedSession) -> set[str]:
    """Give the files that nobody at school opened yet, so that asking to seal them helps."""
    seen = {
        item
        for _, about in vouching.events_of(
            session, live.row.school_id, OPENING, report_id=live.data["report"]
        )
        for item in about
    }
    return {
        row.id
        for row in _items(session, live)
        if row.sealed_record_id is None and row.id not in seen
    }


def ask_to_seal(
    session: Session,
    *,
    live: SealedSession,
    file_id: str,
    now: datetime,
    conceal: Sequence[str] = (),
    why: str = sealing.BY_REPORTER,
) -> None:
    """Ask for a sent file to be sealed. A code does not open files, so a reader's key does it.

    From now on no page shows it; the next reader who comes by seals it, see `quarantine.fulfil`.

    Args:
        conceal: who of the people in a chat or mail the reporter is.
        why: because the reporter wants so, or because somebody naked may be in it.

    Raises:
        NotFoundError: when somebody opened it already, or there is no such file.
    """
    if file_id not in may_still_ask(session, live=live):
        raise NotFoundError(file_id)
    story = drafts.open_compartments(session, live=live)[keys.STORY]
    row = session.get_one(EvidenceItem, file_id)
    told = giveaways.kept(live.data).get(file_id)
    body = {
        "evidence": file_id,
        "at": now.isoformat(timespec="seconds"),
        "why": why,
        "conceal": [name for name in conceal if told is not None and name in told.people],
    }
    record = records.add_record(session, story, body, kind=SEALING, now=now)
    custody.record_event(
        session,
        CustodyKind.SEALING_ASKED,
        school_id=row.school_id,
        actor=custody.REPORTER,
        now=now,
        compartment=story.row,
        report_id=row.report_id,
        about=[file_id, record.ciphertext_sha256],
    )


def asked(session: Session, *, live: SealedSession) -> set[str]:
    """Give the files that this reporter asked to seal."""
    story = drafts.open_compartments(session, live=live)[keys.STORY]
    rows = records.records_of(session, [story.row.id], kinds=[SEALING])
    return {str(records.open_record(row, story.identity)["evidence"]) for row in rows}


def _place(session: Session, story: OpenCompartment, file_id: str) -> int:
    rows = records.records_of(session, [story.row.id], kinds=["listing"])
    listings = [records.open_record(row, story.identity) for row in rows]
    return arrival.place_of(arrival.in_order(listings, lambda body: body), file_id)


def _items(session: Session, live: SealedSession) -> list[EvidenceItem]:
    query = select(EvidenceItem).where(
        EvidenceItem.school_id == live.row.school_id,
        EvidenceItem.report_id == live.data["report"],
    )
    return list(session.scalars(query.order_by(EvidenceItem.received_at, EvidenceItem.id)))


def _body_of(
    session: Session, row: EvidenceItem, opened: dict[str, OpenCompartment]
) -> dict[str, Any]:
    """Open the record of an item, vouched for by its listing."""
    listing = sealing.listing_of(session, row, opened[keys.STORY])
    record = session.get(Record, row.record_id)
    if record is None:
        raise NotFoundError(row.id)
    body = records.open_record(
        record, opened[keys.EVIDENCE].identity, named_as=str(listing["record"])
    )
    if (body["evidence"], body["object"]) != (row.id, row.object_id):
        raise RecordMismatchError(row.id)
    return body
