"""One sealed card a case, opened in a session only: search and links look through nothing else.

Whoever may read a case opens its card; nothing of it is indexed or kept anywhere. A card is made
anew by whoever opens the case, and names what the case says by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStoreError, Identity, canonical_json
from portal.db import begin_write
from portal.domain.card import Words, words_from, words_of
from portal.domain.custody_kinds import CustodyKind
from portal.models import (
    Case,
    CaseReader,
    Compartment,
    CustodyEvent,
    Derivative,
    EvidenceItem,
    Record,
    Wrap,
)
from portal.services import case_keys, custody, derivatives, evidence, keys, records, vouching
from portal.services.case_keys import CaseKeys
from portal.services.errors import NotFoundError, RecordMismatchError
from portal.services.keys import OpenCompartment
from portal.services.staff import StaffActor

CARD, PERSON = "card", "person"
SMALLEST = 3_000
"""Bytes that every card fills up to, so that an ordinary one tells nothing by its size."""
MOST = 2_500
"""Cards that are opened at most for one answer: it must not take long."""
AT_ONCE = 250
PERSON_NAMES = ("name", "nickname")
"""Fields of a sealed record of a person that belong on the card."""


@dataclass(frozen=True, slots=True)
class Card:
    """The words of one case."""

    case_id: str
    words: Words = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cards:
    """The cards that somebody may open, and how many of their cases gave none."""

    cards: list[Card]
    missing: int


def begin(
    session: Session,
    *,
    case_key: OpenCompartment,
    answers: Mapping[str, Any],
    classes: Sequence[str],
    now: datetime,
) -> None:
    """Write the card of a case that is being made; the log names it with its report."""
    words = words_of(answers).joined(Words(classes=tuple(classes)))
    _write(session, case_key, words, now)


def refresh(session: Session, *, case: Case, opened: CaseKeys, now: datetime) -> list[str]:
    """Write the card anew where the case says something else by now.

    Returns:
        Id and hash of the new record, for the event that goes with it to name; or nothing.
    """
    words = words_now(session, case, opened)
    identities = {item.row.id: item.identity for item in opened.case}
    rows = records.records_of(session, list(identities), kinds=[CARD])
    known = [body for _, body in records.open_sound(rows, identities, set())]
    if len(known) == 1 and words_from(known[0]) == words:
        return []
    session.execute(delete(Record).where(Record.case_id == case.id, Record.kind == CARD))
    row = _write(session, opened.current, words, now)
    return [row.id, row.ciphertext_sha256]


def add_mark(
    session: Session,
    *,
    case: Case,
    opened: CaseKeys,
    item: evidence.OpenItem,
    mark: str,
    now: datetime,
) -> list[str]:
    """Put the mark of a picture on the card, beside what stands there.

    Nothing is written when the file was sealed meanwhile, or the mark stands there already.

    Returns:
        Id and hash of the new record, for the event that goes with it to name; or nothing.
    """
    begin_write(session)
    query = select(EvidenceItem.id).where(
        EvidenceItem.id == item.row.id, EvidenceItem.object_id == item.row.object_id
    )
    identities = {one.row.id: one.identity for one in opened.case}
    rows = records.records_of(session, list(identities), kinds=[CARD])
    words = Words()
    for _, body in records.open_sound(rows, identities, set()):
        words = words_from(body).joined(words)
    if mark in words.marks or session.scalar(query) is None:
        return []
    session.execute(delete(Record).where(Record.case_id == case.id, Record.kind == CARD))
    known = replace(words, marks=tuple(sorted({*words.marks, mark})))
    row = _write(session, opened.current, known, now)
    return [row.id, row.ciphertext_sha256]


def renew(session: Session, *, case: Case, opened: CaseKeys, now: datetime) -> None:
    """Write the card anew, where it must change at once, with an event of its own."""
    session.flush()
    if about := refresh(session, case=case, opened=opened, now=now):
        _log(session, case, opened, about, now)


def _log(
    session: Session, case: Case, opened: CaseKeys, about: Sequence[str], now: datetime
) -> None:
    custody.record_event(
        session,
        CustodyKind.RECORD_WRITTEN,
        school_id=case.school_id,
        actor=custody.SYSTEM,
        now=now,
        compartment=opened.current.row,
        case_id=case.id,
        about=about,
        particulars={"record": CARD},
    )


def cards_of(session: Session, actor: StaffActor) -> list[Card]:
    """Open the cards of all cases that somebody may read, the open and latest ones first."""
    return read(session, actor).cards


def read(session: Session, actor: StaffActor, *, most: int = MOST) -> Cards:
    """Open cards, and say for how many cases there is none, or no time."""
    query = (
        select(Case.id)
        .join(CaseReader, CaseReader.case_id == Case.id)
        .where(
            CaseReader.school_id == actor.school_id,
            CaseReader.staff_id == actor.id,
            CaseReader.until.is_(None),
        )
        .order_by(Case.status == "closed", Case.changed_at.desc(), Case.id)
    )
    ids = list(dict.fromkeys(session.scalars(query)))
    found: list[Card] = []
    for start in range(0, min(len(ids), most), AT_ONCE):
        found += _open(session, actor, ids[start : min(start + AT_ONCE, most)])
    return Cards(found, len(ids) - len(found))


def _open(session: Session, actor: StaffActor, case_ids: Sequence[str]) -> list[Card]:
    """Open the cards of some cases; a key that the log does not name opens none."""
    query = (
        select(Wrap, Compartment, Record)
        .join(Compartment, Compartment.id == Wrap.compartment_id)
        .join(Record, Record.compartment_id == Compartment.id)
        .where(
            Wrap.school_id == actor.school_id,
            Wrap.holder_kind == keys.STAFF,
            Wrap.holder_id == actor.id,
            Compartment.kind == keys.CASE,
            Compartment.case_id.in_(case_ids),
            Record.kind == CARD,
        )
    )
    marks = _marks(session, actor.school_id, case_ids)
    found: dict[str, Words] = {}
    for wrap, compartment, record in session.execute(query):
        case_id = compartment.case_id or ""
        if vouching.mark(compartment) in marks.get(case_id, ()):
            words = _words_in(wrap, compartment, record, actor.identity)
            if words is not None:
                found[case_id] = words.joined(found.get(case_id, Words()))
    return [Card(case_id, found[case_id]) for case_id in case_ids if case_id in found]


def _marks(session: Session, school_id: str, case_ids: Sequence[str]) -> dict[str, set[str]]:
    query = select(CustodyEvent.case_id, CustodyEvent.public).where(
        CustodyEvent.school_id == school_id,
        CustodyEvent.kind.in_(vouching.MARKING),
        CustodyEvent.case_id.in_(case_ids),
    )
    found: dict[str, set[str]] = {}
    for case_id, text in session.execute(query):
        found.setdefault(case_id or "", set()).update(vouching.about_of(vouching.public_of(text)))
    return found


def _words_in(
    wrap: Wrap, compartment: Compartment, record: Record, identity: Identity
) -> Words | None:
    try:
        opened = keys.open_wrap(wrap, compartment, identity)
        return words_from(records.open_record(record, opened.identity))
    except (EvidenceStoreError, NotFoundError, RecordMismatchError):
        return None


def words_now(session: Session, case: Case, opened: CaseKeys) -> Words:
    """Give the words of a case as it stands, also what is on no card yet."""
    stories = {
        item.row.id: item.identity
        for report_id in opened.reports
        for item in opened.of_report(report_id, keys.STORY)
    }
    rows = records.records_of(session, list(stories), kinds=["report"])
    words = Words(classes=tuple(name for name in case.classes.split(", ") if name))
    for _row, body in records.open_sound(rows, stories, opened.changed):
        words = words_of(body.get("answers") or {}).joined(words)
    for body in case_keys.facts_of(session, opened, PERSON):
        told = [str(body[key]) for key in PERSON_NAMES if body.get(key)]
        words = words.joined(Words(names=tuple(told)))
    # What is kept for the police stands on no card.
    shown = [one for one in evidence.open_items(session, case, opened) if not one.withheld]
    pictures = tuple(str(item.body["sha256"]) for item in shown)
    marks = tuple(sorted(_marks_of(session, shown, opened)))
    return words.joined(Words(pictures=pictures, marks=marks))


def _marks_of(
    session: Session, items: Sequence[evidence.OpenItem], opened: CaseKeys
) -> Iterable[str]:
    """Give the marks of the pictures of which a preview was made."""
    by_id = {item.row.id: item for item in items}
    query = select(Derivative).where(
        Derivative.evidence_id.in_(by_id), Derivative.kind == derivatives.LIKENESS
    )
    for row in session.scalars(query.order_by(Derivative.evidence_id)):
        try:
            yield derivatives.opened(row, by_id[row.evidence_id].identity).decode("ascii")
        except RecordMismatchError:
            opened.changed.add(row.id)


def _write(session: Session, key: OpenCompartment, words: Words, now: datetime) -> Record:
    body: dict[str, Any] = {name: list(value) for name, value in asdict(words).items()}
    body["fill"] = " " * max(0, SMALLEST - len(canonical_json(body)))
    return records.add_record(session, key, body, kind=CARD, now=now)
