"""Reports that belong together: suggested from cards, confirmed by a person, never merged.

A link is a sealed record in both cases. No key goes from one to the other, and a page shows a link
only to somebody who reads both. Only a new incident raises the number of the report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import chain, likeness
from portal.domain.card import Words, folded
from portal.domain.rerouting import Proposal
from portal.models import Case, new_id
from portal.services import cards, case_keys, case_records, rerouting
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.staff import StaffActor

LINK = "link"
KINDS = (chain.SAME, chain.NEW, "counter_report", "other")
MOST, LONGEST_CHAIN = 12, 40


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another case with the same words on its card."""

    case_id: str
    label: str
    classes: str
    opened_at: datetime
    shared: tuple[str, ...]
    pictures: int
    """How many files are the same, byte for byte."""
    alike: int
    """How many pictures look like one of this case; a hint, and never more."""


@dataclass(frozen=True, slots=True)
class Link:
    """A confirmed link, for somebody who reads both cases."""

    id: str
    case_id: str
    label: str
    kind: str
    text: str
    who: str
    at: datetime
    count: int


def suggestions(session: Session, *, actor: StaffActor, case_id: str) -> list[Suggestion]:
    """List the cases one may read that share a name, nickname, address or picture."""
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    known = {body["other"] for body in _live(session, opened)} | {case_id}
    found = {card.case_id: card.words for card in cards.cards_of(session, actor)}
    own = cards.words_now(session, case, opened)
    compared = [
        _suggestion(session, other, own, words)
        for other, words in found.items()
        if other not in known
    ]
    hits = [one for one in compared if one is not None]
    return sorted(hits, key=_weight)[:MOST]


def _weight(one: Suggestion) -> tuple[int, str]:
    return -(len(one.shared) + one.pictures + one.alike), one.label


def _shared(own: Words, other: Words) -> tuple[str, ...]:
    found = []
    for field in ("names", "accounts", "addresses"):
        theirs = {folded(word) for word in getattr(other, field)} - {""}
        found += [word for word in getattr(own, field) if folded(word) in theirs]
    return tuple(dict.fromkeys(found))


def _suggestion(session: Session, case_id: str, own: Words, other: Words) -> Suggestion | None:
    """Compare two cards; None when they have nothing in common."""
    shared = _shared(own, other)
    same = len(set(own.pictures) & set(other.pictures))
    looks = likeness.alike(other.marks, own.marks)
    if not (shared or same or looks):
        return None
    case = session.get_one(Case, case_id)
    return Suggestion(case.id, case.label, case.classes, case.opened_at, shared, same, looks)


def links_of(session: Session, *, actor: StaffActor, case_id: str) -> list[Link]:
    """List the links of a case to cases that one reads too."""
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    return [
        _link(there[0], body)
        for body in _live(session, opened)
        if (there := _if_read(session, actor, body["other"]))
    ]


def _link(other: Case, body: dict[str, Any]) -> Link:
    return Link(
        id=body["link"],
        case_id=other.id,
        label=other.label,
        kind=body["kind"],
        text=body["text"],
        who=body["who"],
        at=datetime.fromisoformat(body["at"]),
        count=body["count"],
    )


def confirm(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    label: str,
    kind: str,
    reason: str,
    now: datetime,
) -> None:
    """Link two cases, in the session of somebody who reads both.

    Args:
        label: that of the other case.

    Raises:
        InvalidInputError: for an unknown kind, no reason, or a case one does not read: whether
            there is such a case is not told.
        ConflictError: when they are linked already.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if kind not in KINDS:
        raise InvalidInputError("kind", "unknown")
    words = case_records.checked("reason", reason)
    other, others = _named(session, actor, case, label)
    if other.id in {body["other"] for body in _live(session, opened)}:
        raise ConflictError(case_id)
    edges = _edges(session, actor, case.id) | _edges(session, actor, other.id)
    count = chain.number_of(case.id, edges | {(case.id, other.id, kind)})
    said = {"link": new_id(), "kind": kind, "text": words, "count": count}
    for place, keys, beside in ((case, opened, other), (other, others, case)):
        body = {**said, "other": beside.id}
        case_records.write(session, place, keys, LINK, body, actor, now)


def undo(
    session: Session, *, actor: StaffActor, case_id: str, link_id: str, reason: str, now: datetime
) -> None:
    """Take a link back in both cases, with a reason.

    Raises:
        NotFoundError: when there is none, or one does not read the other case.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    found = next((body for body in _live(session, opened) if body["link"] == link_id), None)
    if found is None:
        raise NotFoundError(link_id)
    words = case_records.checked(f"undo-{link_id}", reason)
    other, others = case_records.open_for(session, actor=actor, case_id=found["other"])
    for place, keys, beside in ((case, opened, other), (other, others, case)):
        said = {"link": link_id, "ended": True, "text": words, "other": beside.id}
        case_records.write(session, place, keys, LINK, said, actor, now)


def moves(session: Session, *, actor: StaffActor, case_id: str) -> tuple[int, Proposal | None]:
    """Give the number of the report by the new incidents linked, and where that leads.

    The whole chain counts, each incident once, as far as this person reads its cases: a number
    must not tell of a case that is kept from somebody. A proposal is there only while nobody
    decided about this number.
    """
    count = chain.number_of(case_id, _edges(session, actor, case_id))
    known = rerouting.known(session, actor=actor, case_id=case_id)
    if count <= (known.report_count or 1):
        return count, None
    learned = {"report_count": count}
    found = rerouting.proposal(session, actor=actor, case_id=case_id, learned=learned)
    return count, found


def _edges(session: Session, actor: StaffActor, case_id: str) -> set[chain.Edge]:
    """Walk along the links of a case, through cases that one reads and no others."""
    found: set[chain.Edge] = set()
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    seen, waiting = {case_id}, [(case_id, opened)]
    while waiting and len(seen) <= LONGEST_CHAIN:
        here, opened = waiting.pop()
        for body in _live(session, opened):
            other = str(body["other"])
            if other not in seen and (there := _if_read(session, actor, other)):
                seen.add(other)
                waiting.append((other, there[1]))
            if other in seen:
                found.add((min(here, other), max(here, other), str(body["kind"])))
    return found


def _if_read(session: Session, actor: StaffActor, case_id: str) -> tuple[Case, CaseKeys] | None:
    """Open another case for who reads it; None for who does not."""
    try:
        return case_records.open_for(session, actor=actor, case_id=case_id)
    except NotFoundError:
        return None


def _live(session: Session, opened: CaseKeys) -> list[dict[str, Any]]:
    said = case_keys.facts_of(session, opened, LINK)
    ended = {body["link"] for body in said if body.get("ended")}
    return [body for body in said if body["link"] not in ended]


def _named(session: Session, actor: StaffActor, case: Case, label: str) -> tuple[Case, CaseKeys]:
    named = select(Case.id).where(Case.school_id == case.school_id, Case.label == label.strip())
    row = session.scalar(named)
    if row is None or row == case.id:
        raise InvalidInputError("label", "no_case")
    there = _if_read(session, actor, row)
    if there is None:
        raise InvalidInputError("label", "no_case")
    return there
