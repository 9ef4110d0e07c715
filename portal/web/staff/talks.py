"""Talks of a case: write one down, what may be named in it, and what must come first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request, url_for

from portal.domain.permissions import Action
from portal.services import cases, clearing, reading, talks
from portal.services.talks import PARTS, Talk
from portal.web.context import db, now, portal
from portal.web.guards import current_actor, requires
from portal.web.staff.case import Answer
from portal.web.staff.layout import Problem
from portal.web.staff.verbs import attempt_on, day_given, own_page, text_given

blueprint = Blueprint("staff_talks", __name__, url_prefix="/<school>/bureau/zaken/<case_id>")


PROBLEMS = {"about": "Kies over wie het gaat."}


@blueprint.get("/gesprekken")
@requires(Action.WORK_ON_CASES)
def show(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the talks of a case, the guides, and what holds a talk back."""
    return _page("staff/talks.html")(case_id, [])


def _page(name: str) -> Callable[[str, list[Problem]], str]:
    def shown(case_id: str, errors: list[Problem]) -> str:
        view = talks.show(
            db(),
            actor=current_actor(),
            case_id=case_id,
            folder=portal().settings.instance_dir,
            now=now(),
        )
        chosen = text_given("with") or request.args.get("met", "")
        return own_page(name, case_id, errors, view=view, chosen=chosen)

    return shown


def _do(
    verb: Callable[..., object], page: str, school: str, case_id: str, anchor: str, **given: Any
) -> Answer:
    done = url_for("staff_talks.show", school=school, case_id=case_id, _anchor=anchor)
    return attempt_on(_page(page), verb, case_id, done, PROBLEMS, **given)


@blueprint.get("/gesprekken/nieuw")
@requires(Action.WORK_ON_CASES)
def begin(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the form for a talk, with its guide."""
    return _page("staff/talk_form.html")(case_id, [])


@blueprint.post("/gesprekken/nieuw")
@requires(Action.WORK_ON_CASES)
def record(school: str, case_id: str) -> Answer:
    """Write a talk down."""
    talk = Talk(
        kind=text_given("with"),
        on=day_given("on"),
        present=text_given("present"),
        side=text_given("side"),
        parts={part: text_given(part) for part in PARTS},
        agreed=text_given("agreed"),
        return_on=day_given("return_on"),
        action=text_given("action"),
        group=text_given("group"),
        about=tuple(request.form.getlist("about")),
        aftercare=bool(text_given("aftercare")),
    )
    return _do(talks.record, "staff/talk_form.html", school, case_id, "gevoerd", talk=talk)


@blueprint.post("/gesprekken/politie")
@requires(Action.WORK_ON_CASES)
def police(school: str, case_id: str) -> Answer:
    """Put talks on hold for the police, or let them go on."""
    return _do(
        talks.decide_hold,
        "staff/talks.html",
        school,
        case_id,
        "politie",
        do=text_given("do"),
        grounds=request.form.getlist("grounds"),
        text=text_given("police"),
    )


@blueprint.post("/gesprekken/samen")
@requires(Action.WORK_ON_CASES)
def together(school: str, case_id: str) -> Answer:
    """Write down what the pupil wants of a talk together, or that somebody ended it."""
    return _do(
        talks.note_wish,
        "staff/talks.html",
        school,
        case_id,
        "samen",
        wish=text_given("wish"),
        supporters=text_given("supporters"),
        alternative=text_given("alternative"),
        text=text_given("wish_text"),
    )


@blueprint.get("/gesprekken/noemen")
@requires(Action.WORK_ON_CASES)
def choose(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Choose what may be named, and what only the reporter can know."""
    return _choose(case_id, [])


def _choose(case_id: str, errors: list[Problem]) -> str:
    view = cases.show(db(), actor=current_actor(), case_id=case_id, now=now())
    sheet = clearing.sheet_of(db(), actor=current_actor(), case_id=case_id)
    told = {one.id: clearing.details(reading.lines_of(db(), one, case_id)) for one in view.reports}
    return own_page(
        "staff/clearing.html", case_id, errors, sheet=sheet, reports=view.reports, told=told
    )


@blueprint.post("/gesprekken/noemen")
@requires(Action.WORK_ON_CASES)
def settle(school: str, case_id: str) -> Answer:
    """Settle what may be named; ask the reporter about the rest."""
    texts, ways = request.form.getlist("fact"), request.form.getlist("how")
    done = url_for("staff_talks.choose", school=school, case_id=case_id, _anchor="blad")
    return attempt_on(
        _choose,
        clearing.settle,
        case_id,
        done,
        report_id=text_given("report"),
        facts=list(zip(texts, ways, strict=False)),
    )


@blueprint.get("/gesprekken/blad")
@requires(Action.WORK_ON_CASES)
def sheet(school: str, case_id: str) -> str:  # noqa: ARG001 - `current_school` reads it
    """Show the sheet for a talk: only what may be named, to print."""
    facts = clearing.sheet_of(db(), actor=current_actor(), case_id=case_id)
    view = talks.show(
        db(),
        actor=current_actor(),
        case_id=case_id,
        folder=portal().settings.instance_dir,
        now=now(),
    )
    return own_page("staff/talk_sheet.html", case_id, [], sheet=facts, view=view)
