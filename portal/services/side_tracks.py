"""Tracks beside the protocol. That of the meldcode has a key of its own, for named persons alone.

Whoever reads the case but was not named finds nothing of it: not on a page, not in the timeline,
not in a packet. The names of the persons stand sealed in the track.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import data
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.domain.readers import ENOUGH
from portal.domain.side_tracks import MELDCODE, TRACKS, Track, TrackStep
from portal.models import Case, StaffMember
from portal.services import case_head, case_keys, case_records, custody, keys, records, vouching
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError
from portal.services.keys import OpenCompartment
from portal.services.staff import StaffActor

SIDE_TRACK, NAMED = "side_track", "side_track_named"


@dataclass(frozen=True, slots=True)
class Done:
    """What was recorded of one step."""

    on: date
    text: str
    answer: str
    who: str


@dataclass(frozen=True, slots=True)
class TrackView:
    """One track as its reader sees it; not `begun`: it has no key yet, for this person."""

    track: Track
    begun: bool
    named: list[str]
    steps: list[tuple[TrackStep, list[Done]]]


def show(session: Session, *, actor: StaffActor, case_id: str, key: str) -> TrackView:
    """Give one track with what was recorded."""
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    track = data.side_tracks()[key]
    places = _places(session, actor, case_id, opened, key)
    said = [body for body in _said(session, places, SIDE_TRACK) if body["track"] == key]
    named = [name for body in _said(session, places, NAMED) for name in body["names"]]
    steps = [
        (step, [_done(step, body) for body in said if body["step"] == step.key])
        for step in track.steps
    ]
    return TrackView(track, bool(places), named, steps)


def _done(step: TrackStep, body: dict[str, Any]) -> Done:
    answer = dict(step.answers).get(body["answer"], "")
    return Done(date.fromisoformat(body["on"]), body["text"], answer, body["who"])


def begin(
    session: Session, *, actor: StaffActor, case_id: str, named: Collection[str], now: datetime
) -> None:
    """Begin the track of the meldcode for named readers of the case, the writer among them.

    Raises:
        InvalidInputError: for fewer than two, or for somebody who does not read the case.
        ConflictError: when this person reads such a track already.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    ids = {*named, actor.id}
    readers = dict(case_head.readers_of(session, actor=actor, case_id=case_id))
    if len(ids) < ENOUGH or not ids <= set(readers):
        raise InvalidInputError("named", "two")
    if _places(session, actor, case_id, opened, MELDCODE):
        raise ConflictError(case_id)
    made = keys.new_compartment(
        session, school_id=case.school_id, kind=keys.MELDCODE, case_id=case.id
    )
    for staff_id in sorted(ids):
        _let_in(session, made, session.get_one(StaffMember, staff_id))
    names = sorted(readers[one] for one in ids)
    body = case_records.signed(actor, now, {"names": names})
    row = records.add_record(session, made, body, kind=NAMED, now=now)
    about = [vouching.mark(made.row), row.id, row.ciphertext_sha256]
    _log(session, case, made, actor, about, CustodyKind.TRACK_OPENED, now)


def _let_in(session: Session, made: OpenCompartment, member: StaffMember) -> None:
    if member.recipient is None or member.confirmed_at is None or member.disabled_at is not None:
        raise InvalidInputError("named", "two")
    keys.wrap(
        session,
        made,
        holder_kind=keys.STAFF,
        holder_id=member.id,
        recipient=member.recipient,
    )


def record(
    session: Session,
    *,
    actor: StaffActor,
    case_id: str,
    key: str,
    step: str,
    on: date | None,
    text: str,
    answer: str,
    now: datetime,
) -> None:
    """Record a step of a track.

    Raises:
        InvalidInputError: for an unknown step or answer, without words or a day that is over, or
            in a track that has no key for this person.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    if key not in TRACKS:
        raise InvalidInputError("step", "unknown")
    places = _places(session, actor, case_id, opened, key)
    found = data.side_tracks()[key].step(step)
    if found is None or not places:
        raise InvalidInputError("step", "unknown")
    if found.answers and answer not in dict(found.answers):
        raise InvalidInputError(f"answer-{step}", "unknown")
    if on is None or on > local_date(now):
        raise InvalidInputError(f"on-{step}", "past")
    words = case_records.checked(f"text-{step}", text)
    said = {"track": key, "step": step, "on": on.isoformat(), "answer": answer, "text": words}
    body = case_records.signed(actor, now, said)
    row = records.add_record(session, places[-1], body, kind=SIDE_TRACK, now=now)
    about = [row.id, row.ciphertext_sha256]
    _log(session, case, places[-1], actor, about, CustodyKind.RECORD_WRITTEN, now)


def _log(
    session: Session,
    case: Case,
    place: OpenCompartment,
    actor: StaffActor,
    about: Sequence[str],
    kind: CustodyKind,
    now: datetime,
) -> None:
    custody.record_event(
        session,
        kind,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=place.row,
        case_id=case.id,
        about=about,
    )


def _places(
    session: Session, actor: StaffActor, case_id: str, opened: CaseKeys, key: str
) -> list[OpenCompartment]:
    if key != MELDCODE:
        return opened.case
    return case_keys.open_tracks(
        session,
        school_id=actor.school_id,
        staff_id=actor.id,
        identity=actor.identity,
        case_id=case_id,
    )


def _said(session: Session, places: Sequence[OpenCompartment], kind: str) -> list[dict[str, Any]]:
    return case_keys.facts_of(session, CaseKeys(list(places), {}), kind)
