"""Measures: what comes first, the measure itself, and the sentence that forbids it."""

from __future__ import annotations

from flask import Blueprint, request, url_for

from portal.domain.hard_rules import Measure
from portal.domain.permissions import Action
from portal.services import sanctions
from portal.web.context import db
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, day_given, own_page, text_given

blueprint = Blueprint("staff_measures", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
PROBLEMS = {"past": "Kies de dag waarop dit was."}


@blueprint.get("/maatregelen")
@requires(Action.WORK_ON_CASES)
def listing(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the measures of a case and what they need."""
    return _page(case_id, [])


def _page(case_id: str, errors: list[Problem]) -> str:
    found = sanctions.show(db(), actor=current_actor(), case_id=case_id)
    return own_page("staff/measures.html", case_id, errors, found=found)


@blueprint.post("/maatregelen/eerst")
@requires(Action.WORK_ON_CASES)
def prepare(school: str, case_id: str) -> Answer:
    """Record what must come before a measure."""
    return attempt_on(
        _page,
        sanctions.prepare,
        case_id,
        url_for(".listing", school=school, case_id=case_id),
        PROBLEMS,
        what=text_given("what"),
        role=text_given("role"),
        on=day_given("on"),
        text=text_given("ground_text"),
    )


@blueprint.post("/maatregelen")
@requires(Action.WORK_ON_CASES)
def take(school: str, case_id: str) -> Answer:
    """Record a measure, unless a rule forbids it."""
    kind, _, form = text_given("measure").partition(":")
    measure = Measure(
        kind=kind,
        about=text_given("about"),
        first=day_given("first"),
        last=day_given("last"),
        reason=text_given("text"),
        in_writing=request.form.get("in_writing") == "yes",
        return_talk=day_given("return_talk"),
        wished_by=text_given("wished_by"),
        wish=text_given("wish"),
    )
    done = url_for(".listing", school=school, case_id=case_id)
    words = text_given("text")
    return attempt_on(
        _page, sanctions.take, case_id, done, PROBLEMS, measure=measure, form=form, text=words
    )
