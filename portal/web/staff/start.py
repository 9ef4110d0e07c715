"""Starting a case: a two-minute signal by anybody, or a talk, call or letter written down."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.domain.permissions import Action
from portal.services import codes, drafts, once, schools, staff_reports, transaction
from portal.services.errors import InvalidInputError
from portal.web.context import current_school, db, now, portal
from portal.web.guards import current_actor, current_live, requires, shows_once
from portal.web.staff.layout import Problem, page

blueprint = Blueprint("staff_start", __name__, url_prefix="/<school>/bureau/nieuw")
VERSION = "2026-11"
STORY = "Wat zag, hoorde of las je?"
CLASSES = "Om welke klassen gaat het?"
ONLINE = "Gebeurde het ook online?"
WHEN = "Wanneer en waar?"
PROBLEMS = {
    "empty": "Schrijf eerst op wat er gebeurde.",
    "too_long": "Dit is te lang. Maak er twee stukken van.",
    "too_few": "Nu kan bijna niemand dit lezen. Zet minder mensen buiten.",
}


@blueprint.get("/")
@requires(Action.GIVE_SIGNAL)
def choose(school: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the form; the kind is chosen in it."""
    return _form(MultiDict())


def _form(typed: MultiDict[str, str], errors: list[Problem] | None = None) -> str:
    school = current_school()
    return page(
        "staff/start.html",
        classes=schools.classes_of(db(), school.id),
        staff=drafts.choosable_staff(db(), school=school),
        questions={"story": STORY, "classes": CLASSES, "online": ONLINE, "when": WHEN},
        typed=typed,
        once=typed.get("once") or once.new_token(),
        errors=errors,
    )


@blueprint.post("/")
@requires(Action.GIVE_SIGNAL)
def start(school: str) -> Response | tuple[str, int]:
    """Start the case; a signal is write-only for whoever gives it."""
    form, live = request.form, current_live()
    done = redirect(url_for(".done", school=school), 303)
    token = form.get("once") or once.new_token()
    if once.is_spent(live, token):
        return done
    kind = staff_reports.TALK if form.get("kind") == "talk" else staff_reports.SIGNAL
    try:
        started = staff_reports.start(
            db(),
            actor=current_actor(),
            school=current_school(),
            kind=kind,
            answers=_answers(form),
            with_code=kind == staff_reports.TALK and form.get("code") == "yes",
            instance=portal().keys,
            now=now(),
        )
    except InvalidInputError as error:
        transaction.rollback(db())
        place = "accused_staff" if error.problem == "too_few" else error.field
        return _form(form, [(place, PROBLEMS.get(error.problem, error.problem))]), 422
    once.keep(live, token, started)
    return done


@blueprint.get("/klaar")
@requires(Action.GIVE_SIGNAL)
@shows_once
def done(school: str) -> str | Response:
    """Show what came of it, the same at each reload; gone once its reader left the page."""
    started = once.kept(current_live())
    if started is None:
        return redirect(url_for("staff_desk.today", school=school), 303)
    groups = codes.display(started.code) if started.code else []
    return page("staff/started.html", started=started, code="".join(groups))


def _answers(form: MultiDict[str, str]) -> dict[str, Any]:
    """Read the form as answers, each with the question as it was asked."""
    value: dict[str, tuple[str, Any]] = {
        "perspective": ("", "staff"),
        "story": (STORY, form.get("story", "")),
        "classes": (CLASSES, _classes(form)),
        "when": (WHEN, {"moment": form.get("moment", ""), "where": form.get("where", "")}),
        "online": (ONLINE, {"happened": form.get("online", "unknown"), "incidents": []}),
    }
    return {
        key: {"value": given, "question": question, "version": VERSION}
        for key, (question, given) in value.items()
    }


def _classes(form: MultiDict[str, str]) -> dict[str, Any]:
    accused = form.getlist("accused_staff")
    return {
        "subject": form.getlist("subject"),
        "accused": form.getlist("accused"),
        "other": [*form.getlist("other"), *(["staff"] if accused else [])],
        "staff": accused,
    }
