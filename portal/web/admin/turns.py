"""The duty roster: who is on duty in a role that takes turns; routing follows it."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action
from portal.services import transaction, turns
from portal.services.errors import InvalidInputError
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, requires

blueprint = Blueprint("admin_turns", __name__, url_prefix="/<school>/beheer/diensten")
UNFIT = 422
PROBLEMS = {
    "order": "De laatste dag ligt vóór de eerste, of is al voorbij.",
    "unknown": "Kies iemand die deze rol heeft.",
    "date": "Vul een dag in, bijvoorbeeld 2026-12-01.",
}


@blueprint.get("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def show(school: str) -> str:
    """Show the turns from today on."""
    del school
    return _page()


@blueprint.post("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def add(school: str) -> Response | tuple[str, int]:
    """Give somebody a turn."""
    role, _, staff_id = request.form.get("staff", "").partition(":")
    try:
        turns.add(
            db(),
            actor=current_actor().custody,
            school=current_school(),
            role_key=role,
            staff_id=staff_id,
            first_on=_day("first_on"),
            last_on=_day("last_on"),
            now=now(),
        )
    except InvalidInputError as error:
        transaction.rollback(db())
        return _page([(error.field, PROBLEMS[error.problem])]), UNFIT
    return redirect(url_for(".show", school=school), 303)


@blueprint.post("/<turn_id>/weg")
@requires(Action.MANAGE_ROSTER)
def remove(school: str, turn_id: str) -> Response:
    """Take a turn away."""
    actor = current_actor()
    turns.remove(db(), actor=actor.custody, school_id=actor.school_id, turn_id=turn_id, now=now())
    return redirect(url_for(".show", school=school), 303)


def _page(errors: list[tuple[str, str]] | None = None) -> str:
    return render_template(
        "admin/turns.html",
        school=current_school(),
        roster=turns.roster(db(), school=current_school(), now=now()),
        errors=errors or [],
        wrong=dict(errors or []),
        typed=request.form,
    )


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError as error:
        raise InvalidInputError(name, "date") from error
