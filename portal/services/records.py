"""Sealed records: canonical JSON, padded, in an age file to one compartment.

age has neither associated data nor a sender, so a record names what it belongs to and that is
checked after opening; otherwise anyone with the database could swap or replay records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import Identity, Recipient, canonical_json, decrypt, encrypt, parse_canonical
from portal.models import Compartment, Record, new_id
from portal.services.errors import RecordMismatchError

FORMAT = 1
SMALLEST = 256


def pad(data: bytes) -> bytes:
    """Fill up with spaces to a power of two from 256 bytes, so that sizes tell little."""
    target = SMALLEST
    while target < len(data):
        target *= 2
    return data + b" " * (target - len(data))


def seal(
    recipient: str,
    body: Mapping[str, Any],
    *,
    kind: str,
    school_id: str,
    owner_id: str,
    record_id: str,
    seq: int = 0,
) -> bytes:
    """Seal one record to a recipient (bech32); ``owner_id`` is its report or case."""
    envelope = {
        "v": FORMAT,
        "kind": kind,
        "school": school_id,
        "report": owner_id,
        "id": record_id,
        "seq": seq,
        "body": dict(body),
    }
    return encrypt(pad(canonical_json(envelope)), [Recipient.parse(recipient)])


def unseal(
    identity: Identity,
    ciphertext: bytes,
    *,
    kind: str,
    school_id: str,
    owner_id: str,
    record_id: str,
    seq: int = 0,
) -> dict[str, Any]:
    """Open a record and check that it is the one asked for.

    Raises:
        RecordMismatchError: when the content belongs to another record.
    """
    envelope = parse_canonical(decrypt(ciphertext, [identity]).rstrip(b" "))
    expected = (FORMAT, kind, school_id, owner_id, record_id, seq)
    found = tuple(envelope.get(key) for key in ("v", "kind", "school", "report", "id", "seq"))
    if found != expected or not isinstance(envelope.get("body"), dict):
        raise RecordMismatchError(record_id)
    body: dict[str, Any] = envelope["body"]
    return body


def add_record(
    session: Session,
    compartment: Compartment,
    body: Mapping[str, Any],
    *,
    kind: str,
    now: datetime,
    seq: int = 0,
) -> Record:
    """Seal a body into a compartment and add its row (times to the whole hour)."""
    record_id = new_id()
    ciphertext = seal(
        compartment.recipient,
        body,
        kind=kind,
        school_id=compartment.school_id,
        owner_id=owner_of(compartment),
        record_id=record_id,
        seq=seq,
    )
    record = Record(
        id=record_id,
        school_id=compartment.school_id,
        compartment_id=compartment.id,
        report_id=compartment.report_id,
        case_id=compartment.case_id,
        kind=kind,
        seq=seq,
        at=whole_hour(now),
        ciphertext=ciphertext,
        ciphertext_sha256=hashlib.sha256(ciphertext).hexdigest(),
    )
    session.add(record)
    return record


def replace_record(record: Record, compartment: Compartment, body: Mapping[str, Any]) -> None:
    """Seal a new body in place of an old one; only drafts may change what was written."""
    record.seq += 1
    record.ciphertext = seal(
        compartment.recipient,
        body,
        kind=record.kind,
        school_id=record.school_id,
        owner_id=owner_of(compartment),
        record_id=record.id,
        seq=record.seq,
    )
    record.ciphertext_sha256 = hashlib.sha256(record.ciphertext).hexdigest()


def open_record(record: Record, identity: Identity) -> dict[str, Any]:
    """Open one row with the identity of its compartment."""
    return unseal(
        identity,
        record.ciphertext,
        kind=record.kind,
        school_id=record.school_id,
        owner_id=record.report_id or record.case_id or "",
        record_id=record.id,
        seq=record.seq,
    )


def records_of(
    session: Session, compartments: Sequence[str], *, kinds: Sequence[str]
) -> list[Record]:
    """Read the rows of some kinds in some compartments, oldest first."""
    query = (
        select(Record)
        .where(Record.compartment_id.in_(compartments), Record.kind.in_(kinds))
        .order_by(Record.at, Record.seq, Record.id)
    )
    return list(session.scalars(query))


def owner_of(compartment: Compartment) -> str:
    """Give the report or case a compartment belongs to."""
    return compartment.report_id or compartment.case_id or ""


def whole_hour(moment: datetime) -> datetime:
    """Cut an instant to its hour: what stands in clear must not tell minutes."""
    return moment.replace(minute=0, second=0, microsecond=0)
