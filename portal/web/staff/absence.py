"""Being away: from when to when, and who stands in."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action
from portal.services import absence, bulk, transaction
from portal.services.errors import InvalidInputError
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.layout import Problem, page

blueprint = Blueprint("staff_absence", __name__, url_prefix="/<school>/bureau/afwezig")
UNFIT = 422
PROBLEMS = {
    "order": "De laatste dag ligt vóór de eerste, of is al voorbij.",
    "overlap": "Op deze dagen was je al afwezig gemeld.",
    "unknown": "Kies een collega met een bevestigde sleutel.",
    "date": "Vul een dag in, bijvoorbeeld 2026-12-01.",
}


@blueprint.get("", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def show(school: str) -> str:
    """Show one's absences, and where to add one."""
    del school
    return _page()


@blueprint.post("", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def add(school: str) -> str | tuple[str, int]:
    """Be away; who stands in gets the keys here, in this session."""
    del school
    try:
        done = absence.arrange(
            db(),
            actor=current_actor(),
            first_on=_day("first_on"),
            last_on=_day("last_on"),
            substitute_id=request.form.get("substitute", ""),
            now=now(),
        )
    except InvalidInputError as error:
        transaction.rollback(db())
        return _page([(error.field, PROBLEMS[error.problem])]), UNFIT
    return _page(done=done)


@blueprint.post("/<absence_id>/terug")
@requires(Action.WORK_ON_CASES)
def cancel(school: str, absence_id: str) -> Response:
    """Be back."""
    absence.cancel(db(), actor=current_actor(), absence_id=absence_id, now=now())
    return redirect(url_for(".show", school=school), 303)


def _page(errors: list[Problem] | None = None, done: absence.Arranged | None = None) -> str:
    people = bulk.colleagues(db(), actor=current_actor(), school=current_school())
    return page(
        "staff/absence.html",
        errors=errors,
        done=done,
        typed=request.form,
        absences=absence.of_actor(db(), actor=current_actor(), now=now()),
        colleagues=list({one.staff_id: one.name for one in people}.items()),
    )


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError as error:
        raise InvalidInputError(name, "date") from error
