"""Doing one thing on a page of its own of a case: a refusal shows that page again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import redirect, request, url_for

from portal.services import case_head, transaction
from portal.services.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    RecordMismatchError,
)
from portal.web.context import db, now
from portal.web.guards import current_actor
from portal.web.staff.case import CHANGED, EXCLUDED, OVERTAKEN, PROBLEMS, Answer
from portal.web.staff.layout import Problem, case_page, note_first_opening

Again = Callable[[str, list[Problem]], str]


def attempt_on(
    again: Again,
    verb: Callable[..., object],
    case_id: str,
    done: str,
    problems: dict[str, str] | None = None,
    **given: Any,
) -> Answer:
    """Do one thing in a case and go to `done`; a refusal stands beside the field it names.

    Args:
        again: renders the page that the form stood on.
        done: address to go to afterwards.
        problems: this page's own words for what is wrong, before the common ones.
    """
    words = {**PROBLEMS, **(problems or {})}
    try:
        verb(db(), actor=current_actor(), case_id=case_id, now=now(), **given)
    except InvalidInputError as error:
        wrong = (error.field, words.get(error.problem, error.problem))
    except ForbiddenError:
        wrong = ("errors", EXCLUDED)
    except ConflictError:
        wrong = ("errors", OVERTAKEN)
    except RecordMismatchError:
        wrong = ("errors", CHANGED)
    else:
        return redirect(done, 303)
    transaction.rollback(db())
    return again(case_id, [wrong]), 422


def own_page(template: str, case_id: str, errors: list[Problem], **values: Any) -> str:
    """Render a page of its own of a case, with what was typed; its first opening is noted."""
    note_first_opening(case_id)
    row = case_head.head_of(db(), actor=current_actor(), case_id=case_id)
    return case_page(template, errors=errors, row=row, typed=request.form, **values)


def readers(case_id: str) -> list[tuple[str, str]]:
    """Give id and name of everybody who reads a case, for a choice."""
    return case_head.readers_of(db(), actor=current_actor(), case_id=case_id)


def case_address(school: str, case_id: str) -> str:
    """Give the address of the case's own page."""
    return url_for("staff_case.show", school=school, case_id=case_id)


def text_given(name: str) -> str:
    """Give what was typed in a field."""
    return request.form.get(name, "")


def day_given(name: str) -> date | None:
    """Give a day that was filled in; none where it is empty or no day."""
    try:
        return date.fromisoformat(text_given(name))
    except ValueError:
        return None
