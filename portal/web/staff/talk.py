"""From a case to its reporter: a question with ready answers, and what the reporter may see."""

from __future__ import annotations

from flask import Blueprint, request

from portal.domain.permissions import Action
from portal.services import case_work, disclosure
from portal.web.guards import requires
from portal.web.staff.case import Answer, attempt

blueprint = Blueprint("staff_talk", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")


@blueprint.post("/vraag")
@requires(Action.WORK_ON_CASES)
def ask(school: str, case_id: str) -> Answer:
    """Put a question with ready answers to the reporter of one report."""
    report_id = request.form.get("report", "")
    field = f"ask-{report_id}"
    given = request.form.getlist(f"option-{report_id}")
    options = [one for one in given if one.strip()] or [""]
    return attempt(
        case_work.reply,
        school,
        case_id,
        field,
        "#gesprek",
        report_id=report_id,
        text=request.form.get(field, ""),
        options=options,
    )


@blueprint.post("/achterhouden")
@requires(Action.WORK_ON_CASES)
def withhold(school: str, case_id: str) -> Answer:
    """Withhold from the reporters who has it."""
    form = request.form
    return attempt(
        disclosure.withhold,
        school,
        case_id,
        "withhold",
        "#zichtbaar",
        lines=form.getlist("line"),
        onward=form.get("onward") == "yes",
        ground=form.get("ground", ""),
        text=form.get("withhold", ""),
    )


@blueprint.post("/tonen")
@requires(Action.WORK_ON_CASES)
def lift(school: str, case_id: str) -> Answer:
    """Show everything that was withheld."""
    return attempt(disclosure.lift, school, case_id, "withhold", "#zichtbaar")
