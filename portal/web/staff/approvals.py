"""Approval by a role: asked, given in one's own session, or recorded from a talk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request, url_for

from portal.domain.permissions import Action
from portal.services import approvals, approving
from portal.services.approvals import Waiting
from portal.web.context import db
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, day_given, own_page, text_given

blueprint = Blueprint("staff_approvals", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
PROBLEMS = {
    "nobody": "Kies iemand met deze rol.",
    "asked": "Dit is al aan deze collega gevraagd.",
    "day": "Kies een dag vanaf vandaag.",
    "past": "Kies een dag die geweest is.",
    "not_yours": "Jij hebt deze rol niet.",
    "gone": "De zaak is al bij een andere stap.",
}


@blueprint.app_template_global()
def approvals_asked() -> list[Waiting]:
    """What is asked of this person, over all cases."""
    return approvals.waiting_for(db(), actor=current_actor())


@blueprint.app_template_global()
def approval_gates(case_id: str) -> dict[str, str]:
    """The gates of the step that need an approval, with the role's word."""
    return approvals.gates_here(db(), actor=current_actor(), case_id=case_id)


@blueprint.get("/akkoord")
@requires(Action.WORK_ON_CASES)
def listing(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show what needs an approval in this step, what was asked and what was said."""
    return _page(case_id, [])


def _page(case_id: str, errors: list[Problem]) -> str:
    gates = approvals.show(db(), actor=current_actor(), case_id=case_id)
    placed = [(_field(field), sentence) for field, sentence in errors]
    return own_page("staff/approvals.html", case_id, placed, gates=gates)


def _field(name: str) -> str:
    """A step may have several such gates: each has fields of its own."""
    gate = text_given("gate")
    return f"{name}-{gate}" if gate else name


def _attempt(verb: Callable[..., object], school: str, case_id: str, **given: Any) -> Answer:
    done = url_for(".listing", school=school, case_id=case_id)
    return attempt_on(_page, verb, case_id, done, PROBLEMS, **given)


@blueprint.post("/akkoord/vraag")
@requires(Action.WORK_ON_CASES)
def ask(school: str, case_id: str) -> Answer:
    """Put the question on somebody's desk."""
    return _attempt(
        approving.ask,
        school,
        case_id,
        gate_key=text_given("gate"),
        approver_id=text_given(_field("approver")),
        text=text_given(_field("text")),
        due_on=day_given(_field("due_on")),
        let_in=text_given(_field("let_in")),
    )


@blueprint.post("/akkoord")
@requires(Action.WORK_ON_CASES)
def answer(school: str, case_id: str) -> Answer:
    """Approve or refuse, as whoever holds the role."""
    return _attempt(
        approving.answer,
        school,
        case_id,
        gate_key=text_given("gate"),
        outcome=text_given("outcome"),
        reason=text_given(_field("reason")),
    )


@blueprint.post("/akkoord/gesprek")
@requires(Action.WORK_ON_CASES)
def record_for(school: str, case_id: str) -> Answer:
    """Record what somebody said in a talk."""
    return _attempt(
        approving.record_for,
        school,
        case_id,
        gate_key=text_given("gate"),
        approver_id=text_given(_field("said_by")),
        on=day_given(_field("said_on")),
        outcome=text_given("outcome"),
        text=text_given(_field("said")),
    )


@blueprint.post("/akkoord/terug")
@requires(Action.WORK_ON_CASES)
def withdraw(school: str, case_id: str) -> Answer:
    """Take a question back."""
    approval_id = request.form.get("approval", "")
    return _attempt(approving.withdraw, school, case_id, approval_id=approval_id)
