"""How a case stands in its step: what was recorded, folded by the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.deadlines import local_date
from portal.domain.progress import Event, Progress, progress
from portal.domain.protocol import Protocol
from portal.models import Case, School
from portal.services.calendars import calendar_of


def progress_of(
    session: Session,
    case: Case,
    protocol: Protocol,
    steps: Sequence[dict[str, Any]],
    now: datetime,
) -> Progress:
    """Fold what was recorded into what comes next; ``now`` begins a step without a record."""
    begun = [body["at"] for body in steps if body["step"] == case.step_key]
    start = datetime.fromisoformat(begun[0]) if begun else min(now, case.opened_at)
    return progress(
        protocol,
        case.step_key,
        [event_of(body) for body in steps if body["step"] == case.step_key],
        started=local_date(start),
        calendar=calendar_of(session.get_one(School, case.school_id)),
        role=case.role_key,
    )


def event_of(body: dict[str, Any]) -> Event:
    """Read a recorded step as an event of the protocol."""
    return Event(
        key=body["action"],
        outcome=body["outcome"],
        on=local_date(datetime.fromisoformat(body["at"])),
        by=body["who"],
        reason=body["text"],
    )


def look_ahead(
    session: Session,
    case: Case,
    protocol: Protocol,
    steps: Sequence[dict[str, Any]],
    now: datetime,
) -> None:
    """Put the next thing to do and its date where the desk can see them."""
    stand = progress_of(session, case, protocol, steps, now)
    case.next_action = stand.next.key if stand.next else ""
    case.due_on = stand.next.due if stand.next else None
