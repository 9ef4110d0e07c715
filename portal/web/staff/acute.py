"""Alarms of cases that somebody may read: taking notice, so that nobody else is warned."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action
from portal.services import acute
from portal.web.context import db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.layout import page

blueprint = Blueprint("staff_acute", __name__, url_prefix="/<school>/bureau/spoed")


@blueprint.get("", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def listing(school: str) -> str:  # noqa: ARG001 - `current_school` reads it from the address
    """Show what waits."""
    return page("staff/acute.html", alarms=acute.waiting(db(), actor=current_actor()))


@blueprint.post("/<case_id>")
@requires(Action.WORK_ON_CASES)
def acknowledge(school: str, case_id: str) -> Response:
    """Take notice of one case's alarms."""
    acute.acknowledge(db(), actor=current_actor(), case_id=case_id, now=now())
    return redirect(url_for(".listing", school=school), 303)


@blueprint.post("", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def acknowledge_all(school: str) -> Response:
    """Take notice of all that is listed."""
    acute.acknowledge_all(db(), actor=current_actor(), now=now())
    return redirect(url_for(".listing", school=school), 303)
