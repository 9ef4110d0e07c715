"""The language in which a reporter reads and writes."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.models import Report
from portal.services import sessions
from portal.services.sessions import SealedSession


def remember(session: Session, *, live: SealedSession, language: str) -> None:
    """Keep a reporter's choice: sealed in the session, and with the report for who answers it."""
    live.data["language"] = language
    sessions.save(live)
    session.execute(
        update(Report)
        .where(Report.school_id == live.row.school_id, Report.id == live.data["report"])
        .values(language=language)
    )
