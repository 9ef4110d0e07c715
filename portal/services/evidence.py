"""Evidence as staff meet it: listed, previewed on purpose, downloaded as it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from evidence_store import (
    EvidenceStore,
    EvidenceStoreError,
    Identity,
    SeekableReader,
)
from evidence_store.inspect import Derivative as Made
from evidence_store.inspect import make_preview
from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, Compartment, Derivative, EvidenceItem, Record, Report
from portal.services import case_keys, case_views, custody, derivatives, keys, records
from portal.services.arrival import in_order
from portal.services.case_keys import CaseKeys
from portal.services.drafts import short_fingerprint
from portal.services.errors import NotFoundError, RecordMismatchError
from portal.services.keys import OpenCompartment
from portal.services.staff import StaffActor
from portal.services.transaction import add_unless_there

READ_BYTES = 1 << 20
SIZES = {"blurred": 320, "clear": 1600}
SEALING = "sealing"
"""The record in which a reporter who came back asks to seal a file."""
NEUTRAL_NAME = "verzegeld bestand"
"""What stands for the name of what is kept for the police: a name can tell who sent it."""


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One evidence item with the keys at hand."""

    row: EvidenceItem
    body: dict[str, Any]
    identity: Identity
    compartment: Compartment
    case: Case
    case_key: Compartment
    """Where what is done with it is written down."""
    asked: Mapping[str, Any] | None = None
    """Whether its reporter asked to seal it, and nobody with the key came by since."""
    again: bool = False
    """Whether it is, byte for byte, what was closed in this case because of somebody naked."""

    @property
    def sealed(self) -> Mapping[str, Any]:
        """Why and since when it is kept for the police, and what copy there is; or nothing."""
        found: Mapping[str, Any] = self.body.get("sealed") or {}
        return found

    @property
    def withheld(self) -> bool:
        """Whether it is neither shown, nor handed out, nor packed."""
        return bool(self.sealed or self.asked) or is_intimate(self)


@dataclass(frozen=True, slots=True)
class SealedItem:
    """An item that is kept for the police, opened by a pair of recovery holders."""

    row: EvidenceItem
    body: dict[str, Any]
    identity: Identity


def open_items(session: Session, case: Case, opened: CaseKeys) -> list[OpenItem]:
    """Open the records of all evidence of a case, in the order of arrival.

    What somebody changed without the key is left out and noted in ``opened.changed``.
    """
    listing = aliased(Record)
    query = (
        select(EvidenceItem, Record, listing, Compartment)
        .join(Report, Report.id == EvidenceItem.report_id)
        .join(Record, Record.id == EvidenceItem.record_id)
        .join(Compartment, Compartment.id == Record.compartment_id)
        .outerjoin(listing, listing.id == EvidenceItem.listing_id)
        .where(Report.case_id == case.id, EvidenceItem.school_id == case.school_id)
    )
    identities = opened.by_compartment()
    wished = _asked_to_seal(session, opened)
    items = []
    for row, record, listed, compartment in session.execute(query):
        try:
            body = _open_item(row, record, listed, identities)
        except (RecordMismatchError, KeyError):
            opened.changed.add(row.id)
            continue
        identity, case_key = identities[compartment.id], opened.current.row
        asked = wished.get(row.id) if not body.get("sealed") else None
        items.append(OpenItem(row, body, identity, compartment, case, case_key, asked))
    shut = {item.body["sha256"] for item in items if item.sealed and is_intimate(item)}
    marked = [replace(item, again=item.body["sha256"] in shut) for item in items]
    return in_order(marked, lambda item: item.body)


def open_sealed(
    session: Session, sealed: Sequence[OpenCompartment], opened: CaseKeys
) -> list[SealedItem]:
    """Open what is known of the items in sealed compartments; readers' records vouch for it."""
    found = []
    shown = aliased(Record)
    identities = opened.by_compartment()
    for key in sealed:
        query = (
            select(EvidenceItem, Record, shown)
            .join(Record, Record.id == EvidenceItem.sealed_record_id)
            .join(shown, shown.id == EvidenceItem.record_id)
            .where(EvidenceItem.compartment_id == key.row.id)
        )
        for row, record, reduced in session.execute(query):
            try:
                listed = session.get(Record, row.listing_id)
                told = _open_item(row, reduced, listed, identities)
                named_as = str(told["sealed"]["record"])
                body = records.open_record(record, key.identity, named_as=named_as)
            except (RecordMismatchError, KeyError):
                opened.changed.add(row.id)
                continue
            found.append(SealedItem(row, body, key.identity))
    return sorted(found, key=lambda item: (item.body["at"], item.body["name"], item.row.id))


def _asked_to_seal(session: Session, opened: CaseKeys) -> dict[str, dict[str, Any]]:
    """Give what reporters who came back asked to seal, by id: why, and who of a chat they are."""
    identities = {
        item.row.id: item.identity
        for report_id in opened.reports
        for item in opened.of_report(report_id, keys.STORY)
    }
    rows = records.records_of(session, list(identities), kinds=[SEALING])
    bodies = records.open_sound(rows, identities, opened.changed)
    return {str(body["evidence"]): body for _, body in bodies}


def _open_item(
    row: EvidenceItem, record: Record, listed: Record | None, identities: Mapping[str, Identity]
) -> dict[str, Any]:
    """Open the record of an item; its listing vouches for it.

    A reporter who came back holds the key of the story, not that of the evidence.
    """
    if listed is None:
        raise RecordMismatchError(row.id)
    listing = records.open_record(listed, identities[listed.compartment_id])
    body = records.open_record(
        record, identities[record.compartment_id], named_as=str(listing["record"])
    )
    # The record binds file and item; a row that was made to point elsewhere is refused.
    if (body["evidence"], body["object"], listing["evidence"]) != (row.id, row.object_id, row.id):
        raise RecordMismatchError(row.id)
    if bool(body.get("sealed")) != (row.sealed_record_id is not None):
        raise RecordMismatchError(row.id)
    return body


def views_of(items: list[OpenItem]) -> list[case_views.EvidenceView]:
    """Make what the page shows; exhibits are numbered in the order of arrival."""
    return [_view(item, f"B{number}") for number, item in enumerate(items, 1)]


def _view(item: OpenItem, exhibit: str) -> case_views.EvidenceView:
    inspection = {} if item.asked else item.body.get("inspection") or {}
    return case_views.EvidenceView(
        id=item.row.id,
        report_id=item.row.report_id,
        exhibit=exhibit,
        name=NEUTRAL_NAME if item.asked else item.body["name"],
        size=item.body["size"],
        sha256=item.body["sha256"],
        fingerprint=short_fingerprint(item.body["sha256"]),
        media_type=inspection.get("type", "application/octet-stream"),
        preview=inspection.get("preview", "none"),
        warnings=list(inspection.get("warnings", [])),
        facts=dict(inspection.get("facts", {})),
        received_at=datetime.fromisoformat(item.body["at"]),
        intimate=is_intimate(item),
        sealed=str(item.sealed.get("why", "")) or ("asked" if item.asked else ""),
        copy=str(item.sealed.get("copy", "")),
        rest=dict(item.sealed.get("rest") or {}),
    )


def is_intimate(item: OpenItem) -> bool:
    """Whether somebody naked may be in it: such a file is not shown, fetched or packed here."""
    return item.again or bool(item.body.get("intimate", "no") != "no")


def find(session: Session, *, actor: StaffActor, case_id: str, evidence_id: str) -> OpenItem:
    """Open one item of a case.

    Raises:
        NotFoundError: when there is no such item in this case, or no key for this person.
    """
    opened = case_keys.open_case_keys(
        session,
        school_id=actor.school_id,
        staff_id=actor.id,
        identity=actor.identity,
        case_id=case_id,
    )
    case = session.get_one(Case, case_id)
    for item in open_items(session, case, opened):
        if item.row.id == evidence_id:
            return item
    raise NotFoundError(evidence_id)


def siblings(
    session: Session, *, actor: StaffActor, item: OpenItem
) -> list[case_views.EvidenceView]:
    """Show an item among the others of its case, so that its number is right."""
    opened = case_keys.open_case_keys(
        session,
        school_id=actor.school_id,
        staff_id=actor.id,
        identity=actor.identity,
        case_id=item.case.id,
    )
    return views_of(open_items(session, item.case, opened))


def preview(
    session: Session,
    *,
    actor: StaffActor,
    store: EvidenceStore,
    item: OpenItem,
    kind: str,
    now: datetime,
    noted: Callable[[str], Sequence[str]] | None = None,
) -> tuple[bytes, str]:
    """Give a preview (``blurred`` or ``clear``), made once and kept sealed.

    The caller commits before the first byte goes out.

    Args:
        noted: gets the mark of a picture that was made now, and says what the event names too.

    Raises:
        NotFoundError: when none can be made of this file.
    """
    if item.withheld:
        raise NotFoundError(item.row.id)
    mark = ""
    try:
        data, media_type, mark = _shown(session, store, item, kind, now)
    finally:  # who asked for it is in the log, also where none can be made
        if kind == "clear":
            about = noted(mark) if noted is not None and mark else ()
            log_handling(session, item, actor, CustodyKind.EVIDENCE_PREVIEWED, now, about)
    return data, media_type


def _shown(
    session: Session, store: EvidenceStore, item: OpenItem, kind: str, now: datetime
) -> tuple[bytes, str, str]:
    """Give a preview with its media type, and the mark of a picture that was made now."""
    known = derivatives.of(session, item.row, kind)
    if known is not None:
        return derivatives.opened(known, item.identity), known.media_type, ""
    inspection = item.body.get("inspection") or {}
    if inspection.get("preview") not in {"image", "video"}:
        raise NotFoundError(item.row.id)
    try:
        with reader(store, item) as source:
            made = make_preview(
                source,
                media_type=inspection["type"],
                max_px=SIZES[kind],
                blur=kind == "blurred",
            )
    except EvidenceStoreError as error:
        raise NotFoundError(item.row.id) from error
    _keep(session, item, kind, made, now)
    if made.likeness:
        mark = replace(made, data=made.likeness.encode(), media_type="text/plain")
        _keep(session, item, derivatives.LIKENESS, mark, now)
    return made.data, made.media_type, made.likeness or ""


def _keep(session: Session, item: OpenItem, kind: str, made: Made, now: datetime) -> None:
    """Keep what was made, but not when the item was sealed while it was being made."""
    unchanged = exists().where(
        EvidenceItem.id == item.row.id, EvidenceItem.object_id == item.row.object_id
    )
    row = derivatives.sealed_row(item.row, made, kind=kind, key=key_of(item), now=now)
    add_unless_there(session, Derivative, row, while_there=unchanged)


def key_of(item: OpenItem) -> OpenCompartment:
    """Give the key to which what readers see of an item is sealed."""
    return OpenCompartment(item.compartment, item.identity)


def log_download(session: Session, *, actor: StaffActor, item: OpenItem, now: datetime) -> None:
    """Write down that the original is handed out; the caller commits before the first byte.

    Raises:
        NotFoundError: for what is withheld.
    """
    if item.withheld:
        raise NotFoundError(item.row.id)
    log_handling(session, item, actor, CustodyKind.EVIDENCE_OPENED, now)


def reader(store: EvidenceStore, item: OpenItem) -> SeekableReader:
    """Open the original for reading anywhere in it."""
    return store.open(item.row.object_id, [item.identity])


def stream(store: EvidenceStore, item: OpenItem) -> Iterator[bytes]:
    """Give the original, piece by piece."""
    return stream_of(store, item.row, item.identity)


def stream_of(store: EvidenceStore, row: EvidenceItem, identity: Identity) -> Iterator[bytes]:
    """Give the original of an item with whatever key opens it, piece by piece."""
    with store.open(row.object_id, [identity]) as source:
        while data := source.read(READ_BYTES):
            yield data


def log_handling(
    session: Session,
    item: OpenItem,
    actor: StaffActor,
    kind: CustodyKind,
    now: datetime,
    about: Sequence[str] = (),
) -> None:
    """Write down that a reader saw something of an item, or fetched it."""
    custody.record_event(
        session,
        kind,
        school_id=item.case.school_id,
        actor=actor.custody,
        now=now,
        compartment=item.case_key,
        case_id=item.case.id,
        report_id=item.row.report_id,
        about=[item.row.id, *about],
        particulars={"sha256": item.body["sha256"], "file": item.body["name"]},
    )
