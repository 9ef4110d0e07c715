"""Keeping what a reporter withdrew longer than its date, for safety or legal duty."""

from __future__ import annotations

from flask import Blueprint, request

from portal.domain.permissions import Action
from portal.services import new_code, withdrawal
from portal.web.context import current_school, db
from portal.web.guards import requires
from portal.web.staff.case import Answer, attempt

blueprint = Blueprint("staff_reins", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")


@blueprint.app_template_global()
def code_news(report_id: str) -> new_code.News:
    """Say whether a report got a new code, and whether its reporter says it was another."""
    return new_code.news(db(), school_id=current_school().id, report_id=report_id)


@blueprint.post("/langer")
@requires(Action.WORK_ON_CASES)
def hold(school: str, case_id: str) -> Answer:
    """Keep it, with a reason that stays in the case."""
    report_id = request.form.get("report", "")
    field = f"hold-{report_id}"
    return attempt(
        withdrawal.hold,
        school,
        case_id,
        field,
        "#ingetrokken",
        report_id=report_id,
        reason=request.form.get(field, ""),
    )
