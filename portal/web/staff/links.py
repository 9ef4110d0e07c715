"""Cases that belong together: suggestions, a confirmed kind, and where a new incident leads."""

from __future__ import annotations

from flask import Blueprint, url_for

from portal.domain.permissions import Action
from portal.services import links, rerouting
from portal.web.context import db
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, case_address, own_page, readers, text_given

blueprint = Blueprint("staff_links", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
PROBLEMS = {"no_case": "Deze zaak ken jij niet. Kijk het nummer na."}


@blueprint.get("/koppelen")
@requires(Action.WORK_ON_CASES)
def listing(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show what is linked, and what may belong to it."""
    return _page(case_id, [])


def _page(case_id: str, errors: list[Problem]) -> str:
    who = current_actor()
    count, proposal = links.moves(db(), actor=who, case_id=case_id)
    return own_page(
        "staff/links.html",
        case_id,
        errors,
        links=links.links_of(db(), actor=who, case_id=case_id),
        suggestions=links.suggestions(db(), actor=who, case_id=case_id),
        count=count,
        proposal=proposal,
        people=readers(case_id),
    )


@blueprint.post("/koppelen")
@requires(Action.WORK_ON_CASES)
def confirm(school: str, case_id: str) -> Answer:
    """Link two cases."""
    return attempt_on(
        _page,
        links.confirm,
        case_id,
        url_for(".listing", school=school, case_id=case_id),
        PROBLEMS,
        label=text_given("label"),
        kind=text_given("kind"),
        reason=text_given("reason"),
    )


@blueprint.post("/koppelen/los")
@requires(Action.WORK_ON_CASES)
def undo(school: str, case_id: str) -> Answer:
    """Take a link back."""
    link_id = text_given("link")
    return attempt_on(
        _page,
        links.undo,
        case_id,
        url_for(".listing", school=school, case_id=case_id),
        link_id=link_id,
        reason=text_given(f"undo-{link_id}"),
    )


@blueprint.post("/koppelen/verder")
@requires(Action.WORK_ON_CASES)
def move(school: str, case_id: str) -> Answer:
    """Go where the number of the report leads, or say why not."""
    count, _proposal = links.moves(db(), actor=current_actor(), case_id=case_id)
    return attempt_on(
        _page,
        rerouting.settle,
        case_id,
        case_address(school, case_id),
        learned={"report_count": count},
        accept=text_given("accept") == "yes",
        reason=text_given("move_reason"),
        to_staff_id=text_given("staff"),
    )
