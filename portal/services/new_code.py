"""A new code in place of the old one: what is written from now on has a key of its own.

Whoever knows the old code gets the answer that any wrong code gets, and what they had open ends.
With an old copy of the database they can still read what was written before.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.models import LiveSession, ReporterCode
from portal.services import codes, custody, drafts, issuing, keys, reins, sessions, vouching
from portal.services.instance_keys import InstanceKeys
from portal.services.keys import OpenCompartment
from portal.services.sessions import SealedSession

NEW_CODE, MADE_AT = "new_code", "new_code_at"
"""Where a live session holds the new code until its reporter has it, and since when."""


def replace(
    session: Session, *, live: SealedSession, instance: InstanceKeys, now: datetime
) -> None:
    """Make a new code, which the session holds until it was seen, and end the old ones.

    Raises:
        NotFoundError: when the report is gone.
    """
    report = reins.report_of(session, live)
    opened = drafts.open_compartments(session, live=live)
    story, binding = _new_story(session, live, opened[keys.STORY], now)
    held = [
        keys.with_secret(row, live.data["keys"][row.id])
        for row in keys.compartments_of_report(session, report.school_id, report.id)
        if row.id in live.data["keys"]
    ]
    code, row = issuing.give(
        session,
        school_id=report.school_id,
        report_id=report.id,
        opened=[*held, story],
        instance=instance,
    )
    old = session.scalars(
        select(ReporterCode).where(
            ReporterCode.report_id == report.id,
            ReporterCode.school_id == report.school_id,
            ReporterCode.id != row.id,
            ReporterCode.retired_at.is_(None),
        )
    ).all()
    for one in old:
        codes.retire(one, now)
        keys.unwrap(
            session, [item.row.id for item in held], holder_kind=keys.CODE, holder_id=one.id
        )
    issuing.note(
        session,
        row,
        story,
        case_id=report.case_id,
        actor=custody.REPORTER,
        now=now,
        more=[vouching.mark(story.row), binding],
    )
    session.flush()  # whoever enters with the old code at this moment waits for this, or is seen
    elsewhere = delete(LiveSession).where(LiveSession.report_id == report.id)
    session.execute(elsewhere.where(LiveSession.key != live.row.key))
    live.data["keys"] = {**live.data["keys"], story.row.id: str(story.identity)}
    live.data |= {NEW_CODE: code, MADE_AT: now.isoformat()}
    sessions.save(live)
    sessions.touch(live, now)


def seen(live: SealedSession) -> None:
    """Forget the new code: its reporter has it."""
    live.data.pop(NEW_CODE, None)
    sessions.save(live)


def _new_story(
    session: Session, live: SealedSession, old: OpenCompartment, now: datetime
) -> tuple[OpenCompartment, str]:
    """Open a new epoch of the story, for the case as it is now; files are sealed as before.

    Returns:
        The new key, and the hash of the record in it that names where files go.
    """
    report = reins.report_of(session, live)
    rows = keys.compartments_of_case(session, report.school_id, report.case_id or "")
    known = vouching.vouched(session, rows, school_id=report.school_id, case_id=report.case_id)
    case_key = keys.newest(known, keys.CASE)
    evidence = vouching.evidence_of(session, old)
    fresh = keys.new_compartment(
        session,
        school_id=report.school_id,
        kind=keys.STORY,
        report_id=report.id,
        epoch=old.row.epoch + 1,
    )
    keys.wrap(
        session,
        fresh,
        holder_kind=keys.CASE_KEY,
        holder_id=case_key.id,
        recipient=case_key.recipient,
    )
    binding = vouching.bind(session, fresh, evidence, now=now)
    return fresh, binding.ciphertext_sha256
