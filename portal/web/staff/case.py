"""One case: read it, reply, note, record a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from portal import data
from portal.domain.permissions import Action
from portal.services import case_work, cases, reading, talks, transaction
from portal.services.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    RecordMismatchError,
)
from portal.web.context import db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.layout import Problem, case_page, note_first_opening

blueprint = Blueprint("staff_case", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
Answer = str | Response | tuple[str, int]

PROBLEMS = {
    "empty": "Schrijf eerst iets op.",
    "too_long": "Dit is te lang. Maak er twee stukken van.",
    "unknown": "Kies een van de mogelijkheden.",
    "options": "Geef twee tot vier verschillende antwoorden van hooguit 120 tekens.",
}
EXCLUDED = "Deze collega mag deze zaak niet lezen, of heeft nog geen bevestigde sleutel."
OVERTAKEN = "Een collega was je net voor. Kijk eerst wat er veranderd is."
CHANGED = "In de database is iets van deze zaak veranderd. Daarom kan dit nu niet."
OWN_PLACE = frozenset({"status", "step", "ground"})


@blueprint.get("/")
@requires(Action.WORK_ON_CASES)
def show(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show a case."""
    return _show(case_id)


def _show(case_id: str, errors: list[Problem] | None = None) -> str:
    note_first_opening(case_id)
    view = cases.show(db(), actor=current_actor(), case_id=case_id, now=now())
    return case_page(
        "staff/case.html",
        errors=errors,
        case=view,
        told=[reading.lines_of(db(), report, view.row.id) for report in view.reports],
        facts=[fact for report in view.reports for fact in reading.at_a_glance(report)],
        typed=request.form,
        questions=data.tap_questions(),
        chosen_question=request.args.get("vraag", ""),
        hold=talks.police_first(db(), actor=current_actor(), case_id=case_id),
    )


def attempt(
    verb: Callable[..., object], school: str, case_id: str, field: str, anchor: str, **given: Any
) -> Answer:
    """Do one thing in the case; a refusal shows it again, with what was typed and what is wrong.

    Args:
        field: the field beside which a refusal stands, unless it names one of `OWN_PLACE`.
    """
    try:
        verb(db(), actor=current_actor(), case_id=case_id, now=now(), **given)
    except InvalidInputError as error:
        place = error.field if error.field in OWN_PLACE else field
        return _again(case_id, place, PROBLEMS.get(error.problem, error.problem))
    except ForbiddenError:
        return _again(case_id, field, EXCLUDED)
    except ConflictError:
        return _again(case_id, field, OVERTAKEN)
    except RecordMismatchError:
        return _again(case_id, field, CHANGED)
    address = url_for("staff_case.show", school=school, case_id=case_id)
    return redirect(address + anchor, 303)


def _again(case_id: str, field: str, sentence: str) -> tuple[str, int]:
    transaction.rollback(db())
    return _show(case_id, [(field, sentence)]), 422


def _given(name: str) -> str:
    return request.form.get(name, "")


@blueprint.post("/antwoord")
@requires(Action.WORK_ON_CASES)
def reply(school: str, case_id: str) -> Answer:
    """Write to the reporter of one report."""
    report_id = _given("report")
    field = f"reply-{report_id}"
    return attempt(
        case_work.reply,
        school,
        case_id,
        field,
        "#gesprek",
        report_id=report_id,
        text=_given(field),
    )


@blueprint.post("/notitie")
@requires(Action.WORK_ON_CASES)
def note(school: str, case_id: str) -> Answer:
    """Write a note for the readers of the case."""
    text = _given("note")
    return attempt(case_work.write_note, school, case_id, "note", "#tijdlijn", text=text)


@blueprint.post("/stap")
@requires(Action.WORK_ON_CASES)
def step(school: str, case_id: str) -> Answer:
    """Record what became of one action of the protocol."""
    outcome = _given("outcome")
    field = "skip" if outcome == "skipped" else "happened"
    return attempt(
        case_work.record_step,
        school,
        case_id,
        field,
        "#stap",
        action_key=_given("action"),
        outcome=outcome,
        text=_given(field),
        status=_given("status"),
        person=_given("person"),
        ground=_given("ground"),
    )


@blueprint.post("/verder")
@requires(Action.WORK_ON_CASES)
def move(school: str, case_id: str) -> Answer:
    """Go on to another step of the protocol."""
    return attempt(
        case_work.move_to_step,
        school,
        case_id,
        "reason",
        "#stap",
        step_key=_given("step"),
        reason=_given("reason"),
    )
