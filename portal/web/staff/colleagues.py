"""Colleagues: comparing the fingerprint of a new key, so that it counts from then on."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action, may
from portal.services import confirmations
from portal.services.errors import InvalidInputError
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, requires

Page = str | tuple[str, int] | Response
BAD_REQUEST = 400

blueprint = Blueprint("staff_colleagues", __name__, url_prefix="/<school>/bureau/collegas")


@blueprint.get("", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def listing(school: str) -> Page:
    """List who has a key, those who wait for a comparison first."""
    del school
    return _page()


@blueprint.post("/<staff_id>")
@requires(Action.CONFIRM_COLLEAGUES)
def confirm(school: str, staff_id: str) -> Page:
    """Confirm a key with the digits that the colleague read aloud."""
    del school
    try:
        confirmations.confirm(
            db(),
            actor=current_actor(),
            staff_id=staff_id,
            typed_fingerprint=request.form.get("fingerprint", ""),
            now=now(),
        )
    except InvalidInputError:
        return _page(wrong=staff_id)
    return redirect(url_for(".listing", school=current_school().slug), 303)


def _page(wrong: str = "") -> tuple[str, int]:
    actor = current_actor()
    people = confirmations.colleagues(db(), actor=actor)
    page = render_template(
        "staff/colleagues.html",
        school=current_school(),
        actor=actor,
        waiting=[person for person in people if person.waiting],
        confirmed=[person for person in people if person.confirmed],
        fingerprint=confirmations.fingerprint(actor.recipient).split(),
        may_confirm=may(actor.powers, Action.CONFIRM_COLLEAGUES),
        wrong=wrong,
        errors={"fingerprint": "mismatch"} if wrong else {},
    )
    return page, BAD_REQUEST if wrong else 200
