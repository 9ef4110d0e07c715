"""Protocols in use: a running case keeps the one it began under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import protocols
from portal.domain.protocol import Protocol
from portal.domain.protocol_parse import parse_protocol
from portal.models import Case, ProtocolSnapshot
from portal.services.transaction import insert_unless_there


@lru_cache(maxsize=32)
def current(key: str) -> tuple[Protocol, str]:
    """Give the protocol that new cases begin under, and its version (SHA-256 of its tables)."""
    text = _as_text(key)
    return _parsed(text), hashlib.sha256(text.encode()).hexdigest()


def keep(session: Session, key: str) -> str:
    """Keep the current version of a protocol for the cases that begin under it."""
    _, version = current(key)
    if session.get(ProtocolSnapshot, version) is None:
        # The first reports of a school may come at the same instant.
        row = {"id": version, "key": key, "tables": _as_text(key)}
        session.execute(insert_unless_there(session, ProtocolSnapshot, row))
    return version


def of_case(session: Session, case: Case) -> Protocol:
    """Give the protocol that a case runs under."""
    return _parsed(session.get_one(ProtocolSnapshot, case.protocol_version).tables)


def of_versions(session: Session, versions: Collection[str]) -> dict[str, Protocol]:
    """Give the protocols of many cases in one query."""
    query = select(ProtocolSnapshot).where(ProtocolSnapshot.id.in_(versions))
    return {row.id: _parsed(row.tables) for row in session.scalars(query)}


def _as_text(key: str) -> str:
    return json.dumps(protocols.load_tables(key), ensure_ascii=False, sort_keys=True)


@lru_cache(maxsize=64)
def _parsed(text: str) -> Protocol:
    return parse_protocol(protocols.with_rules_of_today(json.loads(text)))
