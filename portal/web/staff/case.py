"""One case: read it, reply, note, record a step, hand it over."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response
from wtforms import StringField

from portal.domain.permissions import Action
from portal.services import case_work, cases, reading, sessions
from portal.services.errors import ConflictError, ForbiddenError, InvalidInputError
from portal.web import context, session
from portal.web.context import db, now
from portal.web.forms import PortalForm
from portal.web.guards import current_actor, requires
from portal.web.staff.layout import page

blueprint = Blueprint("staff_case", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")

PROBLEMS = {
    "empty": "Schrijf eerst iets op.",
    "too_long": "Dit is te lang. Maak er twee stukken van.",
    "unknown": "Kies een van de mogelijkheden.",
}
EXCLUDED = "Deze persoon mag deze zaak niet lezen, of heeft nog geen bevestigde sleutel."
ALREADY = "Deze persoon behandelt de zaak al."


class TextForm(PortalForm):
    """Free words, with who or what they are for."""

    text = StringField()
    report = StringField()
    action = StringField()
    outcome = StringField()
    status = StringField()
    staff = StringField()
    step = StringField()

    def value(self, name: str) -> str:
        """Give one field as text."""
        return str(getattr(self, name).data or "")


@blueprint.get("/")
@requires(Action.WORK_ON_CASES)
def show(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show a case. Its first opening in a session is written down before the first byte."""
    _note_first_opening(case_id)
    return _show(case_id)


def _note_first_opening(case_id: str) -> None:
    live = session.any_current()
    opened = live.data.setdefault("opened", []) if live else []
    if live is not None and case_id not in opened:
        cases.note_reading(db(), actor=current_actor(), case_id=case_id, now=now())
        opened.append(case_id)
        sessions.save(live)
        context.commit()


def _show(case_id: str, errors: list[tuple[str, str]] | None = None, **typed: Any) -> str:
    view = cases.show(db(), actor=current_actor(), case_id=case_id, now=now())
    return page(
        "staff/case.html",
        case=view,
        told=[reading.lines_of(db(), report, view.row.id) for report in view.reports],
        colleagues=reading.possible_readers(db(), actor=current_actor(), view=view),
        errors=errors or [],
        typed=typed,
    )


def _done(school: str, case_id: str, anchor: str) -> Response:
    return redirect(url_for("staff_case.show", school=school, case_id=case_id) + anchor, 303)


def _problem(error: InvalidInputError) -> tuple[str, str]:
    return error.field, PROBLEMS.get(error.problem, error.problem)


@blueprint.post("/antwoord")
@requires(Action.WORK_ON_CASES)
def reply(school: str, case_id: str) -> str | Response | tuple[str, int]:
    """Write to the reporter of one report."""
    form = TextForm()
    try:
        case_work.reply(
            db(),
            actor=current_actor(),
            case_id=case_id,
            report_id=form.value("report"),
            text=form.value("text"),
            now=now(),
        )
    except InvalidInputError as error:
        return _show(case_id, [_problem(error)], reply=form.value("text")), 422
    return _done(school, case_id, "#gesprek")


@blueprint.post("/notitie")
@requires(Action.WORK_ON_CASES)
def note(school: str, case_id: str) -> str | Response | tuple[str, int]:
    """Write a note for the readers of the case."""
    form = TextForm()
    try:
        case_work.write_note(
            db(), actor=current_actor(), case_id=case_id, text=form.value("text"), now=now()
        )
    except InvalidInputError as error:
        return _show(case_id, [_problem(error)], note=form.value("text")), 422
    return _done(school, case_id, "#tijdlijn")


@blueprint.post("/stap")
@requires(Action.WORK_ON_CASES)
def step(school: str, case_id: str) -> str | Response | tuple[str, int]:
    """Record what became of one action of the protocol."""
    form = TextForm()
    try:
        case_work.record_step(
            db(),
            actor=current_actor(),
            case_id=case_id,
            action_key=form.value("action"),
            outcome=form.value("outcome"),
            text=form.value("text"),
            status=form.value("status"),
            now=now(),
        )
    except InvalidInputError as error:
        return _show(case_id, [_problem(error)], step=form.value("text")), 422
    return _done(school, case_id, "#stap")


@blueprint.post("/verder")
@requires(Action.WORK_ON_CASES)
def move(school: str, case_id: str) -> str | Response | tuple[str, int]:
    """Go on to another step of the protocol, or close the case."""
    form = TextForm()
    actor, reason, target = current_actor(), form.value("text"), form.value("step")
    try:
        if target == "closed":
            case_work.close(db(), actor=actor, case_id=case_id, reason=reason, now=now())
        else:
            case_work.move_to_step(
                db(), actor=actor, case_id=case_id, step_key=target, reason=reason, now=now()
            )
    except InvalidInputError as error:
        return _show(case_id, [_problem(error)], move=reason), 422
    return _done(school, case_id, "#stap")


@blueprint.post("/overdragen")
@requires(Action.WORK_ON_CASES)
def hand_over(school: str, case_id: str) -> str | Response | tuple[str, int]:
    """Hand the case to somebody else; the keys are wrapped here, in this reader's session."""
    form = TextForm()
    staff_id, _, role = form.value("staff").partition(":")
    try:
        case_work.hand_over(
            db(),
            actor=current_actor(),
            case_id=case_id,
            to_staff_id=staff_id,
            role_key=role,
            reason=form.value("text"),
            keep_reading=request.form.get("keep") != "no",
            now=now(),
        )
    except InvalidInputError as error:
        return _show(case_id, [_problem(error)], hand_over=form.value("text")), 422
    except ForbiddenError:
        return _show(case_id, [("staff", EXCLUDED)], hand_over=form.value("text")), 422
    except ConflictError:
        return _show(case_id, [("staff", ALREADY)], hand_over=form.value("text")), 422
    return _done(school, case_id, "#lezers")
