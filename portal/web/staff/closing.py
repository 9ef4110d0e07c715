"""How a case ends for its reporter, or for one of its readers: closing it, and stepping out."""

from __future__ import annotations

from flask import Blueprint, url_for

from portal.domain.permissions import Action
from portal.services import closing, involved
from portal.services.closing import Ending
from portal.web.context import db
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, case_address, day_given, own_page, text_given

blueprint = Blueprint("staff_closing", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
PROBLEMS = {
    "aftercare": "Leg een gesprek met de leerling vast, of kies waarom dat er niet was.",
    "future": "Dit gesprek is nog niet geweest. Kies een dag die voorbij is.",
}
TOO_FEW = {"too_few": "Minstens twee mensen moeten deze zaak kunnen lezen. Kies wie erbij komt."}


@blueprint.get("/afronden")
@requires(Action.WORK_ON_CASES)
def ask(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Ask how it ended, and for the aftercare."""
    return _page(case_id, [])


def _page(case_id: str, errors: list[Problem]) -> str:
    aftercare = closing.aftercare_of(db(), actor=current_actor(), case_id=case_id)
    return own_page("staff/closing.html", case_id, errors, aftercare=aftercare)


@blueprint.post("/afronden")
@requires(Action.WORK_ON_CASES)
def close(school: str, case_id: str) -> Answer:
    """Close the case."""
    ending = Ending(
        outcome=text_given("outcome"),
        text=text_given("reason"),
        talk_on=day_given("talk_on"),
        talk=text_given("talk"),
        ground=text_given("ground"),
        told=text_given("told"),
    )
    done = case_address(school, case_id)
    return attempt_on(_page, closing.close, case_id, done, PROBLEMS, ending=ending)


@blueprint.post("/heropenen")
@requires(Action.WORK_ON_CASES)
def reopen(school: str, case_id: str) -> Answer:
    """Open a closed case again."""
    done = case_address(school, case_id)
    return attempt_on(_page, closing.reopen, case_id, done, reason=text_given("reason"))


@blueprint.get("/betrokken")
@requires(Action.WORK_ON_CASES)
def involvement(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Say what happens when one steps out."""
    return _involved(case_id, [])


def _involved(case_id: str, errors: list[Problem]) -> str:
    out = involved.look(db(), actor=current_actor(), case_id=case_id)
    return own_page("staff/involved.html", case_id, errors, out=out)


@blueprint.post("/betrokken")
@requires(Action.WORK_ON_CASES)
def step_out(school: str, case_id: str) -> Answer:
    """Leave the case; the keys follow."""
    return attempt_on(
        _involved,
        involved.step_out,
        case_id,
        url_for("staff_desk.today", school=school),
        TOO_FEW,
        reason=text_given("why"),
        reader_id=text_given("reader"),
    )
