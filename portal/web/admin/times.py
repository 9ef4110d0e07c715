"""When the school reads: hours of the week, other hours in some weeks, and holidays."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action
from portal.services import duty
from portal.services.duty import Times
from portal.services.errors import InvalidInputError
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, requires

Page = str | tuple[str, int] | Response
BAD_REQUEST = 400

blueprint = Blueprint("admin_times", __name__, url_prefix="/<school>/beheer/tijden")


@blueprint.get("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def show(school: str) -> Page:
    """Show what is set now."""
    del school
    return _page(duty.times(db(), school_id=current_school().id))


@blueprint.post("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def change(school: str) -> Page:
    """Set them, or show the line that cannot be understood."""
    given = Times(request.form.get("hours", ""), request.form.get("holidays", ""))
    try:
        duty.set_times(
            db(),
            actor=current_actor().custody,
            school_id=current_school().id,
            wanted=given,
            now=now(),
        )
    except InvalidInputError as error:
        return _page(given, error)
    return redirect(url_for(".show", school=school, saved=1), 303)


def _page(times: Times, error: InvalidInputError | None = None) -> tuple[str, int]:
    page = render_template(
        "admin/times.html",
        school=current_school(),
        times=times,
        errors=[(error.field, error.problem)] if error else [],
        wrong={error.field: error.problem} if error else {},
        saved="saved" in request.args,
    )
    return page, BAD_REQUEST if error else 200
