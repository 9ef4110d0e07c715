"""Opening a copy of the database with nothing but `decrypt` and some identities."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from evidence_store import AgeError, Identity, decrypt
from portal.models import (
    Base,
    Compartment,
    CustodyEvent,
    EvidenceItem,
    Record,
    RecoveryHolder,
    Wrap,
)

SECRET = re.compile(rb"AGE-SECRET-KEY-1[0-9A-Z]{58}")
HEX = re.compile(rb"[0-9a-f]{64}")
AGE = b"age-encryption.org/v1\n"


def all_values(session: Session) -> list[bytes]:
    """Read every value of every table, as bytes."""
    found = []
    for table in inspect(session.get_bind()).get_table_names():
        for row in session.execute(text(f'SELECT * FROM "{table}"')):
            found += [as_bytes(value) for value in row if value is not None]
    assert {table.name for table in Base.metadata.sorted_tables}
    return found


def as_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()


def material(session: Session, objects: Path, *more: bytes) -> list[Identity]:
    """Make an identity of everything at hand that could be one, or be the secret of one."""
    values = [*all_values(session), *more]
    values += [path.read_bytes() for path in objects.rglob("*") if path.is_file()]
    secrets = {value for value in values if len(value) == 32}
    for value in values:
        secrets |= {bytes.fromhex(found.decode()) for found in HEX.findall(value)}
        secrets |= {value[start : start + 32] for start in range(0, len(value) - 31, 4096)}
        secrets.add(hashlib.sha256(value).digest())
    written = {found.decode() for value in values for found in SECRET.findall(value)}
    return [*map(Identity.from_secret, secrets), *map(Identity.parse, written)]


def ciphertexts(session: Session, objects: Path) -> list[bytes]:
    """Find every age file in the tables and in the object folder."""
    stored = [path.read_bytes() for path in objects.rglob("*") if path.is_file()]
    return [value for value in [*all_values(session), *stored] if value.startswith(AGE)]


def opens(data: bytes, identities: list[Identity]) -> bool:
    try:
        decrypt(data, identities)
    except AgeError:
        return False
    return True


def body(data: bytes, identity: Identity) -> dict[str, Any]:
    """Open a sealed record; what is in it is JSON."""
    opened: dict[str, Any] = json.loads(decrypt(data, [identity]))["body"]
    return opened


def with_pair(session: Session, identities: list[Identity]) -> dict[str, Identity]:
    """Open all that two recovery holders can, by compartment."""
    by_recipient = {str(one.recipient): one for one in identities}
    holders = {
        row.id: by_recipient[row.recipient]
        for row in session.scalars(select(RecoveryHolder))
        if row.recipient in by_recipient
    }
    found: dict[str, Identity] = {}
    for wrap in session.scalars(select(Wrap).where(Wrap.holder_kind == "pair")):
        first, _, second = wrap.holder_id.partition("+")
        if first in holders and second in holders:
            inner = decrypt(wrap.sealed, [holders[first]])
            found[wrap.compartment_id] = Identity.parse(body(inner, holders[second])["identity"])
    return with_cases(session, found)


def with_cases(session: Session, found: dict[str, Identity]) -> dict[str, Identity]:
    """Go on from case keys to what is sealed to them."""
    for wrap in session.scalars(select(Wrap).where(Wrap.holder_kind == "case")):
        if wrap.holder_id in found:
            opened = body(wrap.sealed, found[wrap.holder_id])
            found[wrap.compartment_id] = Identity.parse(opened["identity"])
    return found


def everything(session: Session, objects: Path, keys: dict[str, Identity]) -> list[bytes]:
    """Open every record, event and original that these keys open."""
    identities = list(keys.values())
    return [
        decrypt(data, identities)
        for data in ciphertexts(session, objects)
        if opens(data, identities)
    ]


def unopened(session: Session, keys: dict[str, Identity]) -> list[str]:
    """Name what is not opened: ids of compartments of which a record, event or file stays shut."""
    rows: list[Any] = [
        *session.scalars(select(Record)),
        *session.scalars(select(CustodyEvent).where(CustodyEvent.compartment_id.is_not(None))),
        *session.scalars(select(EvidenceItem)),
        *session.scalars(select(Compartment)),
    ]
    needed = {getattr(row, "compartment_id", row.id) for row in rows}
    return sorted(needed - set(keys))
