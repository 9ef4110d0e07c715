"""Who reads the track of the meldcode: named persons alone, under a key of its own.

Somebody can be named later, with a reason, and can leave; then the key is another one from there
on. Two recovery holders can open it like the case. All of this is said in the track itself: other
readers of the case, its reporters and its packets do not learn that there is one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.domain.readers import ENOUGH
from portal.models import Case, StaffMember, Wrap
from portal.services import (
    case_head,
    case_keys,
    case_records,
    custody,
    epochs,
    keys,
    records,
    vouching,
)
from portal.services.custody import Actor
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.keys import OpenCompartment
from portal.services.recovery import Recovered
from portal.services.staff import StaffActor

NAMED = "side_track_named"
BEGAN, ADDED, LEFT, RECOVERED = "began", "added", "left", "recovered"


def begin(
    session: Session, *, actor: StaffActor, case_id: str, named: Collection[str], now: datetime
) -> None:
    """Begin the track for named readers of the case, the writer among them.

    Raises:
        InvalidInputError: for fewer than two, or for somebody who does not read the case.
        ConflictError: when this person reads such a track already.
    """
    case, opened = case_records.open_for(session, actor=actor, case_id=case_id)
    ids = {*named, actor.id}
    readers = dict(case_head.readers_of(session, actor=actor, case_id=case_id))
    if len(ids) < ENOUGH or not ids <= set(readers):
        raise InvalidInputError("named", "two")
    if places_of(session, actor, case_id):
        raise ConflictError(case_id)
    made = keys.new_compartment(
        session, school_id=case.school_id, kind=keys.MELDCODE, case_id=case.id
    )
    for staff_id in sorted(ids):
        _let_in(session, made, session.get_one(StaffMember, staff_id), "named")
    holders = vouching.recovery_holders(session, case.school_id)
    shut_out = case_keys.excluded_staff(session, opened)
    keys.wrap_to_pairs(session, made, holders, excluded_staff=shut_out)
    names = sorted(readers[one] for one in ids)
    told = {"what": BEGAN, "names": names, "text": ""}
    about = [vouching.mark(made.row)]
    _say(session, case, made, actor.custody, told, now, CustodyKind.TRACK_OPENED, about)


def add(
    session: Session, *, actor: StaffActor, case_id: str, staff_id: str, reason: str, now: datetime
) -> None:
    """Let one more reader of the case read the track, all of it, with a reason.

    Raises:
        InvalidInputError: without a reason, or for somebody who does not read the case.
        NotFoundError: this person does not read the track.
        ConflictError: the other one does already.
    """
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    places = _own(session, actor, case_id)
    words = case_records.checked("why", reason)
    readers = dict(case_head.readers_of(session, actor=actor, case_id=case_id))
    if staff_id not in readers:
        raise InvalidInputError("reader", "unknown")
    member = session.get_one(StaffMember, staff_id)
    if keys.has_wrap(session, places[-1].row, staff_id):
        raise ConflictError(staff_id)
    for place in places:
        if not keys.has_wrap(session, place.row, staff_id):
            _let_in(session, place, member, "reader")
    told = {"what": ADDED, "names": [member.name], "text": words}
    _say(session, case, places[-1], actor.custody, told, now)


def leave(session: Session, *, actor: StaffActor, case_id: str, reason: str, now: datetime) -> None:
    """Read the track no more; what is written from now on has a new key.

    Raises:
        InvalidInputError: without a reason, or when fewer than two would be left.
        NotFoundError: this person does not read the track.
    """
    case, _opened = case_records.open_for(session, actor=actor, case_id=case_id)
    places = _own(session, actor, case_id)
    words = case_records.checked("leave", reason)
    if len(names_of(session, places)) <= ENOUGH:
        raise InvalidInputError("leave", "two")
    told = {"what": LEFT, "names": [actor.name], "text": words}
    _say(session, case, places[-1], actor.custody, told, now)
    ids = [place.row.id for place in places]
    session.flush()
    keys.unwrap(session, ids, holder_kind=keys.STAFF, holder_id=actor.id)
    epochs.renew_track(session, case=case, actor=actor.custody, now=now)
    case_records.settle(session, case)


def give_recovered(
    session: Session, recovered: Recovered, *, member: StaffMember, now: datetime
) -> None:
    """Let somebody who reads the case again read its track too, with two printed keys.

    Raises:
        NotFoundError: there is no track that this pair can open.
    """
    if not recovered.tracks:
        raise NotFoundError(recovered.case.label)
    for place in recovered.tracks:
        if not keys.has_wrap(session, place.row, member.id):
            _let_in(session, place, member, "staff")
    told = {"what": RECOVERED, "names": [member.name], "text": recovered.reason}
    place = recovered.tracks[-1]
    _say(session, recovered.case, place, recovered.pair.actor, told, now)


def places_of(session: Session, actor: StaffActor, case_id: str) -> list[OpenCompartment]:
    """Open the track for somebody who was named in it; empty for everybody else."""
    return case_keys.open_tracks(
        session,
        school_id=actor.school_id,
        staff_id=actor.id,
        identity=actor.identity,
        case_id=case_id,
    )


def names_of(session: Session, places: Sequence[OpenCompartment]) -> list[tuple[str, str]]:
    """Give id and name of who reads what is written to the track now."""
    if not places:
        return []
    query = (
        select(StaffMember.id, StaffMember.name)
        .join(Wrap, Wrap.holder_id == StaffMember.id)
        .where(Wrap.compartment_id == places[-1].row.id, Wrap.holder_kind == keys.STAFF)
        .order_by(StaffMember.name)
    )
    return [(row.id, row.name) for row in session.execute(query)]


def _own(session: Session, actor: StaffActor, case_id: str) -> list[OpenCompartment]:
    places = places_of(session, actor, case_id)
    if not places:
        raise NotFoundError(case_id)
    return places


def _let_in(session: Session, place: OpenCompartment, member: StaffMember, field: str) -> None:
    if member.recipient is None or member.confirmed_at is None or member.disabled_at is not None:
        raise InvalidInputError(field, "unknown")
    keys.wrap(
        session,
        place,
        holder_kind=keys.STAFF,
        holder_id=member.id,
        recipient=member.recipient,
    )


def _say(
    session: Session,
    case: Case,
    place: OpenCompartment,
    actor: Actor,
    body: dict[str, Any],
    now: datetime,
    event: CustodyKind = CustodyKind.RECORD_WRITTEN,
    about: Sequence[str] = (),
) -> None:
    """Write it in the track alone: the case itself does not change, so no list shows a trace."""
    at = now.isoformat(timespec="seconds")
    signed = {**body, "who": actor.name, "staff": actor.id, "at": at}
    row = records.add_record(session, place, signed, kind=NAMED, now=now)
    custody.record_event(
        session,
        event,
        school_id=case.school_id,
        actor=actor,
        now=now,
        compartment=place.row,
        case_id=case.id,
        about=[*about, row.id, row.ciphertext_sha256],
    )
