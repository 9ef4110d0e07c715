"""The timeline of a case: a page with filters, and a sheet for paper."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, request

from portal.domain.permissions import Action
from portal.services import timeline
from portal.services.timeline import Filters
from portal.web.context import db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.verbs import own_page

blueprint = Blueprint("staff_timeline", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
LONGEST = 64


@blueprint.get("/tijdlijn")
@requires(Action.WORK_ON_CASES)
def show(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show everything that happened, or what was chosen of it."""
    return _page("staff/timeline.html", case_id)


@blueprint.get("/tijdlijn/blad")
@requires(Action.WORK_ON_CASES)
def sheet(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the same as a sheet to print."""
    return _page("staff/timeline_sheet.html", case_id)


def _page(template: str, case_id: str) -> str:
    filters = Filters(group=_key("soort"), person=_key("wie"), first=_day("van"), last=_day("tot"))
    view = timeline.show(db(), actor=current_actor(), case_id=case_id, filters=filters, now=now())
    chosen = {key: _key(key) for key in ("soort", "wie", "van", "tot") if _key(key)}
    return own_page(template, case_id, [], view=view, chosen=chosen)


def _key(name: str) -> str:
    return request.args.get(name, "").replace("\0", "")[:LONGEST]


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(_key(name))
    except ValueError:
        return None
