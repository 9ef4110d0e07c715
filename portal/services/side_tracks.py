"""Tracks beside the protocol. That of the meldcode has a key of its own, for named persons alone.

Whoever reads the case but was not named finds nothing of it: not on a page, not in the timeline,
not in a packet. The names of the persons stand sealed in the track.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import data
from portal.domain.custody_kinds import CustodyKind
from portal.domain.deadlines import local_date
from portal.domain.side_tracks import MELDCODE, TRACKS, Track, TrackStep
from portal.models import Case
from portal.services import case_keys, case_records, custody, meldcode, records
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError
from portal.services.keys import OpenCompartment
from portal.services.staff import StaffActor

SIDE_TRACK = "side_track"


@dataclass(frozen=True, slots=True)
class Done:
    """What was recorded of one step."""

    on: date
    text: str
    answer: str
    who: str


@dataclass(frozen=True, slots=True)
class Change:
    """Who came to read the track of the meldcode or left, and why."""

    on: date
    what: str
    names: list[str]
    text: str
    who: str


@dataclass(frozen=True, slots=True)
class TrackView:
    """One track as its reader sees it; not `begun`: it has no key yet, for this person."""

    track: Track
    begun: bool
    named: list[tuple[str, str]]
    """Of the meldcode: who reads it now."""
    changes: list[Change]
    """Of the meldcode: who was named or left, and why, oldest first."""
    steps: list[tuple[TrackStep, list[Done]]]


def show(session: Session, *, actor: StaffActor, case_id: str, key: str) -> TrackView:
    """Give one track with what was recorded."""
    _case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    track = data.side_tracks()[key]
    places = _places(session, actor, case_id, opened, key)
    said = [body for body in _said(session, places, SIDE_TRACK) if body["track"] == key]
    apart = places if key == MELDCODE else []
    steps = [
        (step, [_done(step, body) for body in said if body["step"] == step.key])
        for step in track.steps
    ]
    changes = [
        Change(_day(body), body["what"], body["names"], body["text"], body["who"])
        for body in _said(session, apart, meldcode.NAMED)
    ]
    return TrackView(track, bool(places), meldcode.names_of(session, apart), changes, steps)


def _day(body: Mapping[str, Any]) -> date:
    return local_date(datetime.fromisoformat(body["at"]))


def _done(step: TrackStep, body: dict[str, Any]) -> Done:
    answer = dict(step.answers).get(body["answer"], "")
    return Done(date.fromisoformat(body["on"]), body["text"], answer, body["who"])


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
    if key == MELDCODE:
        _write_apart(session, case, places[-1], actor, said, now)
    else:
        case_records.write(session, case, opened, SIDE_TRACK, said, actor, now)


def _write_apart(
    session: Session,
    case: Case,
    place: OpenCompartment,
    actor: StaffActor,
    said: dict[str, Any],
    now: datetime,
) -> None:
    """Leave the case as it was: a new day of change would tell that there is something."""
    body = case_records.signed(actor, now, said)
    row = records.add_record(session, place, body, kind=SIDE_TRACK, now=now)
    custody.record_event(
        session,
        CustodyKind.RECORD_WRITTEN,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=place.row,
        case_id=case.id,
        about=[row.id, row.ciphertext_sha256],
    )


def _places(
    session: Session, actor: StaffActor, case_id: str, opened: CaseKeys, key: str
) -> list[OpenCompartment]:
    return meldcode.places_of(session, actor, case_id) if key == MELDCODE else opened.case


def _said(session: Session, places: Sequence[OpenCompartment], kind: str) -> list[dict[str, Any]]:
    return case_keys.facts_of(session, CaseKeys(list(places), {}), kind)
