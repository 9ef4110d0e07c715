"""The desk: what to do today, and the list of cases. No word of what was told."""

from __future__ import annotations

from flask import Blueprint

from portal.domain import dutch
from portal.domain.permissions import Action
from portal.services import acute, cases
from portal.web.context import db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.layout import page

blueprint = Blueprint("staff_desk", __name__, url_prefix="/<school>/bureau")


@blueprint.get("/")
@requires(Action.WORK_ON_CASES)
def today(school: str) -> str:  # noqa: ARG001 - `current_school` reads it from the address
    """Show "Vandaag": new, late, due, with the next step of each."""
    desk = cases.desk(db(), actor=current_actor(), now=now())
    return page(
        "staff/today.html",
        desk=desk,
        alarms=acute.waiting(db(), actor=current_actor()),
        greeting=dutch.greeting(now()),
    )


@blueprint.get("/zaken", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def all_cases(school: str) -> str:  # noqa: ARG001 - `current_school` reads it from the address
    """Show every case that this person may read."""
    rows = cases.all_rows(db(), actor=current_actor())
    live = [row for row in rows if row.status != cases.CLOSED]
    return page(
        "staff/cases.html",
        mine=[row for row in live if row.mine],
        elsewhere=[row for row in live if not row.mine],
        closed=[row for row in rows if row.status == cases.CLOSED],
    )
