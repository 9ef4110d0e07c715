"""Sealed records: canonical JSON, padded, in an age file to one compartment.

age has neither associated data nor a sender: anyone with the database could swap or replay
records, or seal their own. So a record names what it belongs to and carries an authenticator (an
HMAC under the compartment's secret half), and both are checked after opening.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evidence_store import (
    EvidenceStoreError,
    Identity,
    Recipient,
    canonical_json,
    decrypt,
    encrypt,
    parse_canonical,
)
from portal.models import Compartment, Record, new_id
from portal.services.errors import RecordMismatchError

FORMAT = 2
SMALLEST = 256
_KEY_BYTES = 32
_PURPOSE = b"record/v1"


@dataclass(frozen=True, slots=True)
class OpenCompartment:
    """A compartment whose secret half is at hand, for the length of one request."""

    row: Compartment
    identity: Identity


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
    voucher: Identity | None = None,
) -> bytes:
    """Seal one record to a recipient (bech32); ``owner_id`` is its report or case.

    Args:
        voucher: the secret half of the recipient, for the authenticator. Without it something
            else must vouch: the public half that a wrap's secret gives, the ``commit`` of an event.
    """
    envelope = {
        "v": FORMAT,
        "kind": kind,
        "school": school_id,
        "report": owner_id,
        "id": record_id,
        "seq": seq,
        "body": dict(body),
    }
    if voucher is not None:
        envelope["mac"] = authenticator(voucher, envelope)
    return encrypt(pad(canonical_json(envelope)), [Recipient.parse(recipient)])


def authenticator(secret: Identity, envelope: Mapping[str, Any]) -> str:
    """Give the HMAC (hex) that only who holds a compartment's secret half can make."""
    key = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE)
    signed = canonical_json({name: value for name, value in envelope.items() if name != "mac"})
    return hmac.new(key.derive(str(secret).encode()), signed, "sha256").hexdigest()


def unseal(
    identity: Identity,
    ciphertext: bytes,
    *,
    kind: str,
    school_id: str,
    owner_id: str,
    record_id: str,
    seq: int = 0,
    vouched: bool = False,
) -> dict[str, Any]:
    """Open a record and check that it is the one asked for, from somebody with the key.

    Args:
        vouched: whether the caller knows by other means who wrote it.

    Raises:
        RecordMismatchError: when the content belongs to another record, or anybody can have
            written it.
    """
    envelope = parse_canonical(decrypt(ciphertext, [identity]).rstrip(b" "))
    if not vouched:
        mac = str(envelope.get("mac", "")).encode()
        if not hmac.compare_digest(mac, authenticator(identity, envelope).encode()):
            raise RecordMismatchError(record_id)
    expected = (FORMAT, kind, school_id, owner_id, record_id, seq)
    found = tuple(envelope.get(key) for key in ("v", "kind", "school", "report", "id", "seq"))
    if found != expected or not isinstance(envelope.get("body"), dict):
        raise RecordMismatchError(record_id)
    body: dict[str, Any] = envelope["body"]
    return body


def add_record(
    session: Session,
    opened: OpenCompartment,
    body: Mapping[str, Any],
    *,
    kind: str,
    now: datetime,
) -> Record:
    """Seal a body into a compartment and add its row (times to the whole hour)."""
    return _add(session, opened.row, body, kind=kind, now=now, voucher=opened.identity)


def add_unvouched(
    session: Session, compartment: Compartment, body: Mapping[str, Any], *, kind: str, now: datetime
) -> Record:
    """Add a record with the public half alone; a record elsewhere must name its hash."""
    return _add(session, compartment, body, kind=kind, now=now, voucher=None)


def _add(
    session: Session,
    compartment: Compartment,
    body: Mapping[str, Any],
    *,
    kind: str,
    now: datetime,
    voucher: Identity | None,
) -> Record:
    record = Record(
        id=new_id(),
        school_id=compartment.school_id,
        compartment_id=compartment.id,
        report_id=compartment.report_id,
        case_id=compartment.case_id,
        kind=kind,
        seq=_next_seq(session, compartment),
        at=whole_hour(now),
    )
    _fill(record, compartment, body, voucher)
    session.add(record)
    return record


def _next_seq(session: Session, compartment: Compartment) -> int:
    """Number the records of a report or a case: what came first within one second."""
    of_report = compartment.report_id is not None
    owner = Record.report_id if of_report else Record.case_id
    # Nothing is written by asking: a colleague's change in between is told where one settles.
    with session.no_autoflush:
        stored = session.scalar(select(func.max(Record.seq)).where(owner == owner_of(compartment)))
    pending = [
        row.seq
        for row in session.new
        if isinstance(row, Record)
        and (row.report_id if of_report else row.case_id) == owner_of(compartment)
    ]
    return max([stored or 0, *pending]) + 1


def replace_record(record: Record, opened: OpenCompartment, body: Mapping[str, Any]) -> None:
    """Seal a new body in place of an old one; only drafts may change what was written."""
    record.seq += 1
    _fill(record, opened.row, body, opened.identity)


def _fill(
    record: Record, compartment: Compartment, body: Mapping[str, Any], voucher: Identity | None
) -> None:
    record.ciphertext = seal(
        compartment.recipient,
        body,
        kind=record.kind,
        school_id=record.school_id,
        owner_id=owner_of(compartment),
        record_id=record.id,
        seq=record.seq,
        voucher=voucher,
    )
    record.ciphertext_sha256 = hashlib.sha256(record.ciphertext).hexdigest()


def open_record(
    record: Record, identity: Identity, *, named_as: str | None = None
) -> dict[str, Any]:
    """Open one row with the identity of its compartment.

    Args:
        named_as: SHA-256 (hex) of the ciphertext by a record that vouches for this one, where the
            writer held the public half alone.

    Raises:
        RecordMismatchError: it is damaged, another one, or written by somebody without the key.
    """
    if named_as not in {None, hashlib.sha256(record.ciphertext).hexdigest()}:
        raise RecordMismatchError(record.id)
    try:
        return unseal(
            identity,
            record.ciphertext,
            kind=record.kind,
            school_id=record.school_id,
            owner_id=record.report_id or record.case_id or "",
            record_id=record.id,
            seq=record.seq,
            vouched=named_as is not None,
        )
    except EvidenceStoreError as error:
        raise RecordMismatchError(record.id) from error


def open_sound(
    rows: Sequence[Record],
    identities: Mapping[str, Identity],
    changed: set[str],
    *,
    named: Collection[str] = (),
) -> list[tuple[Record, dict[str, Any]]]:
    """Open rows by the identities of their compartments; the ids of what is not sound go apart.

    Args:
        named: hashes of ciphertexts that records elsewhere vouch for.
    """
    found = []
    for row in rows:
        digest = hashlib.sha256(row.ciphertext).hexdigest()
        named_as = digest if digest in named else None
        try:
            body = open_record(row, identities[row.compartment_id], named_as=named_as)
            found.append((row, body))
        except RecordMismatchError:
            changed.add(row.id)
    return found


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
