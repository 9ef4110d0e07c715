"""Sealed records of a case with more than one line: written with their event, read with ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.domain.card import Words, words_of
from portal.domain.custody_kinds import CustodyKind
from portal.domain.plain_notes import Known
from portal.models import Case, Record
from portal.services import cards, case_keys, custody, keys, naming, records
from portal.services.case_keys import CaseKeys
from portal.services.errors import ConflictError
from portal.services.staff import StaffActor


def keep(
    session: Session,
    case: Case,
    opened: CaseKeys,
    kind: str,
    body: Mapping[str, Any],
    *,
    actor: StaffActor,
    now: datetime,
    about: Sequence[str] = (),
) -> Record:
    """Seal a signed record into the case; the log names it, without a word of it."""
    signed = {
        **body,
        "who": actor.name,
        "staff": actor.id,
        "at": now.isoformat(timespec="seconds"),
    }
    row = records.add_record(session, opened.current, signed, kind=kind, now=now)
    custody.record_event(
        session,
        CustodyKind.RECORD_WRITTEN,
        school_id=case.school_id,
        actor=actor.custody,
        now=now,
        compartment=opened.current.row,
        case_id=case.id,
        about=[row.id, row.ciphertext_sha256, *about],
        particulars={"record": kind},
    )
    case.changed_at = records.whole_hour(now)
    case_id = case.id
    try:
        session.flush()  # so that a colleague's change in between is told here
    except (StaleDataError, IntegrityError) as error:
        raise ConflictError(case_id) from error
    return row


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
