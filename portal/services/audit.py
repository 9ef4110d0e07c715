"""Whether the database says the same as its custody log: keys, readers, the log itself.

Who can write to the database can change a row, but not the log without breaking its tree, and
the tree not without breaking the signed checkpoints that left the machine. Nothing here needs a
key of anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError
from evidence_store.custody import Frontier, leaf_hash, merkle_root, verify_checkpoint
from portal.domain.custody_kinds import CustodyKind
from portal.models import (
    Case,
    CaseReader,
    Compartment,
    CustodyCheckpoint,
    CustodyEvent,
    CustodyHead,
    EvidenceItem,
    Record,
    RecoveryHolder,
    Report,
    School,
    StaffMember,
    Wrap,
)
from portal.services import checkpoints, keys, vouching
from portal.services.instance_keys import InstanceKeys

DRAFT, UNSENT, FETCHED = "draft", ("draft", "diary"), 200


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree; ``code`` is a stable word."""

    school: str
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.school}: {self.code}: {self.text}"


@dataclass(frozen=True, slots=True)
class _Entry:
    row: CustodyEvent
    public: dict[str, Any]

    @property
    def told(self) -> dict[str, Any]:
        """What an event that belongs to no case says openly."""
        return vouching.parts_of(vouching.parts_of(self.public.get("open")).get("sealed"))


def check_all(
    session: Session, *, instance: InstanceKeys, store: EvidenceStore, read_all: bool = False
) -> list[Finding]:
    """Check the store and every school; ``read_all`` hashes every object."""
    report = store.fsck(read_all=read_all)
    present = frozenset(report.objects)
    findings = [Finding("store", damage.code, damage.message) for damage in report.damage]
    for school in session.scalars(select(School).order_by(School.slug)):
        entries = _entries(session, school)
        found = [
            *_log(session, school, entries),
            *_checkpoints(session, school, entries, instance),
            *_confirmations(session, school, entries),
            *_founding(session, school),
            *_wraps(session, school, entries),
            *_pairs(session, school),
            *_compartments(session, school, entries),
            *_records(session, school, entries),
            *_sealed(session, school, entries),
            *_objects(session, school, store, present, read_all=read_all),
        ]
        findings += [Finding(school.slug, code, text) for code, text in found]
    return findings


def _entries(session: Session, school: School) -> list[_Entry]:
    query = (
        select(CustodyEvent)
        .where(CustodyEvent.school_id == school.id)
        .order_by(CustodyEvent.position)
    )
    return [_Entry(row, vouching.public_of(row.public)) for row in session.scalars(query)]


def _log(session: Session, school: School, entries: list[_Entry]) -> Iterator[tuple[str, str]]:
    """The rows make up the tree whose head is kept, and say what their leaves bind."""
    frontier = Frontier()
    for number, entry in enumerate(entries):
        row, public = entry.row, entry.public
        if row.position != number:
            yield "log-gap", f"event {row.id} stands at {row.position}, expected {number}"
        if _leaf_of(public) != row.leaf:
            yield "log-event", f"event {row.id} was changed"
        if (public.get("id"), public.get("kind")) != (row.id, row.kind):
            yield "log-row", f"event {row.id} says something else than its row"
        frontier.append(row.leaf)
    head = session.scalar(select(CustodyHead).where(CustodyHead.school_id == school.id))
    try:
        kept = Frontier.from_json(head.frontier) if head is not None else Frontier()
    except EvidenceStoreError as error:
        yield "log-head", f"the head cannot be read: {error}"
        return
    if (kept.size, kept.root()) != (frontier.size, frontier.root()):
        yield "log-head", f"the head is of {kept.size} events, the log holds {frontier.size}"


def _leaf_of(public: dict[str, Any]) -> bytes:
    """Hash a public part; one that has no canonical form fits no leaf."""
    try:
        return leaf_hash(public)
    except EvidenceStoreError:
        return b""


def _checkpoints(
    session: Session, school: School, entries: list[_Entry], instance: InstanceKeys
) -> Iterator[tuple[str, str]]:
    """Each signed head is the head of the log's beginning."""
    leaves = [entry.row.leaf for entry in entries]
    public = instance.checkpoint_key(school.id).public_key()
    name = checkpoints.origin_of(school.id)
    query = select(CustodyCheckpoint).where(CustodyCheckpoint.school_id == school.id)
    for row in session.scalars(query.order_by(CustodyCheckpoint.size)):
        try:
            signed = verify_checkpoint(row.note, public, name)
        except EvidenceStoreError as error:
            yield "checkpoint", f"the checkpoint of {row.size} events does not hold: {error}"
            continue
        if signed.size > len(leaves) or merkle_root(leaves[: signed.size]) != signed.root:
            yield "checkpoint", f"the log is not the one that was signed at {signed.size} events"


def _confirmations(
    session: Session, school: School, entries: list[_Entry]
) -> Iterator[tuple[str, str]]:
    """A key counts by a confirmation in the log that no later event took away."""
    valid: dict[str, str] = {}
    for entry in entries:
        staff_id = str(entry.told.get("staff", ""))
        if entry.row.kind == CustodyKind.RECIPIENT_CONFIRMED:
            valid[staff_id] = str(entry.told.get("recipient", ""))
        elif entry.row.kind == CustodyKind.STAFF_DISABLED:
            valid.pop(staff_id, None)
    query = select(StaffMember).where(
        StaffMember.school_id == school.id, StaffMember.confirmed_at.is_not(None)
    )
    for member in session.scalars(query):
        if valid.get(member.id) != member.recipient:
            yield "recipient", f"the key of {member.code} was never confirmed in the log"


def _founding(session: Session, school: School) -> Iterator[tuple[str, str]]:
    """The recovery holders are those that the school was founded with."""
    query = select(RecoveryHolder).where(RecoveryHolder.school_id == school.id)
    kept = {(holder.recipient, holder.staff_id or "") for holder in session.scalars(query)}
    if kept != vouching.founding_holders(session, school.id):
        yield "holders", "the recovery keys are not those of the log"


def _wraps(session: Session, school: School, entries: list[_Entry]) -> Iterator[tuple[str, str]]:
    """Whoever holds a wrap is an account that may read, by the log and on the case's page."""
    query = (
        select(Wrap.holder_id, Compartment.case_id, Case.label)
        .join(Compartment, Compartment.id == Wrap.compartment_id)
        .outerjoin(Case, Case.id == Compartment.case_id)
        .where(Wrap.school_id == school.id, Wrap.holder_kind == keys.STAFF)
        .distinct()
    )
    members = {
        row.id: row
        for row in session.scalars(select(StaffMember).where(StaffMember.school_id == school.id))
    }
    live = {
        (row.case_id, row.staff_id)
        for row in session.scalars(
            select(CaseReader).where(CaseReader.school_id == school.id, CaseReader.until.is_(None))
        )
    }
    logged = vouching.readers_by_log((entry.row.kind, _about(entry)) for entry in entries)
    for staff_id, case_id, label in session.execute(query):
        member = members.get(staff_id)
        if member is None or member.confirmed_at is None or member.disabled_at is not None:
            name = member.code if member is not None else staff_id
            yield "wrap", f"{name} holds a key of {label or 'a report'} without an account for it"
        elif case_id is not None and (case_id, staff_id) not in live:
            yield "reader", f"{member.code} holds a key of case {label} and is not listed there"
        elif case_id is not None and (case_id, staff_id) not in logged:
            yield "reader", f"{member.code} was given a key of case {label} outside the log"


def _pairs(session: Session, school: School) -> Iterator[tuple[str, str]]:
    """Whoever is in a pair is a recovery holder of the log."""
    known = {holder.id for holder in vouching.recovery_holders(session, school.id)}
    query = select(Wrap.holder_id).where(Wrap.school_id == school.id, Wrap.holder_kind == keys.PAIR)
    for pair in sorted(set(session.scalars(query.distinct()))):
        if not set(pair.split("+")) <= known:
            yield "pair", f"{pair} holds keys and is no pair of recovery holders of the log"


def _compartments(
    session: Session, school: School, entries: list[_Entry]
) -> Iterator[tuple[str, str]]:
    """Every key of a case or a sent report is named in the log, with its public half."""
    marks = {item for entry in entries for item in _about(entry)}
    query = (
        select(Compartment)
        .outerjoin(Report, Report.id == Compartment.report_id)
        .where(Compartment.school_id == school.id, func.coalesce(Report.status, "") != DRAFT)
    )
    for row in session.scalars(query.order_by(Compartment.id)):
        if vouching.mark(row) not in marks:
            yield "compartment", f"the log does not know key {row.id} ({row.kind}, {row.epoch})"


def _records(session: Session, school: School, entries: list[_Entry]) -> Iterator[tuple[str, str]]:
    """Every record has the hash that its row says, and the log names it."""
    hashes = {item for entry in entries for item in _about(entry)}
    about = {item: set(_about(entry)) for entry in entries for item in _about(entry)[:1]}
    query = (
        select(Record)
        .outerjoin(Report, Report.id == Record.report_id)
        .where(Record.school_id == school.id, func.coalesce(Report.status, "").not_in(UNSENT))
    )
    for row in session.scalars(query.order_by(Record.id)).yield_per(FETCHED):
        digest = hashlib.sha256(row.ciphertext).hexdigest()
        if digest != row.ciphertext_sha256:
            yield "record", f"record {row.id} ({row.kind}) is not what was written"
        elif digest not in about.get(row.id, hashes):
            yield "record", f"the log does not know record {row.id} ({row.kind})"


def _sealed(session: Session, school: School, entries: list[_Entry]) -> Iterator[tuple[str, str]]:
    """What is kept for the police has the object that the log names, and keys for pairs alone."""
    logged = {
        about[0]: set(about)
        for entry in entries
        if entry.row.kind == CustodyKind.EVIDENCE_SEALED and (about := _about(entry))
    }
    rows = session.execute(
        select(EvidenceItem, Compartment.kind)
        .join(Compartment, Compartment.id == EvidenceItem.compartment_id)
        .where(EvidenceItem.school_id == school.id)
    )
    for item, kind in rows:
        sealed = item.sealed_record_id is not None
        named = item.ciphertext_sha256 in logged.get(item.id, ())
        if {sealed, kind == keys.SEALED, item.id in logged} != {sealed} or sealed != named:
            yield "sealed", f"item {item.id} is not sealed as the log says"
    held = (
        select(Wrap.holder_kind, Wrap.compartment_id)
        .join(Compartment, Compartment.id == Wrap.compartment_id)
        .join(Report, Report.id == Compartment.report_id)
        .where(
            Wrap.school_id == school.id,
            Compartment.kind == keys.SEALED,
            Wrap.holder_kind != keys.PAIR,
            Report.case_id.is_not(None),  # the writer of a diary holds all its keys
        )
    )
    for holder, compartment_id in session.execute(held):
        yield "sealed", f"key {compartment_id} is for the recovery pairs, and a {holder} holds it"


def _about(entry: _Entry) -> list[str]:
    return vouching.about_of(entry.public)


def _objects(
    session: Session,
    school: School,
    store: EvidenceStore,
    present: frozenset[str],
    *,
    read_all: bool,
) -> Iterator[tuple[str, str]]:
    """Every listed original is in the store, with the ciphertext that was recorded."""
    query = select(EvidenceItem).where(EvidenceItem.school_id == school.id)
    for item in session.scalars(query.order_by(EvidenceItem.id)):
        if item.object_id not in present:
            yield "evidence", f"the file of item {item.id} is missing"
        elif read_all and store.ciphertext_sha256(item.object_id) != item.ciphertext_sha256:
            yield "evidence", f"the file of item {item.id} is not the one that came in"
