"""Tasks, agreements and own notes of a case."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, url_for

from portal.domain.deadlines import local_date
from portal.domain.permissions import Action
from portal.services import own_notes, tasks
from portal.services.tasks import DueTask
from portal.web.context import db, now
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, day_given, own_page, readers, text_given

blueprint = Blueprint("staff_tasks", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")
PROBLEMS = {"day": "Kies een dag."}


@blueprint.app_template_global()
def tasks_due(ahead: int = 0) -> list[DueTask]:
    """What this person has to do today and some days ahead, over all cases."""
    today = local_date(now())
    until = today + timedelta(days=ahead)
    return tasks.due_for(db(), actor=current_actor(), until=until, today=today)


@blueprint.get("/taken")
@requires(Action.WORK_ON_CASES)
def listing(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """List who does what by when."""
    return _page(case_id, [])


def _page(case_id: str, errors: list[Problem]) -> str:
    found = tasks.tasks_of(db(), actor=current_actor(), case_id=case_id)
    given = {"tasks": found, "people": readers(case_id), "me": current_actor().id}
    return own_page("staff/tasks.html", case_id, errors, **given)


@blueprint.post("/taken")
@requires(Action.WORK_ON_CASES)
def add(school: str, case_id: str) -> Answer:
    """Write a task or an agreement down."""
    return attempt_on(
        _page,
        tasks.add,
        case_id,
        url_for(".listing", school=school, case_id=case_id),
        PROBLEMS,
        kind=text_given("kind"),
        text=text_given("text"),
        partner=text_given("partner"),
        due_on=day_given("due_on"),
        owner_id=text_given("owner"),
    )


@blueprint.post("/taken/klaar")
@requires(Action.WORK_ON_CASES)
def finish(school: str, case_id: str) -> Answer:
    """End a task: done, or why not."""
    return attempt_on(
        _page,
        tasks.finish,
        case_id,
        url_for(".listing", school=school, case_id=case_id),
        task_id=text_given("task"),
        outcome=text_given("outcome"),
        text=text_given("ended"),
    )


@blueprint.get("/eigen")
@requires(Action.WORK_ON_CASES)
def own(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the notes that nobody else can open."""
    return _own(case_id, [])


def _own(case_id: str, errors: list[Problem]) -> str:
    found = own_notes.notes_of(db(), actor=current_actor(), case_id=case_id)
    return own_page("staff/own_notes.html", case_id, errors, notes=found)


@blueprint.post("/eigen")
@requires(Action.WORK_ON_CASES)
def write_own(school: str, case_id: str) -> Answer:
    """Keep a note for oneself."""
    done = url_for(".own", school=school, case_id=case_id)
    return attempt_on(_own, own_notes.write, case_id, done, text=text_given("own"))


@blueprint.post("/eigen/weg")
@requires(Action.WORK_ON_CASES)
def remove_own(school: str, case_id: str) -> Answer:
    """Take an own note away."""
    done = url_for(".own", school=school, case_id=case_id)
    return attempt_on(_own, own_notes.remove, case_id, done, note_id=text_given("note"))
