"""The school's custody log: events queued with a change, sealed into the tree at its commit."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import DamagedError, Identity, canonical_json
from evidence_store.custody import Frontier, commit, leaf_hash
from portal.db import begin_write
from portal.domain.custody_kinds import CustodyKind
from portal.models import Compartment, CustodyEvent, CustodyHead, School, new_id
from portal.services import records
from portal.services.errors import RecordMismatchError

FORMAT = 1
SALT_BYTES = 32
_QUEUE = "custody_queue"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a member of staff, a reporter by code, or the portal itself."""

    kind: str
    id: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind


SYSTEM = Actor("system")
REPORTER = Actor("reporter")


def record_event(
    session: Session,
    kind: CustodyKind,
    *,
    school_id: str,
    actor: Actor,
    now: datetime,
    compartment: Compartment | None = None,
    case_id: str | None = None,
    report_id: str | None = None,
    about: Sequence[str] = (),
    particulars: Mapping[str, Any] | None = None,
) -> CustodyEvent:
    """Queue one event; it gets its place in the tree when the transaction commits.

    Args:
        compartment: where salt and particulars are sealed. Without one (changes of the roster,
            which belong to no case) the particulars stand in the public part.
        about: ids of what it concerns (evidence items, staff, records).
        particulars: what only readers of the case may know; bound by the public ``commit``.
    """
    event_id = new_id()
    salt = secrets.token_bytes(SALT_BYTES)
    sealed = {**(particulars or {}), "actor": str(actor), "name": actor.name, "at": _exact(now)}
    public: dict[str, Any] = {
        "v": FORMAT,
        "id": event_id,
        "kind": str(kind),
        "school": school_id,
        "at": _exact(records.whole_hour(now)),
        "about": list(about),
        "commit": commit(salt, sealed),
    }
    if compartment is None:
        public["open"] = {"salt": salt.hex(), "sealed": sealed}
    event = CustodyEvent(
        id=event_id,
        school_id=school_id,
        position=-1,
        kind=str(kind),
        at=records.whole_hour(now),
        public=canonical_json(public).decode(),
        leaf=leaf_hash(public),
        case_id=case_id,
        report_id=report_id,
        compartment_id=compartment.id if compartment else None,
        owner_id=records.owner_of(compartment) if compartment else None,
        sealed=_seal(compartment, event_id, salt, sealed) if compartment else None,
    )
    session.info.setdefault(_QUEUE, []).append(event)
    return event


def _seal(compartment: Compartment, event_id: str, salt: bytes, sealed: Mapping[str, Any]) -> bytes:
    return records.seal(
        compartment.recipient,
        {"salt": salt.hex(), "sealed": dict(sealed)},
        kind="custody",
        school_id=compartment.school_id,
        owner_id=records.owner_of(compartment),
        record_id=event_id,
    )


def open_event(event: CustodyEvent, identity: Identity) -> dict[str, Any]:
    """Open salt and particulars of an event with the identity of its compartment.

    Raises:
        RecordMismatchError: they are not those that the log committed to.
    """
    public = json.loads(event.public)
    if event.sealed is None:
        return dict(public["open"])
    body = records.unseal(
        identity,
        event.sealed,
        kind="custody",
        school_id=event.school_id,
        owner_id=event.owner_id or "",
        record_id=event.id,
        vouched=True,
    )
    if commit(bytes.fromhex(str(body["salt"])), body["sealed"]) != public["commit"]:
        raise RecordMismatchError(event.id)
    return body


def move_sealed_part(event: CustodyEvent, identity: Identity, to: Compartment) -> None:
    """Seal salt and particulars of an event to another key; what the log committed to stays.

    Raises:
        RecordMismatchError: they are not those that the log committed to.
    """
    body = open_event(event, identity)
    event.compartment_id, event.owner_id = to.id, records.owner_of(to)
    event.sealed = _seal(to, event.id, bytes.fromhex(body["salt"]), body["sealed"])


def queued(session: Session) -> list[CustodyEvent]:
    """List the events waiting for the commit."""
    events: list[CustodyEvent] = session.info.get(_QUEUE, [])
    return events


def discard_queue(session: Session) -> None:
    """Forget events of a transaction that is rolled back."""
    session.info.pop(_QUEUE, None)


def append_queue(session: Session) -> None:
    """Put the waiting events into their school's tree. The head row is locked last."""
    events = session.info.pop(_QUEUE, [])
    for school_id in dict.fromkeys(event.school_id for event in events):
        log = SqlLog(session, school_id)
        frontier = log.head()
        for event in events:
            if event.school_id == school_id:
                event.position = frontier.size
                frontier.append(event.leaf)
                session.add(event)
        log.save(frontier)
    session.flush()


class SqlLog:
    """One school's log in the database, as the log store of `evidence_store.custody`."""

    def __init__(self, session: Session, school_id: str) -> None:
        self._session = session
        self._school_id = school_id

    def head(self) -> Frontier:
        """Read the head under a lock that lasts until the commit."""
        begin_write(self._session)
        # The school's row is locked, because a log without events has no head row yet. The lock
        # lets rows that refer to the school come in; a full one would deadlock with them.
        self._session.scalar(
            select(School.id).where(School.id == self._school_id).with_for_update(key_share=True)
        )
        row = self._row()
        return Frontier.from_json(row.frontier) if row is not None else Frontier()

    def peek(self) -> Frontier:
        """Read the head without a lock."""
        query = select(CustodyHead.frontier).where(CustodyHead.school_id == self._school_id)
        stored = self._session.scalar(query)
        return Frontier.from_json(stored) if stored is not None else Frontier()

    def save(self, frontier: Frontier) -> None:
        """Write the head back."""
        row = self._row()
        if row is None:
            row = CustodyHead(id=new_id(), school_id=self._school_id)
            self._session.add(row)
        row.size = frontier.size
        row.frontier = frontier.to_json()

    def append(self, public_json: bytes, leaf: bytes, frontier: Frontier) -> None:
        """Add a bare event, without particulars (the library's conformance suite does)."""
        if self.head().size != frontier.size - 1:
            message = "the log has grown meanwhile; nothing was written"
            raise DamagedError(message)
        self._session.add(
            CustodyEvent(
                id=new_id(),
                school_id=self._school_id,
                position=frontier.size - 1,
                kind="test",
                at=datetime.fromtimestamp(0).astimezone(),
                public=public_json.decode(),
                leaf=leaf,
            )
        )
        self.save(frontier)
        self._session.flush()

    def leaves(self) -> Iterator[bytes]:
        """Give all leaf hashes in order."""
        query = (
            select(CustodyEvent.leaf)
            .where(CustodyEvent.school_id == self._school_id)
            .order_by(CustodyEvent.position)
        )
        yield from self._session.scalars(query)

    def _row(self) -> CustodyHead | None:
        return self._session.scalar(
            select(CustodyHead)
            .where(CustodyHead.school_id == self._school_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )


def _exact(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
