"""Searching the cards of the cases that somebody may read; nothing is kept of what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.card import folded
from portal.domain.deadlines import local_date
from portal.models import Case
from portal.services import cards, cases, turns
from portal.services.case_views import CaseRow
from portal.services.staff import StaffActor

SHORTEST, LONGEST = 2, 100
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and how many cases could not be looked through."""

    rows: list[CaseRow]
    more: int
    missing: int


def find(session: Session, *, actor: StaffActor, text: str, now: datetime) -> Found | None:
    """Find cases whose card or label holds every word; None for a question without words.

    Only what this person can open takes part, in the count and in the time it takes.
    """
    wanted = folded(text[:LONGEST]).split()
    if not any(len(word) >= SHORTEST for word in wanted):
        return None
    read = cards.read(session, actor)
    ids = [one.case_id for one in read.cards if one.words.has(wanted)]
    label = text.strip().upper()[:LONGEST]
    covered = turns.covered_by(
        session, school_id=actor.school_id, staff_id=actor.id, today=local_date(now)
    )
    matching = (Case.id.in_(ids[:SHOWN])) | (Case.label == label)
    rows = cases.rows(session, actor, matching, most=SHOWN, covered=covered)
    return Found(rows, max(0, len(ids) - SHOWN), read.missing)
