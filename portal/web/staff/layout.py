"""What every page of the desk has around it."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from portal.domain.deadlines import local_date
from portal.services import acute, cases, quarantine, sessions
from portal.web import context, session
from portal.web.context import current_school, db, now, portal
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


def note_first_opening(case_id: str) -> None:
    """Write down the first opening of a case in a session, before the first byte of any of it.

    Every page that shows something of a case comes here, also one that refuses what was typed:
    what is in no log counts as unopened, and its reporter may still have it destroyed.
    """
    live = session.any_current()
    opened = live.data.setdefault("opened", []) if live else []
    if acute.is_waiting(db(), school_id=current_actor().school_id, case_id=case_id):
        acute.acknowledge(db(), actor=current_actor(), case_id=case_id, now=now())
        context.commit()
    if live is not None and case_id not in opened:
        who, store = current_actor(), portal().store
        quarantine.fulfil(db(), actor=who, store=store, case_id=case_id, now=now())
        cases.note_reading(db(), actor=who, case_id=case_id, now=now())
        opened.append(case_id)
        sessions.save(live)
        context.commit()
