"""The protocol as a running thing: the school's own, the step of a case, and where facts lead."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, url_for

from portal.domain.permissions import Action
from portal.services import case_work, rerouting, running, sharing
from portal.services.errors import InvalidInputError
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.case import PROBLEMS as COMMON
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem, page
from portal.web.staff.verbs import attempt_on, own_page, text_given

blueprint = Blueprint("staff_protocol", __name__, url_prefix="/<school>/bureau")
FLAGS = ("cyber", "group", "structural", "ongoing")
CHOSEN = {"yes": True, "no": False}
PROBLEMS = {"unknown": "Kies een van de mogelijkheden."}


@blueprint.get("/protocol")
@requires(Action.WORK_ON_CASES)
def show(school: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the whole protocol as staff will meet it."""
    return page("staff/protocol.html", view=running.overview(current_school()))


@blueprint.get("/zaken/<case_id>/protocol")
@requires(Action.WORK_ON_CASES)
def of_case(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the step that a case is in, with everything that may be recorded."""
    return _page(case_id, [])


def _page(case_id: str, errors: list[Problem], **more: Any) -> str:
    who = current_actor()
    return own_page(
        "staff/running.html",
        case_id,
        errors,
        view=running.show(db(), actor=who, case_id=case_id, now=now()),
        to_tell=sharing.to_tell(db(), actor=who, case_id=case_id),
        **more,
    )


@blueprint.post("/zaken/<case_id>/protocol/stap")
@requires(Action.WORK_ON_CASES)
def record(school: str, case_id: str) -> Answer:
    """Record what became of one thing of the step, at a gate by one person."""
    person, _, side = text_given("person").partition(":")
    key = text_given("action")
    return attempt_on(
        _page,
        case_work.record_step,
        case_id,
        url_for("staff_protocol.of_case", school=school, case_id=case_id),
        {"empty": COMMON["empty"]},
        action_key=key,
        outcome=text_given("outcome"),
        text=text_given("text"),
        person=person,
        side=side,
        ground=text_given("ground"),
    )


@blueprint.post("/zaken/<case_id>/protocol/meelezen")
@requires(Action.WORK_ON_CASES)
def let_in(school: str, case_id: str) -> Answer:
    """Let somebody of a role that should know read the case."""
    return attempt_on(
        _page,
        sharing.let_in,
        case_id,
        url_for("staff_protocol.of_case", school=school, case_id=case_id),
        PROBLEMS,
        staff_id=text_given("share"),
        role=text_given("role"),
        reason=text_given("share_reason"),
    )


@blueprint.post("/zaken/<case_id>/protocol/feiten")
@requires(Action.WORK_ON_CASES)
def learn(school: str, case_id: str) -> Answer:
    """Show where new facts lead; or write them down and go there, or stay, with a reason."""
    learned = _learned()
    if text_given("go") == "look":
        return _preview(case_id, learned)
    accept = text_given("go") == "accept"
    # Who takes a matter of staff out of the line does not read it any more.
    leaves = accept and learned.get("accused") == "staff"
    here = url_for("staff_protocol.of_case", school=school, case_id=case_id)
    return attempt_on(
        lambda case_id, errors: _preview(case_id, learned, errors),
        rerouting.settle,
        case_id,
        url_for("staff_desk.today", school=school) if leaves else here,
        PROBLEMS,
        learned=learned,
        accept=accept,
        reason=text_given("reason"),
        to_staff_id=text_given("staff"),
    )


def _preview(case_id: str, learned: dict[str, Any], errors: list[Problem] | None = None) -> str:
    who = current_actor()
    try:
        found = rerouting.proposal(db(), actor=who, case_id=case_id, learned=learned)
    except InvalidInputError:
        return _page(case_id, [("facts", PROBLEMS["unknown"])])
    role = found.role if found is not None and found.new_role else ""
    takers = rerouting.takers(db(), actor=who, case_id=case_id, role=role)
    return _page(case_id, errors or [], learned=learned, proposal=found, looked=True, takers=takers)


def _learned() -> dict[str, Any]:
    """What was filled in; what was left open is not learned."""
    found: dict[str, Any] = {
        key: CHOSEN[text_given(key)] for key in FLAGS if text_given(key) in CHOSEN
    }
    if text_given("class_relation") in ("same", "different"):
        found["class_relation"] = text_given("class_relation")
    if text_given("report_count").isdecimal():
        found["report_count"] = int(text_given("report_count")[:3])
    if text_given("accused") == "staff":
        found["accused"] = "staff"
    return found
