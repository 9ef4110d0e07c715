"""A case in the hands of somebody who reads it: opening it, writing in it, reading what it holds.

Everything said about people and what happened is a sealed record, and an event of the log names
it. The log goes into packets: of a record it tells no word, only keys, ids and days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.exc import StaleDataError

from portal.domain.card import Words, words_of
from portal.domain.custody_kinds import CustodyKind
from portal.domain.plain_notes import Known
from portal.models import Case, Record
from portal.services import cards, case_keys, custody, keys, naming, records
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError, InvalidInputError
from portal.services.keys import OpenCompartment
from portal.services.staff import StaffActor

TEXT_LIMIT = 50_000


def open_for(session: Session, *, actor: StaffActor, case_id: str) -> tuple[Case, CaseKeys]:
    """Open a case for somebody who holds a wrap of it.

    Raises:
        NotFoundError: for everybody else; the answer does not tell whether it exists.
    """
    # The keys first: who has none costs the database as much as a case that never was.
    opened = case_keys.open_case_keys(
        session,
        school_id=actor.school_id,
        staff_id=actor.id,
        identity=actor.identity,
        case_id=case_id,
    )
    return session.get_one(Case, case_id), opened


def checked(field: str, text: str, *, may_be_empty: bool = False) -> str:
    """Give a text without blanks around it.

    Raises:
        InvalidInputError: for an empty or a far too long one.
    """
    words = text.strip()
    if not words and not may_be_empty:
        raise InvalidInputError(field, "empty")
    if len(words) > TEXT_LIMIT:
        raise InvalidInputError(field, "too_long")
    return words


def signed(actor: StaffActor, now: datetime, body: Mapping[str, Any]) -> dict[str, Any]:
    """Add to a record who writes it and when."""
    return {
        **body,
        "who": actor.name,
        "staff": actor.id,
        "at": now.isoformat(timespec="seconds"),
    }


def write(
    session: Session,
    case: Case,
    opened: CaseKeys,
    kind: str,
    body: Mapping[str, Any],
    actor: StaffActor,
    now: datetime,
    event: CustodyKind = CustodyKind.RECORD_WRITTEN,
    about: Sequence[str] = (),
    *,
    told: Sequence[str] = (),
    report_id: str | None = None,
    place: OpenCompartment | None = None,
) -> Record:
    """Seal a signed record into a case and name it in the log.

    Args:
        about: what else the event concerns, beside the record.
        told: which fields of the body the log says: those that hold an id, a key or a day.
        place: where it is sealed, if not to the key of the case.

    Raises:
        ConflictError: a colleague changed the case meanwhile.
    """
    whole, where = signed(actor, now, body), place or opened.current
    row = records.add_record(session, where, whole, kind=kind, now=now)
    custody.record_event(
        session,
        event,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=where.row,
        case_id=case.id,
        report_id=report_id,
        about=[row.id, row.ciphertext_sha256, *about],
        particulars={"record": kind, **{name: whole[name] for name in told if whole.get(name)}},
    )
    case.changed_at = records.whole_hour(now)
    flag_modified(case, "changed_at")  # also within one hour: of two at once, one is told
    settle(session, case)
    return row


def settle(session: Session, case: Case) -> None:
    """Write now what will be committed, so that a colleague's change in between is told here."""
    case_id = case.id
    try:
        session.flush()
    except (StaleDataError, IntegrityError) as error:
        raise ConflictError(case_id) from error


def read(session: Session, opened: CaseKeys, kind: str) -> list[dict[str, Any]]:
    """Open the records of one kind, oldest first, with the id of each and `at` as an instant."""
    identities = {item.row.id: item.identity for item in opened.case}
    rows = records.records_of(session, list(identities), kinds=[kind])
    found = [
        {**body, "id": row.id, "seq": row.seq, "at": datetime.fromisoformat(body["at"])}
        for row, body in records.open_sound(rows, identities, opened.changed)
    ]
    return sorted(found, key=lambda one: (one["at"], one["seq"]))


def known_of(session: Session, *, actor: StaffActor, opened: CaseKeys) -> Known:
    """What must not stand in a note that leaves the case: names, reporters, told words."""
    words, told = Words(), []
    for answers in answers_of(session, opened):
        words = words.joined(words_of(answers))
        story = answers.get("story", {}).get("value")
        told += [story] if isinstance(story, str) else []
    bodies = case_keys.facts_of(session, opened, cards.PERSON)
    family = [one for body in bodies for one in body.get("representatives") or ()]
    named = [*bodies, *family]
    people = [str(one[key]) for one in named for key in cards.PERSON_NAMES if one.get(key)]
    given = naming.names_of(session, actor=actor, report_ids=opened.reports)
    reporters = [str(body["name"]) for _item, body in given if body.get("name")]
    names = (*words.names, *people)
    return Known(names, tuple(reporters), (*words.accounts, *words.addresses), tuple(told))


def answers_of(session: Session, opened: CaseKeys) -> list[dict[str, Any]]:
    """Open the answers of every report of the case."""
    stories = {
        item.row.id: item.identity
        for report_id in opened.reports
        for item in opened.of_report(report_id, keys.STORY)
    }
    rows = records.records_of(session, list(stories), kinds=["report"])
    sound = records.open_sound(rows, stories, opened.changed)
    return [dict(body.get("answers") or {}) for _row, body in sound]
