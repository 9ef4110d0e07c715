"""Notes for the school's own system, one per pupil, and the word to colleagues."""

from __future__ import annotations

from flask import Blueprint, request, url_for

from portal.domain.deadlines import local_date
from portal.domain.permissions import Action
from portal.services import registrations
from portal.services.registrations import Facts, Notes
from portal.web.context import db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, day_given, own_page, text_given

blueprint = Blueprint("staff_notes", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")


@blueprint.get("/registratie")
@requires(Action.WORK_ON_CASES)
def show(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show what the protocol asks to note elsewhere, and what was placed."""
    return _show(case_id, [])


def _show(case_id: str, errors: list[Problem], text: str = "") -> str:
    notes = _notes(case_id)
    key = text_given("action") or request.args.get("actie", "")
    chosen = next((one for one in notes.places if one.key == key), None)
    words = text or text_given("text")
    return own_page(
        "staff/registrations.html", case_id, errors, notes=notes, chosen=chosen, text=words
    )


def _notes(case_id: str) -> Notes:
    return registrations.show(db(), actor=current_actor(), case_id=case_id, now=now())


@blueprint.post("/registratie")
@requires(Action.WORK_ON_CASES)
def compose(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Write the text of a note from agreed facts; nothing is kept of it yet."""
    facts = Facts(
        title=text_given("title").strip(),
        on=day_given("on") or local_date(now()),
        agreements=text_given("agreements").strip(),
        next_check=day_given("next_check"),
        plan=text_given("plan"),
    )
    return _show(case_id, [], text=registrations.compose(_notes(case_id), facts))


@blueprint.post("/registratie/geplaatst")
@requires(Action.WORK_ON_CASES)
def place(school: str, case_id: str) -> Answer:
    """Write down that somebody put the note there."""
    return attempt_on(
        _show,
        registrations.place,
        case_id,
        url_for("staff_notes.show", school=school, case_id=case_id, _anchor="geplaatst"),
        key=text_given("action"),
        pupil=text_given("pupil"),
        text=text_given("text"),
        complete=text_given("complete") == "yes",
    )


@blueprint.get("/collegas")
@requires(Action.WORK_ON_CASES)
def team(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show what colleagues were told, and a text for them."""
    return _team(case_id, [])


def _team(case_id: str, errors: list[Problem]) -> str:
    return own_page("staff/team.html", case_id, errors, notes=_notes(case_id))


@blueprint.post("/collegas")
@requires(Action.WORK_ON_CASES)
def tell_team(school: str, case_id: str) -> Answer:
    """Write down what colleagues were told, and who."""
    return attempt_on(
        _team,
        registrations.tell_team,
        case_id,
        url_for("staff_notes.team", school=school, case_id=case_id, _anchor="verteld"),
        pupil=text_given("pupil"),
        text=text_given("text"),
        told=text_given("told"),
    )
