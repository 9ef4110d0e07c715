"""The packet for the police: chosen evidence, dossier, proofs of its own events, signature."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import AgeError, EvidenceStore, Identity
from evidence_store.custody import inclusion_proofs, verifier_key
from evidence_store.packet import (
    DisclosedEvent,
    PacketContents,
    PacketItem,
    Signer,
    stream_packet,
)
from evidence_store.packet.readme import SIGNATURE_LINE, SUMS_LINE
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import ZONE
from portal.dossier import Check, CustodyRow, render_dossier
from portal.models import Case, Compartment, CustodyEvent
from portal.services import (
    case_records,
    cases,
    checkpoints,
    custody,
    dossiers,
    evidence,
    protocols,
    reading,
    signing,
    staff,
    traces,
)
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError, NotFoundError, RecordMismatchError
from portal.services.evidence import OpenItem
from portal.services.instance_keys import InstanceKeys
from portal.services.keys import MELDCODE
from portal.services.readiness import Parties
from portal.services.schools import SchoolView
from portal.services.staff import StaffActor

NOBODY_YET = Parties()
FILE_NAME = "aangiftepakket.zip"
FOLDER = "aangiftepakket-{label}"
EVENT_WORDS = {
    CustodyKind.CASE_OPENED: "zaak gemaakt",
    CustodyKind.REPORT_RECEIVED: "melding ontvangen",
    CustodyKind.REPORT_READ: "zaak geopend",
    CustodyKind.PARENT_CHECKED: "nagegaan wie de ouder is",
    CustodyKind.REPORT_KEPT: "bewaard, nog niet gestuurd",
    CustodyKind.ENTRY_WRITTEN: "aantekening geschreven door de melder",
    CustodyKind.REPORT_STOPPED: "melder vraagt: doe nog niets",
    CustodyKind.REPORT_RESUMED: "melder zegt: ga weer verder",
    CustodyKind.REPORT_WITHDRAWN: "melding ingetrokken",
    CustodyKind.REPORT_HELD: "langer bewaard, met reden",
    CustodyKind.REPORT_WIPED: "gewist",
    CustodyKind.EVIDENCE_TAKEN_IN: "bestand ontvangen",
    CustodyKind.EVIDENCE_PREVIEWED: "bestand bekeken",
    CustodyKind.EVIDENCE_OPENED: "origineel opgehaald",
    CustodyKind.EVIDENCE_SEALED: "origineel verzegeld",
    CustodyKind.EVIDENCE_WITHHELD: "bestand dicht, nog niet verzegeld",
    CustodyKind.SEALING_ASKED: "verzegelen gevraagd",
    CustodyKind.CASE_HANDED_OVER: "zaak overgedragen",
    CustodyKind.CASE_READER_ADDED: "lezer toegevoegd",
    CustodyKind.CASE_READER_REMOVED: "lezer verwijderd",
    CustodyKind.CASE_STEP_RECORDED: "stap vastgelegd",
    CustodyKind.MESSAGE_SENT: "bericht verstuurd",
    CustodyKind.RECORD_WRITTEN: "notitie geschreven",
    CustodyKind.ALARM_RAISED: "spoedmelding gemaakt",
    CustodyKind.ALARM_PASSED_ON: "gewaarschuwd bij spoed",
    CustodyKind.ALARM_ACKNOWLEDGED: "spoedmelding gezien",
    CustodyKind.CHECK_ANSWERED: "controlevraag beantwoord",
    CustodyKind.NOTICE_CHANGED: "bericht per mail aan of uit",
    CustodyKind.DISCLOSURE_WITHHELD: "iets niet aan de melder getoond",
    CustodyKind.DISCLOSURE_LIFTED: "alles weer aan de melder getoond",
    CustodyKind.PACKET_EXPORTED: "pakket gemaakt",
    CustodyKind.CODE_ISSUED: "code gegeven aan de melder",
    CustodyKind.CODE_DISPUTED: "met de oude code gezegd: ik nam de nieuwe niet",
    CustodyKind.IDENTITY_SHARED: "naam van de melder gedeeld",
    CustodyKind.IDENTITY_CHANGED: "melder koos opnieuw wie de naam weet",
    CustodyKind.RECOVERY_USED: "zaak geopend door herstelhouders",
}
NAMING = frozenset(
    {
        str(CustodyKind.EVIDENCE_TAKEN_IN),
        str(CustodyKind.EVIDENCE_PREVIEWED),
        str(CustodyKind.EVIDENCE_OPENED),
    }
)
"""Events whose particulars name a file."""
ACTORS = {"reporter": "de melder", "system": "het portaal"}


@dataclass(frozen=True, slots=True)
class Order:
    """What to pack, written into the log before it is packed."""

    case_id: str
    label: str
    chosen: tuple[str, ...]
    version: int


def order(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    chosen: Sequence[str],
    now: datetime,
) -> Order:
    """Write down that a packet is made of some evidence items; the caller commits.

    Raises:
        InvalidInputError: when an item does not belong to the case, or may not leave it.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    known = {
        item.row.id: item
        for item in evidence.open_items(session, case, opened)
        if not item.withheld
    }
    if set(chosen) - set(known):
        raise InvalidInputError("evidence", "unknown")
    earlier = select(CustodyEvent.id).where(
        CustodyEvent.case_id == case.id, CustodyEvent.kind == CustodyKind.PACKET_EXPORTED
    )
    version = len(list(session.scalars(earlier))) + 1
    traced = traces.note(
        session, case=case, opened=opened, actor=actor.custody, what=traces.EXPORTED, now=now
    )
    custody.record_event(
        session,
        CustodyKind.PACKET_EXPORTED,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=opened.current.row,
        case_id=case.id,
        about=[*chosen, *traced],
        particulars={
            "version": version,
            "sha256": [known[item].body["sha256"] for item in chosen],
        },
    )
    return Order(case.id, case.label, tuple(chosen), version)


def build(
    session: Session,
    *,
    actor: StaffActor,
    school: SchoolView,
    store: EvidenceStore,
    keys: InstanceKeys,
    instance_dir: Path,
    wanted: Order,
    now: datetime,
    parties: Parties = NOBODY_YET,
) -> Iterator[bytes]:
    """Make the packet of an order that is in the log; gives the zip piece by piece.

    Args:
        parties: who goes to the police and for whom, to be printed in the dossier.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=wanted.case_id)
    checkpoint = checkpoints.make(session, school_id=school.id, keys=keys, now=now)
    if checkpoint is None:
        raise NotFoundError(school.id)
    found = evidence.open_items(session, case, opened)
    everything = list(zip(found, evidence.views_of(found), strict=True))
    pairs = [(item, view) for item, view in everything if _goes_along(item, wanted)]
    sealed = [view for item, view in everything if item.sealed]
    exhibits = {view.id: view.exhibit for _, view in everything}
    shut = {item.row.id for item in found if item.withheld}
    events = _disclosed(session, case, opened, checkpoint.size, shut)
    signer = signing.signer_of(instance_dir, school=school, now=now)
    folder = f"{FOLDER.format(label=wanted.label)}-v{wanted.version}"
    view = cases.show(session, actor=actor, case_id=case.id, now=now)
    dossier = dossiers.make(
        view,
        [reading.lines_of(session, report, case.id) for report in view.reports],
        [item_view for _, item_view in pairs],
        _custody_rows(events, exhibits),
        dossiers.Frame(
            case_label=wanted.label,
            school_line=", ".join(part for part in (school.name, school.place) if part),
            author=_author(session, actor, case),
            created=now,
            version=wanted.version,
            check=_check(folder, signer),
            parties=parties,
        ),
        sealed,
    )
    images = _renditions(session, actor, store, pairs, now)
    contents = PacketContents(
        folder=folder,
        created=now.astimezone(ZONE),
        organization=school.name,
        identifier=wanted.label,
        items=[_item(store, item, view.exhibit) for item, view in pairs],
        dossier=render_dossier(dossier, images=images),
        events=events,
        checkpoint=checkpoint.note,
        checkpoint_key=verifier_key(
            checkpoints.origin_of(school.id), keys.checkpoint_key(school.id).public_key()
        ),
        signer=signer,
    )
    return stream_packet(contents)


def _goes_along(item: OpenItem, wanted: Order) -> bool:
    """What was closed, or asked to be, since it was ordered stays behind."""
    return item.row.id in wanted.chosen and not item.withheld


def _author(session: Session, actor: StaffActor, case: Case) -> str:
    """Name who makes it with the role: that of the case for its handler, else those held."""
    protocol = protocols.of_case(session, case)
    member = staff.find(session, school_id=actor.school_id, staff_id=actor.id)
    handles = actor.id == case.handler_id
    roles = [case.role_key] if handles else sorted(staff.role_keys_of(session, member))
    return ", ".join([actor.name, *map(protocol.label, roles)])


def _item(store: EvidenceStore, item: OpenItem, exhibit: str) -> PacketItem:
    return PacketItem(
        exhibit=exhibit,
        name=item.body["name"],
        sha256=item.body["sha256"],
        size=item.body["size"],
        open=lambda: evidence.stream(store, item),
    )


def _disclosed(
    session: Session, case: Case, opened: CaseKeys, size: int, shut: Collection[str]
) -> list[DisclosedEvent]:
    """Give this case's own events with proofs; no other pupil's event is shown.

    Args:
        shut: what is kept for the police; who opened it before is proven without its name.
    """
    identities = opened.by_compartment()
    # Whoever gets a packet may be who the track of the meldcode is about.
    apart = select(Compartment.id).where(Compartment.kind == MELDCODE)
    query = (
        select(CustodyEvent)
        .where(
            CustodyEvent.school_id == case.school_id,
            (CustodyEvent.case_id == case.id) | CustodyEvent.report_id.in_(opened.reports),
            CustodyEvent.position < size,
            CustodyEvent.compartment_id.is_(None) | CustodyEvent.compartment_id.not_in(apart),
        )
        .order_by(CustodyEvent.position)
    )
    rows = list(session.scalars(query))
    log = custody.SqlLog(session, case.school_id)
    leaves = list(log.leaves())[:size]
    proofs = inclusion_proofs(leaves, [row.position for row in rows])
    return [_event(row, proofs[row.position], _key_of(row, identities, shut)) for row in rows]


def _key_of(
    row: CustodyEvent, identities: Mapping[str, Identity], shut: Collection[str]
) -> Identity | None:
    names = row.kind in NAMING and not set(json.loads(row.public)["about"]).isdisjoint(shut)
    return None if names else identities.get(row.compartment_id or "")


def _event(row: CustodyEvent, proof: Sequence[bytes], identity: Any) -> DisclosedEvent:
    try:
        body = custody.open_event(row, identity) if identity is not None else None
    except (AgeError, RecordMismatchError):  # not what the log committed to, so not shown
        body = None
    return DisclosedEvent(
        index=row.position,
        public=json.loads(row.public),
        salt_hex=body["salt"] if body else None,
        sealed=body["sealed"] if body else None,
        proof=proof,
    )


def _custody_rows(
    events: Sequence[DisclosedEvent], exhibits: Mapping[str, str]
) -> list[CustodyRow]:
    return [_custody_row(event, exhibits) for event in events]


def _custody_row(event: DisclosedEvent, exhibits: Mapping[str, str]) -> CustodyRow:
    kind = str(event.public["kind"])
    sealed = event.sealed or {}
    moment = datetime.fromisoformat(str(sealed.get("at") or event.public["at"]))
    words = EVENT_WORDS.get(CustodyKind(kind), kind)
    concerned = [str(sealed["reader"])] if sealed.get("reader") else []
    return CustodyRow(
        index=event.index,
        at=moment.astimezone(ZONE),
        event=": ".join([words, *concerned]),
        who=str(sealed.get("name") or ACTORS.get(str(sealed.get("actor")), "")),
        about=" ".join(exhibits[item] for item in event.public["about"] if item in exhibits),
    )


def _check(folder: str, signer: Signer) -> Check:
    note = "Dit certificaat maakte de school zelf: het toont dat er niets veranderde."
    return Check(
        folder=folder,
        commands=(SUMS_LINE, SIGNATURE_LINE),
        certificate=signer.fingerprint,
        certificate_note=note if signer.self_made else "",
    )


def _renditions(
    session: Session,
    actor: StaffActor,
    store: EvidenceStore,
    pairs: Sequence[tuple[OpenItem, Any]],
    now: datetime,
) -> dict[str, bytes]:
    found = {}
    for item, view in pairs:
        if view.preview in {"image", "video"}:
            try:
                data, _ = evidence.preview(
                    session, actor=actor, store=store, item=item, kind="clear", now=now
                )
            except (NotFoundError, RecordMismatchError):
                continue
            found[view.exhibit] = data
    return found
