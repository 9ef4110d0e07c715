"""A mail without content to a reporter who asked for one: off until it is switched on.

The address is sealed in the story. It is opened only where staff write something, for that one
mail; the outbox forgets it once the mail went, or when it cannot go.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.domain.custody_kinds import CustodyKind
from portal.models import Case, Record, Report
from portal.services import custody, drafts, duty, keys, notify, records, sessions
from portal.services.case_keys import CaseKeys
from portal.services.errors import InvalidInputError
from portal.services.keys import OpenCompartment
from portal.services.sessions import SealedSession

ADDRESS = "notice_address"
LONGEST = 254


def switch_on(session: Session, *, live: SealedSession, address: str, now: datetime) -> None:
    """Keep an address for notices, in the place of an earlier one.

    Raises:
        InvalidInputError: for what cannot be an address.
    """
    given = address.strip()
    if len(given) > LONGEST or not duty.is_mail(given):
        raise InvalidInputError("address", "unknown")
    story = drafts.open_compartments(session, live=live)[keys.STORY]
    _forget(session, story)
    row = records.add_record(session, story, {"address": given}, kind=ADDRESS, now=now)
    _log(session, story, [row.id, row.ciphertext_sha256], now)
    sessions.touch(live, now)


def switch_off(session: Session, *, live: SealedSession, now: datetime) -> None:
    """Forget the address, also where a mail to it waits."""
    story = drafts.open_compartments(session, live=live)[keys.STORY]
    _forget(session, story)
    notify.forget_waiting(session, report_id=str(story.row.report_id))
    _log(session, story, [str(story.row.report_id)], now)
    sessions.touch(live, now)


def _forget(session: Session, story: OpenCompartment) -> None:
    gone = delete(Record).where(Record.report_id == story.row.report_id, Record.kind == ADDRESS)
    session.execute(gone)


def _log(session: Session, story: OpenCompartment, about: list[str], now: datetime) -> None:
    custody.record_event(
        session,
        CustodyKind.NOTICE_CHANGED,
        school_id=story.row.school_id,
        actor=custody.REPORTER,
        now=now,
        compartment=story.row,
        report_id=story.row.report_id,
        about=about,
    )


def tell(session: Session, *, case: Case, opened: CaseKeys, report_id: str, now: datetime) -> None:
    """Put a mail into the outbox, if this report's reporter wants one; at most one an hour."""
    stories = {item.row.id: item.identity for item in opened.of_report(report_id, keys.STORY)}
    rows = records.records_of(session, list(stories), kinds=[ADDRESS])
    for _row, body in records.open_sound(rows, stories, opened.changed)[-1:]:
        notify.queue_for_reporter(
            session,
            school_id=case.school_id,
            report_id=report_id,
            address=str(body["address"]),
            language=session.get_one(Report, report_id).language,
            now=now,
        )
