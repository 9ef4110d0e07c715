"""The plan of action of a pupil: versions, what each person said to it, a page to print."""

from __future__ import annotations

from flask import Blueprint, request, url_for

from portal.domain.permissions import Action
from portal.services import groups, plans
from portal.services.plans import Draft
from portal.web.context import db
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, own_page, text_given

blueprint = Blueprint("staff_plans", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
LONGEST = 5


@blueprint.get("/plan")
@requires(Action.WORK_ON_CASES)
def show(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the plans of a case, and a form for a new one or a next version."""
    return _show(case_id, [])


def _show(case_id: str, errors: list[Problem]) -> str:
    found = plans.plans_of(db(), actor=current_actor(), case_id=case_id)
    key = text_given("plan") or request.args.get("plan", "")
    chosen = next((one for one in found if one.id == key), None)
    group = groups.done_in(db(), actor=current_actor(), case_id=case_id)
    return own_page("staff/plans.html", case_id, errors, plans=found, chosen=chosen, group=group)


@blueprint.post("/plan")
@requires(Action.WORK_ON_CASES)
def write(school: str, case_id: str) -> Answer:
    """Write a plan, or the next version of one."""
    fields = ("pupil", "goal", "actions", "agreed_with", "results", "reason")
    return attempt_on(
        _show,
        plans.write,
        case_id,
        url_for("staff_plans.show", school=school, case_id=case_id),
        plan_id=text_given("plan"),
        version=_version(),
        draft=Draft(**{name: text_given(name) for name in fields}),
    )


def _version() -> int:
    given = text_given("version")
    return int(given) if given.isdecimal() and len(given) < LONGEST else 0


@blueprint.post("/plan/akkoord")
@requires(Action.WORK_ON_CASES)
def answer(school: str, case_id: str) -> Answer:
    """Write down what somebody said to the newest version."""
    return attempt_on(
        _show,
        plans.answer,
        case_id,
        url_for("staff_plans.show", school=school, case_id=case_id),
        plan_id=text_given("plan"),
        version=_version(),
        person=text_given("person"),
        outcome=text_given("outcome"),
        text=text_given("said"),
    )


@blueprint.get("/plan/blad")
@requires(Action.WORK_ON_CASES)
def sheet(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show one version of a plan, to print."""
    found = plans.plans_of(db(), actor=current_actor(), case_id=case_id)
    plan = next((one for one in found if one.id == request.args.get("plan", "")), None)
    if plan is None:
        return _show(case_id, [])
    wanted = request.args.get("versie", "")
    version = next((one for one in plan.versions if str(one.number) == wanted), plan.newest)
    return own_page("staff/plan_sheet.html", case_id, [], plan=plan, version=version)
