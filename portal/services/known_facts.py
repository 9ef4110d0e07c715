"""What is known of a case: what staff wrote down last, else what its first report said."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.domain import intake
from portal.domain.facts import Facts, facts_from
from portal.services import case_keys, keys, records
from portal.services.case_keys import CaseKeys

MOVE = "move"


def of_case(session: Session, opened: CaseKeys) -> Facts:
    """Give the facts that decide where a case goes and what its step asks."""
    return facts_in(session, opened, moves_of(session, opened))


def moves_of(session: Session, opened: CaseKeys) -> list[dict[str, Any]]:
    """Give where a case went and why, oldest first; asking writes nothing."""
    with session.no_autoflush:
        return case_keys.facts_of(session, opened, MOVE)


def facts_in(session: Session, opened: CaseKeys, moves: list[dict[str, Any]]) -> Facts:
    """Give what is known, where the moves were read already."""
    learned = [body["facts"] for body in moves if "facts" in body]
    if learned:
        return facts_from(learned[-1])
    return facts_from(intake.to_facts(_first_answers(session, opened)))


def _first_answers(session: Session, opened: CaseKeys) -> dict[str, Any]:
    with session.no_autoflush:
        for report_id in opened.reports:
            stories = {
                item.row.id: item.identity for item in opened.of_report(report_id, keys.STORY)
            }
            rows = records.records_of(session, list(stories), kinds=["report"])
            for _row, told in records.open_sound(rows, stories, opened.changed):
                return dict(told.get("answers", {}))
    return {}
