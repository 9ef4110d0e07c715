"""What every page of the desk has around it."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from portal.domain.deadlines import local_date
from portal.services import cases
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor

Problem = tuple[str, str]
"""The id of a field, and what is wrong with it in Dutch."""


def page(template: str, *, errors: list[Problem] | None = None, **values: Any) -> str:
    """Render a page of the desk. Sentences in `errors` also stand beside their fields."""
    return render_template(
        template,
        school=current_school(),
        actor=current_actor(),
        today=local_date(now()),
        errors=errors or [],
        wrong=dict(errors or []),
        **values,
    )


def case_page(template: str, *, errors: list[Problem] | None = None, **values: Any) -> str:
    """Render a page of one case, with the open cases beside it."""
    beside = cases.neighbours(db(), actor=current_actor())
    here = (request.view_args or {}).get("case_id")
    return page(template, errors=errors, beside=beside, here=here, **values)
