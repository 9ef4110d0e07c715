"""Who may know the reporter's name, chosen again after sending.

Who has read a name has read it. What changes is who can open it from now on: every choice begins
a new key of the name, sealed to those chosen and to nobody else, and the old keys and records go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, CaseReader, Record, StaffMember
from portal.services import (
    case_keys,
    drafts,
    epochs,
    keys,
    records,
    reins,
    reports,
    roster,
    sessions,
    traces,
    vouching,
)
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.keys import OpenCompartment
from portal.services.routing import ALSO
from portal.services.sessions import SealedSession

NOBODY, ROLE, HANDLERS, PERSONS = "nobody", "role", "handlers", "persons"
CHOICES = (NOBODY, PERSONS, HANDLERS, ROLE)
TEXT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Named:
    """The name as its reporter gave it, and who can open it now."""

    who: str = NOBODY
    name: str = ""
    contact: str = ""
    role: str = ""
    staff: tuple[str, ...] = ()
    """Ids of the persons who hold a key of the name."""


def possible(session: Session, *, live: SealedSession) -> bool:
    """Whether this report can hold a name: one that staff wrote down cannot."""
    return keys.IDENTITY in drafts.open_compartments(session, live=live)


def current(session: Session, *, live: SealedSession) -> Named:
    """Open the reporter's own name and say who can."""
    opened = drafts.open_compartments(session, live=live).get(keys.IDENTITY)
    if opened is None:
        return Named()
    rows = records.records_of(session, [opened.row.id], kinds=["identity"])
    sound = records.open_sound(rows, {opened.row.id: opened.identity}, set())
    if not sound:
        return Named()
    body = sound[-1][1]
    report = reins.report_of(session, live)
    case = session.get_one(Case, report.case_id)
    readers = _seen_readers(session, live, case)
    holding = [row.staff_id for row in readers if keys.has_wrap(session, opened.row, row.staff_id)]
    return Named(
        who=str(body.get("who", NOBODY)),
        name=str(body.get("name", "")),
        contact=str(body.get("contact", "")),
        role=str(body.get("role", "")),
        staff=tuple(holding),
    )


def choose(session: Session, *, live: SealedSession, wanted: Named, now: datetime) -> list[str]:
    """Let the name be for others from now on, or for nobody. Returns the ids of who got it.

    Raises:
        InvalidInputError: ``name`` without a name, ``staff`` when nobody of those chosen reads it.
        NotFoundError: when the report is gone, or was written down by staff and has no name.
    """
    if wanted.who not in CHOICES:
        raise InvalidInputError("who", "unknown")
    if max(len(wanted.name), len(wanted.contact)) > TEXT_LIMIT:
        raise InvalidInputError("name", "too_long")
    old = drafts.open_compartments(session, live=live).get(keys.IDENTITY)
    report = reins.report_of(session, live)
    if old is None:
        raise NotFoundError(keys.IDENTITY)
    case = session.get_one(Case, report.case_id)
    chosen = _chosen(session, live, case, wanted)
    if wanted.who != NOBODY and not wanted.name.strip():
        raise InvalidInputError("name", "name")
    if wanted.who != NOBODY and not chosen:
        raise InvalidInputError("who", "staff")
    fresh = _new_epoch(session, live, old)
    public: dict[str, Any] = {"who": wanted.who}
    if wanted.role and wanted.who == ROLE:
        public["role"] = wanted.role
    hashes = _write(session, fresh, old, wanted, public, chosen, now)
    reins.decide(
        session,
        live=live,
        what=reins.NAME,
        kind=CustodyKind.IDENTITY_CHANGED,
        body={"name": public},
        now=now,
        marks=[vouching.mark(fresh.row), *hashes],
    )
    given = [member.id for member in chosen]
    if given:
        story = reins.story_of(session, live)
        reports.note_sharing(session, case, report.id, story, given, now)
    live.data["keys"] = {**live.data["keys"], fresh.row.id: str(fresh.identity)}
    sessions.save(live)
    return given


def _seen_readers(session: Session, live: SealedSession, case: Case) -> list[CaseReader]:
    """List who reads the case, without those whom the school keeps from the reporter's sight."""
    readers = case_keys.readers_of(session, case, live_only=True)
    stories = reins.stories_of(session, live)
    rows = records.records_of(session, list(stories), kinds=[traces.SHOWN])
    for _row, body in records.open_sound(rows, stories, set())[-1:]:
        return [row for row in readers if row.staff_id in body["staff"]]
    return readers


def _chosen(session: Session, live: SealedSession, case: Case, wanted: Named) -> list[StaffMember]:
    """Find who of the present readers is meant; nobody else ever gets a name."""
    if wanted.who == NOBODY:
        return []
    people = roster.roster_of(session, case.school_id)
    logged = {staff_id for _, staff_id in vouching.readers_by_log(epochs.reading(session, case))}
    found = []
    for row in _seen_readers(session, live, case):
        member = session.get_one(StaffMember, row.staff_id)
        one = people.member(member.id)
        roles = {held.role for held in one.roles} if one is not None else set()
        meant = {
            PERSONS: member.id in wanted.staff,
            HANDLERS: row.part != ALSO,
            ROLE: wanted.role in roles,
        }[wanted.who]
        usable = member.recipient and member.confirmed_at and member.disabled_at is None
        if meant and usable and member.id in logged:
            found.append(member)
    return found


def _new_epoch(session: Session, live: SealedSession, old: OpenCompartment) -> OpenCompartment:
    """Make a new key of the name for the reporter's code; the old one loses its other holders."""
    fresh = keys.new_compartment(
        session,
        school_id=old.row.school_id,
        kind=keys.IDENTITY,
        report_id=old.row.report_id,
        epoch=old.row.epoch + 1,
    )
    story = reins.story_of(session, live)
    for code in vouching.live_codes(session, story.row):
        keys.wrap(
            session, fresh, holder_kind=keys.CODE, holder_id=code.id, recipient=code.recipient
        )
    return fresh


def _write(
    session: Session,
    fresh: OpenCompartment,
    old: OpenCompartment,
    wanted: Named,
    public: dict[str, Any],
    chosen: list[StaffMember],
    now: datetime,
) -> list[str]:
    """Seal the name anew, or nowhere at all. Returns the hashes that the log must name."""
    earlier = [
        row.id
        for row in keys.compartments_of_report(session, old.row.school_id, old.row.report_id or "")
        if row.kind == keys.IDENTITY
    ]
    pairs = epochs.pair_members(session, keys.SEALED, old.row)
    hashes = []
    if chosen:
        body = {**public, "name": wanted.name.strip()}
        if wanted.contact.strip():
            body["contact"] = wanted.contact.strip()
        record = records.add_record(session, fresh, body, kind="identity", now=now)
        hashes.append(record.ciphertext_sha256)
        # Who is excluded is in no pair of this report, so in none of the new key either.
        keys.wrap_to_pairs(session, fresh, pairs)
        for member in chosen:
            keys.wrap(
                session,
                fresh,
                holder_kind=keys.STAFF,
                holder_id=member.id,
                recipient=member.recipient or "",
            )
    session.execute(delete(Record).where(Record.compartment_id.in_(earlier)))
    for kind in (keys.STAFF, keys.PAIR):
        keys.unwrap(session, earlier, holder_kind=kind)
    return hashes
