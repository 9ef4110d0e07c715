"""What is done with a whole group or class, about whom, and when one comes back to it."""

from __future__ import annotations

from flask import Blueprint, request, url_for

from portal.domain.permissions import Action
from portal.services import groups
from portal.services.groups import GroupAction
from portal.web.context import db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, day_given, own_page, text_given

blueprint = Blueprint("staff_groups", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
PROBLEMS = {
    "about": "Kies over wie het gaat.",
    "past": "Kies de dag waarop dit was.",
    "return": "Kies een latere dag om erop terug te komen.",
}


@blueprint.get("/groep")
@requires(Action.WORK_ON_CASES)
def show(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show what was done with the group, for whom a gate holds, and a form."""
    return _page(case_id, [])


def _page(case_id: str, errors: list[Problem]) -> str:
    view = groups.show(db(), actor=current_actor(), case_id=case_id, now=now())
    return own_page("staff/groups.html", case_id, errors, view=view)


@blueprint.post("/groep")
@requires(Action.WORK_ON_CASES)
def record(school: str, case_id: str) -> Answer:
    """Write down what was done with the group."""
    given = GroupAction(
        form=text_given("form"),
        group=text_given("group"),
        about=tuple(request.form.getlist("about")),
        on=day_given("on"),
        text=text_given("text"),
        return_on=day_given("return_on"),
        action=text_given("action"),
    )
    done = url_for(".show", school=school, case_id=case_id, _anchor="gedaan")
    return attempt_on(_page, groups.record, case_id, done, PROBLEMS, given=given)
