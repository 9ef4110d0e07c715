"""Noting how it was checked that a reporter is a parent."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action
from portal.services import parent_checks
from portal.services.errors import InvalidInputError
from portal.web.context import db, now
from portal.web.guards import current_actor, requires

blueprint = Blueprint(
    "staff_parents", __name__, url_prefix="/<school>/bureau/zaken/<case_id>/ouder"
)


@blueprint.post("", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def check(school: str, case_id: str) -> Response | tuple[str, int]:
    """Note it in the case."""
    try:
        parent_checks.record(
            db(),
            actor=current_actor(),
            case_id=case_id,
            report_id=request.form.get("report", ""),
            how=request.form.get("how", ""),
            now=now(),
        )
    except InvalidInputError:
        return "", 400
    return redirect(url_for("staff_case.show", school=school, case_id=case_id) + "#gesprek", 303)
