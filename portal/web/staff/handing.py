"""Handing a case over, with a summary that whoever follows reads first."""

from __future__ import annotations

from flask import Blueprint

from portal.domain.permissions import Action
from portal.services import summaries
from portal.services.summaries import Summary
from portal.web.context import db
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, case_address, own_page, text_given

blueprint = Blueprint("staff_handing", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
CHOOSE = "Kies eerst aan wie."


@blueprint.app_template_global()
def summary_for_me(case_id: str) -> Summary | None:
    """The summary that this person has not read yet."""
    return summaries.unread(db(), actor=current_actor(), case_id=case_id)


@blueprint.get("/overdragen")
@requires(Action.WORK_ON_CASES)
def ask(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the form, filled with what the case itself says."""
    return _page(case_id, [])


def _page(case_id: str, errors: list[Problem]) -> str:
    who = current_actor()
    return own_page(
        "staff/handing.html",
        case_id,
        errors,
        draft=summaries.draft(db(), actor=who, case_id=case_id),
        latest=summaries.latest(db(), actor=who, case_id=case_id),
        colleagues=summaries.takers(db(), actor=who, case_id=case_id),
    )


@blueprint.post("/overdragen")
@requires(Action.WORK_ON_CASES)
def hand_over(school: str, case_id: str) -> Answer:
    """Hand the case to somebody else; the keys are wrapped here, in this reader's session."""
    staff_id, _, role = text_given("staff").partition(":")
    said = {key: text_given(key) for key in summaries.FIELDS}
    return attempt_on(
        _page,
        summaries.hand_over,
        case_id,
        case_address(school, case_id) + "#lezers",
        {"nobody": CHOOSE},
        to_staff_id=staff_id,
        role_key=role,
        reason=text_given("why"),
        keep_reading=text_given("keep") != "no",
        said=said if any(said.values()) else None,
    )


@blueprint.post("/overdragen/gelezen")
@requires(Action.WORK_ON_CASES)
def read(school: str, case_id: str) -> Answer:
    """Say that one read what was written for the hand-over."""
    return attempt_on(
        _page,
        summaries.mark_read,
        case_id,
        case_address(school, case_id),
        handover=text_given("handover"),
    )
