"""Recovery by pairs: two holders with their printed keys together open one case.

No one recovers alone, a holder who is excluded from a case is in none of its pairs, and each
recovery stands in the custody log with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store import Identity, NoMatchError, decrypt
from portal.domain.custody_kinds import CustodyKind, ReaderChange
from portal.models import (
    Case,
    CaseReader,
    Compartment,
    Record,
    RecoveryHolder,
    Report,
    StaffMember,
    Wrap,
)
from portal.services import case_keys, evidence, keys, records, reporter, traces, vouching
from portal.services.case_keys import CaseKeys
from portal.services.custody import Actor, record_event
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.keys import OpenCompartment

RECOVERY = "recovery"
PAIR_SIZE = 2
NAME_NOTICE = (
    "Twee mensen van school hebben samen de noodsleutel gebruikt om je naam te zien. "
    "De reden die zij opgaven: {reason}"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two different holders of one school with their keys, in the order of their ids."""

    holders: tuple[RecoveryHolder, RecoveryHolder]
    identities: tuple[Identity, Identity]

    @property
    def wrap_id(self) -> str:
        """The holder id that wraps to this pair carry."""
        return f"{self.holders[0].id}+{self.holders[1].id}"

    @property
    def actor(self) -> Actor:
        """Both together in the custody log."""
        return Actor("recovery", self.wrap_id, " en ".join(one.name for one in self.holders))


@dataclass(frozen=True, slots=True)
class Recovered:
    """A case that a pair opened, with the keys at hand for this one command."""

    case: Case
    keys: CaseKeys
    pair: Pair
    reason: str
    tracks: list[OpenCompartment] = field(default_factory=list)
    """The track of the meldcode beside it, if there is one."""


@dataclass(frozen=True, slots=True)
class CaseState:
    """A case as recovery lists it: how many people can still read it."""

    label: str
    opened_at: datetime
    status: str
    readers: int


def pair_of(session: Session, *, school_id: str, identities: Sequence[Identity]) -> Pair:
    """Find whose two keys these are.

    Raises:
        InvalidInputError: field ``identity``: ``two_needed``, ``same`` or ``unknown``.
    """
    if len(identities) != PAIR_SIZE:
        raise InvalidInputError("identity", "two_needed")
    known = {holder.recipient: holder for holder in vouching.recovery_holders(session, school_id)}
    found = {str(identity.recipient): identity for identity in identities}
    if len(found) != PAIR_SIZE:
        raise InvalidInputError("identity", "same")
    if not set(found) <= set(known):
        raise InvalidInputError("identity", "unknown")
    first, second = sorted((known[recipient] for recipient in found), key=lambda one: one.id)
    return Pair((first, second), (found[first.recipient], found[second.recipient]))


def cases(session: Session, *, school_id: str) -> list[CaseState]:
    """List the cases of a school, those that the fewest people can read first."""
    rows = session.scalars(select(Case).where(Case.school_id == school_id))
    states = [
        CaseState(case.label, case.opened_at, case.status, _readers(session, case)) for case in rows
    ]
    return sorted(states, key=lambda state: (state.readers, state.label))


def open_case(
    session: Session,
    *,
    school_id: str,
    label: str,
    identities: Sequence[Identity],
    reason: str,
    now: datetime,
) -> Recovered:
    """Open a case and its reports with two printed keys, and log it with the reason.

    Raises:
        InvalidInputError: field ``reason`` or ``identity``.
        NotFoundError: no such case, or this pair has no part in it.
    """
    why = _reason(reason)
    pair = pair_of(session, school_id=school_id, identities=identities)
    case = session.scalar(
        select(Case).where(Case.school_id == school_id, Case.label == label.strip().upper())
    )
    if case is None:
        raise NotFoundError(label)
    compartments = keys.compartments_of_case(session, school_id, case.id)
    both = sorted(_open(session, compartments, pair), key=lambda item: item.row.epoch)
    opened = [item for item in both if item.row.kind == keys.CASE]
    if not opened:
        raise NotFoundError(label)
    found = CaseKeys(opened, _reports(session, case, opened))
    tracks = [item for item in both if item.row.kind == keys.MELDCODE]
    recovered = Recovered(case, found, pair, why, tracks)
    _log(session, recovered, "case", now)
    return recovered


def give_to(
    session: Session,
    recovered: Recovered,
    *,
    staff_code: str,
    now: datetime,
    handles: bool = False,
) -> StaffMember:
    """Let a confirmed member of staff read the case again; ``handles`` makes them its handler.

    Raises:
        InvalidInputError: field ``staff``: there is no such person.
        ForbiddenError: the person is excluded from this case, or has no confirmed key.
    """
    case = recovered.case
    member = session.scalar(
        select(StaffMember).where(
            StaffMember.school_id == case.school_id, StaffMember.code == staff_code
        )
    )
    if member is None:
        raise InvalidInputError("staff", "unknown")
    case_keys.add_reader(
        session,
        case=case,
        case_keys=recovered.keys,
        member=member,
        part="handler" if handles else "substitute",
        actor=recovered.pair.actor,
        why=ReaderChange.RECOVERED,
        now=now,
        about=traces.note(
            session,
            case=case,
            opened=recovered.keys,
            actor=recovered.pair.actor,
            what=traces.READER_ADDED,
            to=member,
            now=now,
        ),
    )
    if handles:
        case.handler_id = member.id
    return member


def reveal_name(session: Session, recovered: Recovered, *, now: datetime) -> list[dict[str, Any]]:
    """Open what the reporters of a case said of their names, and tell each of them.

    The case key never opens a name; only the pair itself does. The notice stands in the
    conversation, where the reporter sees it with the code.

    Raises:
        NotFoundError: no reporter of this case gave a name that this pair may open.
    """
    case, found, notices = recovered.case, [], []
    query = select(Report.id).where(Report.school_id == case.school_id, Report.case_id == case.id)
    for report_id in session.scalars(query):
        compartments = keys.compartments_of_report(session, case.school_id, report_id)
        named = [row for row in compartments if row.kind == keys.IDENTITY]
        told = _records_in(session, _open(session, named, recovered.pair), recovered.keys.changed)
        if told:
            found += told
            story = recovered.keys.of_report(report_id, keys.STORY)[-1]
            notices.append(_tell(session, story, recovered, now).ciphertext_sha256)
    if not found:
        raise NotFoundError(case.label)
    _log(session, recovered, "name", now, notices)
    return found


def open_sealed(
    session: Session, recovered: Recovered, *, now: datetime
) -> list[evidence.SealedItem]:
    """Open what is kept for the police in a case; only the pair itself does, and it is logged.

    Raises:
        NotFoundError: nothing is sealed in this case, or this pair may not open it.
    """
    case, found = recovered.case, []
    for report_id in recovered.keys.reports:
        compartments = keys.compartments_of_report(session, case.school_id, report_id)
        kept = [row for row in compartments if row.kind == keys.SEALED]
        opened = _open(session, kept, recovered.pair)
        found += evidence.open_sealed(session, opened, recovered.keys)
    if not found:
        raise NotFoundError(case.label)
    _log(session, recovered, "sealed", now, [item.row.id for item in found])
    return found


def stories(session: Session, recovered: Recovered) -> list[dict[str, Any]]:
    """Open every record of the case and its reports, as they were written.

    What somebody changed without the key is left out and noted in ``recovered.keys.changed``.
    """
    identities = recovered.keys.by_compartment()
    identities |= {item.row.id: item.identity for item in recovered.tracks}
    rows = [
        row
        for compartment_id in identities
        for row in _rows_of(session, recovered.case.school_id, compartment_id)
    ]
    changed = recovered.keys.changed
    listings = [row for row in rows if row.kind == "listing"]
    named = {body["record"] for _, body in records.open_sound(listings, identities, changed)}
    found = records.open_sound(rows, identities, changed, named=named)
    return [
        {"id": row.id, "kind": row.kind, "report": row.report_id or "", "body": body}
        for row, body in sorted(found, key=lambda one: (one[0].at, one[0].kind, one[0].id))
    ]


def _open(
    session: Session, compartments: Sequence[Compartment], pair: Pair
) -> list[OpenCompartment]:
    """Open the wraps to a pair: the first holder's layer, then the second's."""
    if not compartments:
        return []
    first = compartments[0]
    sound = vouching.vouched(
        session,
        compartments,
        school_id=first.school_id,
        report_id=first.report_id,
        case_id=first.case_id,
    )
    by_id = {row.id: row for row in sound}
    query = select(Wrap).where(
        Wrap.compartment_id.in_(by_id),
        Wrap.holder_kind == keys.PAIR,
        Wrap.holder_id == pair.wrap_id,
    )
    opened = []
    for row in session.scalars(query):
        try:
            inner = decrypt(row.sealed, [pair.identities[0]])
        except NoMatchError as error:
            raise NotFoundError(row.id) from error
        layer = Wrap(
            id=row.id,
            school_id=row.school_id,
            compartment_id=row.compartment_id,
            holder_kind=row.holder_kind,
            holder_id=row.holder_id,
            sealed=inner,
        )
        opened.append(keys.open_wrap(layer, by_id[row.compartment_id], pair.identities[1]))
    return opened


def _reports(
    session: Session, case: Case, opened: Sequence[OpenCompartment]
) -> dict[str, list[OpenCompartment]]:
    """Open the reports of a case with its key, each from the oldest epoch to the newest."""
    query = select(Report.id).where(Report.school_id == case.school_id, Report.case_id == case.id)
    found = {}
    for report_id in session.scalars(query):
        items = [
            item
            for case_key in opened
            for item in keys.open_for(
                session,
                school_id=case.school_id,
                holder_kind=keys.CASE_KEY,
                holder_id=case_key.row.id,
                identity=case_key.identity,
                report_id=report_id,
            )
        ]
        found[report_id] = sorted(items, key=lambda item: item.row.epoch)
    return found


def _records_in(
    session: Session, opened: Sequence[OpenCompartment], changed: set[str]
) -> list[dict[str, Any]]:
    identities = {item.row.id: item.identity for item in opened}
    rows = records.records_of(session, list(identities), kinds=[keys.IDENTITY])
    return [body for _, body in records.open_sound(rows, identities, changed)]


def _rows_of(session: Session, school_id: str, compartment_id: str) -> list[Record]:
    query = select(Record).where(
        Record.school_id == school_id, Record.compartment_id == compartment_id
    )
    return list(session.scalars(query))


def _tell(session: Session, story: OpenCompartment, recovered: Recovered, now: datetime) -> Record:
    body = {
        "who": "portal",
        "text": NAME_NOTICE.format(reason=recovered.reason),
        "at": now.isoformat(timespec="seconds"),
    }
    return records.add_record(session, story, body, kind=reporter.NOTICE, now=now)


def _log(
    session: Session, recovered: Recovered, what: str, now: datetime, written: Sequence[str] = ()
) -> None:
    """Name it in the log; the reason, which may hold names, is sealed in the case."""
    case, where, pair = recovered.case, recovered.keys.current, recovered.pair
    body = {
        "what": what,
        "text": recovered.reason,
        "who": pair.actor.name,
        "at": now.isoformat(timespec="seconds"),
    }
    row = records.add_record(session, where, body, kind=RECOVERY, now=now)
    named = [case.id, *(holder.id for holder in pair.holders), row.id, row.ciphertext_sha256]
    record_event(
        session,
        CustodyKind.RECOVERY_USED,
        school_id=case.school_id,
        actor=pair.actor,
        now=now,
        compartment=where.row,
        case_id=case.id,
        about=[*named, *written],
        particulars={"what": what},
    )


def _readers(session: Session, case: Case) -> int:
    """Count the people who hold a wrap of the case's newest key."""
    newest = keys.newest(keys.compartments_of_case(session, case.school_id, case.id), keys.CASE)
    holders = set(
        session.scalars(
            select(Wrap.holder_id).where(
                Wrap.compartment_id == newest.id, Wrap.holder_kind == keys.STAFF
            )
        )
    )
    live = {
        row.staff_id
        for row in session.scalars(
            select(CaseReader).where(CaseReader.case_id == case.id, CaseReader.until.is_(None))
        )
    }
    return len(holders & live)


def _reason(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise InvalidInputError("reason", "missing")
    return words[:500]
