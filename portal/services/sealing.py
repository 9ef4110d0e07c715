"""Sealing an item for the police: nobody at school opens it any more, two recovery holders do.

The object gets a new header for the sealed compartment of its report; name and facts move there
too. What readers of the case keep is size, time and digest, and a cleaned copy where one can be
made. Making these takes time, so it is done first; then one transaction swaps the rows, and the old
object goes after its commit. A crash leaves at worst an orphan.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError, Recipient
from evidence_store.inspect import Derivative as Made
from evidence_store.inspect import Rest, make_cleaned, make_without
from evidence_store.rehead import ReheadedItem
from portal.db import begin_write
from portal.domain.custody_kinds import CustodyKind
from portal.models import Compartment, CustodyEvent, Derivative, EvidenceItem, Record, Wrap
from portal.services import custody, derivatives, evidence, keys, records, vouching
from portal.services.custody import Actor
from portal.services.errors import ConflictError, NotFoundError
from portal.services.keys import OpenCompartment
from portal.services.transaction import destroy_after_commit

BY_REPORTER, INTIMATE, BY_STAFF = "reporter", "intimate", "staff"
"""Why something is sealed: its reporter chose so, or says that, or somebody should not see it."""
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An item with what is known of it, and the keys that it takes to seal it."""

    row: EvidenceItem
    body: Mapping[str, Any]
    listing: Mapping[str, Any]
    story: OpenCompartment
    """Where its listing stands."""
    evidence: OpenCompartment
    """What opens object and record now, and what readers of the case will open."""
    sealed: Compartment | None
    """Where it is sealed to; None where nobody could open it there."""
    log: Compartment
    """Where it is written down."""
    place: int
    """Where it stands among those that came with it, as long as it has a name."""
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """An item whose new object and cleaned copy are made; the database does not know of them."""

    store: EvidenceStore
    held: Held
    to: Compartment
    why: str
    moved: ReheadedItem
    copy: Made | None
    rest: Rest | None = None
    """What else was in a zip of which staff should not see something."""


def make_ready(
    store: EvidenceStore,
    held: Held,
    *,
    why: str,
    conceal: Sequence[str] = (),
    without: Sequence[int] = (),
) -> Ready:
    """Make what sealing an item takes; slow, so outside of any write transaction.

    Args:
        conceal: how a chat or mail names the reporter, for the cleaned copy.
        without: places of the members of a zip that nobody should see; the others stay, if they
            can be copied.

    Raises:
        NotFoundError: nobody could ever open it again.
        EvidenceStoreError, OSError: the object cannot be read or written; nothing is left then.
    """
    if held.sealed is None:
        raise NotFoundError(held.row.id)
    identities = [held.evidence.identity]
    copy = _cleaned(store, held, conceal) if why == BY_REPORTER else None
    rest = rest_of_original(store, held, without) if without else None
    to = [Recipient.parse(held.sealed.recipient)]
    return Ready(
        store, held, held.sealed, why, store.rehead(held.row.object_id, identities, to), copy, rest
    )


def rest_of_original(store: EvidenceStore, held: Held, without: Sequence[int]) -> Rest | None:
    """Copy a zip without some members; None where that cannot be done."""
    try:
        with store.open(held.row.object_id, [held.evidence.identity]) as source:
            return make_without(source, without)
    except EvidenceStoreError:
        return None


def seal(session: Session, ready: Ready, *, actor: Actor, now: datetime) -> None:
    """Move an item out of reach of everybody but the recovery pairs.

    Raises:
        ConflictError: somebody changed it meanwhile.
    """
    before = ready.held.row.object_id
    try:
        _swap(session, ready, actor, now)
    except BaseException:
        with contextlib.suppress(EvidenceStoreError, OSError):
            ready.store.destroy(ready.moved.id)
        raise
    destroy_after_commit(session, ready.store, before)


def shut(session: Session, held: Held, *, actor: Actor, now: datetime) -> None:
    """Keep an item from every reader where nobody could open it once it is sealed.

    Its previews go, and the portal shows and gives it to nobody; readers' keys still open its
    object. It is sealed at the first opening of the case after two holders can.

    Raises:
        ConflictError: somebody changed it meanwhile.
    """
    _rewrite(session, held, {}, {}, CustodyKind.EVIDENCE_WITHHELD, actor, now)


def close_copy(
    session: Session, held: Held, *, actor: Actor, now: datetime, rest: Rest | None = None
) -> None:
    """Take the copy of a sealed item from every reader: it shows what the original does.

    Args:
        rest: what stays of a zip's copy of which one more member goes.

    Raises:
        ConflictError: somebody changed it meanwhile.
    """
    sealed = {name: value for name, value in held.body["sealed"].items() if name != "rest"}
    told = {"sealed": {**sealed, "why": BY_STAFF, "copy": "", **_said_of(rest)}}
    listed = {"sealed": BY_STAFF}
    kind = CustodyKind.EVIDENCE_SEALED
    row = _rewrite(session, held, told, listed, kind, actor, now)
    if rest is not None:
        _keep(session, held, row, rest.made, derivatives.REST, now)


def _rewrite(
    session: Session,
    held: Held,
    told: Mapping[str, Any],
    listed: Mapping[str, Any],
    kind: CustodyKind,
    actor: Actor,
    now: datetime,
) -> EvidenceItem:
    """Write what readers see of an item anew: nothing of what is in it; previews go."""
    begin_write(session)
    row = session.get(EvidenceItem, held.row.id, with_for_update=True, populate_existing=True)
    before = session.get(Record, row.record_id) if row is not None else None
    if row is None or before is None or before.ciphertext_sha256 != held.listing["record"]:
        raise ConflictError(held.row.id)
    old = [row.record_id, row.listing_id]
    unseen = {"intimate": "yes", "inspection": {"type": UNKNOWN, "preview": "none"}}
    body = {**held.body, **unseen, **told}
    shown = records.add_unvouched(session, held.evidence.row, body, kind="evidence", now=now)
    listing = {**held.listing, **listed, "record": shown.ciphertext_sha256}
    written = records.add_record(session, held.story, listing, kind="listing", now=now)
    session.execute(delete(Derivative).where(Derivative.evidence_id == row.id))
    row.record_id, row.listing_id = shown.id, written.id
    session.flush()
    session.execute(delete(Record).where(Record.id.in_(old)))
    _log(session, held, row, [shown, written], BY_STAFF, actor, now, kind)
    return row


def _log(
    session: Session,
    held: Held,
    row: EvidenceItem,
    written: Sequence[Record],
    why: str,
    actor: Actor,
    now: datetime,
    kind: CustodyKind = CustodyKind.EVIDENCE_SEALED,
) -> None:
    custody.record_event(
        session,
        kind,
        school_id=row.school_id,
        actor=actor,
        now=now,
        compartment=held.log,
        report_id=row.report_id,
        case_id=held.case_id,
        about=[row.id, *(one.ciphertext_sha256 for one in written), row.ciphertext_sha256],
        particulars={
            "sha256": held.body["sha256"],
            "ciphertext_sha256": row.ciphertext_sha256,
            "size": held.body["size"],
            "why": why,
        },
    )


def _cleaned(store: EvidenceStore, held: Held, conceal: Sequence[str]) -> Made | None:
    inspection = held.body.get("inspection") or {}
    try:
        with store.open(held.row.object_id, [held.evidence.identity]) as source:
            return make_cleaned(source, media_type=str(inspection.get("type", "")), conceal=conceal)
    except EvidenceStoreError:
        return None  # of other types there is no copy: they are listed by size and time


def _swap(session: Session, ready: Ready, actor: Actor, now: datetime) -> None:
    held = ready.held
    begin_write(session)
    row = session.get(EvidenceItem, held.row.id, with_for_update=True, populate_existing=True)
    if row is None or row.sealed_record_id or row.object_id != held.body["object"]:
        raise ConflictError(held.row.id)
    old = [row.record_id, row.listing_id]
    written = _write_records(session, ready, now)
    kept, shown, listed = written
    session.execute(delete(Derivative).where(Derivative.evidence_id == row.id))
    if ready.copy is not None:
        _keep(session, held, row, ready.copy, derivatives.CLEANED, now)
    if ready.rest is not None:
        _keep(session, held, row, ready.rest.made, derivatives.REST, now)
    row.compartment_id, row.sealed_record_id = ready.to.id, kept.id
    row.record_id, row.listing_id = shown.id, listed.id
    row.object_id, row.ciphertext_sha256 = ready.moved.id, ready.moved.ciphertext_sha256
    session.flush()
    session.execute(delete(Record).where(Record.id.in_(old)))
    _move_events(session, held, ready.to)
    _log(session, held, row, written, ready.why, actor, now)


def _keep(
    session: Session, held: Held, row: EvidenceItem, made: Made, kind: str, now: datetime
) -> None:
    values = derivatives.sealed_row(row, made, kind=kind, key=held.evidence, now=now)
    session.execute(insert(Derivative).values(values))


def _said_of(rest: Rest | None) -> dict[str, Any]:
    """Say of a copy without something that it is one, and of what."""
    if rest is None:
        return {}
    told = {"members": rest.members, "left_out": rest.left_out, "names": rest.names}
    size = {"sha256": rest.sha256, "size": len(rest.made.data)}
    return {"copy": rest.made.media_type, "rest": {**told, **size}}


def _write_records(session: Session, ready: Ready, now: datetime) -> tuple[Record, Record, Record]:
    """Write all that is known for the pairs, what remains for readers, and a listing of that."""
    held, why = ready.held, ready.why
    moved = {
        "object": ready.moved.id,
        "ciphertext_sha256": ready.moved.ciphertext_sha256,
    }
    whole = {**held.body, **moved}
    kept = records.add_unvouched(session, ready.to, whole, kind="evidence", now=now)
    shown = records.add_unvouched(
        session,
        held.evidence.row,
        {
            **{name: held.body[name] for name in ("evidence", "size", "sha256", "at")},
            **moved,
            "name": evidence.NEUTRAL_NAME,
            "place": held.place,
            "declared_type": "",
            "intimate": "yes" if why != BY_REPORTER else held.body.get("intimate", "no"),
            "inspection": {"type": _shown_type(held, why), "preview": "none"},
            "sealed": {
                "why": why,
                "record": kept.ciphertext_sha256,
                "at": now.isoformat(timespec="seconds"),
                "copy": ready.copy.media_type if ready.copy else "",
                **_said_of(ready.rest),
            },
        },
        kind="evidence",
        now=now,
    )
    listing = {
        **held.listing,
        "name": evidence.NEUTRAL_NAME,
        "place": held.place,
        "sealed": why,
        "record": shown.ciphertext_sha256,
    }
    return kept, shown, records.add_record(session, held.story, listing, kind="listing", now=now)


def _shown_type(held: Held, why: str) -> str:
    """Say what kind of file it is, unless even that is nobody's business."""
    inspection = held.body.get("inspection") or {}
    return str(inspection.get("type", UNKNOWN)) if why == BY_REPORTER else UNKNOWN


def _move_events(session: Session, held: Held, to: Compartment) -> None:
    """Seal what the log says of its arrival to the pairs: the name stands there too."""
    query = select(CustodyEvent).where(
        CustodyEvent.report_id == held.row.report_id,
        CustodyEvent.kind == str(CustodyKind.EVIDENCE_TAKEN_IN),
        CustodyEvent.compartment_id == held.evidence.row.id,
    )
    for event in session.scalars(query):
        if held.row.id in vouching.about_of(vouching.public_of(event.public)):
            custody.move_sealed_part(event, held.evidence.identity, to)


def can_be_opened(session: Session, sealed: Compartment) -> bool:
    """Whether any pair holds the key: where too few may, sealing would be losing."""
    query = select(Wrap.id).where(Wrap.compartment_id == sealed.id, Wrap.holder_kind == keys.PAIR)
    return session.scalar(query.limit(1)) is not None


def compartment_of(session: Session, school_id: str, report_id: str) -> Compartment:
    """Find the sealed compartment of a sent report, as far as the log knows it.

    Raises:
        NotFoundError: there is none.
    """
    rows = keys.compartments_of_report(session, school_id, report_id)
    sound = vouching.vouched(session, rows, school_id=school_id, report_id=report_id)
    found = keys.newest(sound, keys.SEALED)
    if not can_be_opened(session, found):
        raise NotFoundError(found.id)
    return found


def listing_of(session: Session, row: EvidenceItem, story: OpenCompartment) -> dict[str, Any]:
    """Open the listing of an item."""
    record = session.get(Record, row.listing_id)
    if record is None or record.compartment_id != story.row.id:
        raise NotFoundError(row.id)
    return records.open_record(record, story.identity)
