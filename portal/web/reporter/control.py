"""The reporter keeps the reins: stop, withdraw, a new code, who may know the name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.domain import questionnaire
from portal.domain.deadlines import local_date
from portal.services import (
    new_code,
    reins,
    renaming,
    reporter,
    sessions,
    transaction,
    withdrawal,
)
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.services.reins import Reins
from portal.services.renaming import Named
from portal.services.reporter import ReporterView
from portal.services.sessions import SealedSession
from portal.web import session
from portal.web.context import db, now, portal, settings
from portal.web.guards import code_only, public
from portal.web.reporter import half, telling
from portal.web.reporter.report import naming_roles

blueprint = Blueprint("reporter_control", __name__)

STOP, NAME, CODE = "gesprek/wacht", "gesprek/naam", "gesprek/code"


@dataclass(frozen=True, slots=True)
class Held:
    """What the card of the conversation says: what holds now, and what can be chosen."""

    reins: Reins
    name: Named
    has_name: bool


@blueprint.app_template_global("control_card")
def control_card() -> Held | None:
    """Give what the reporter holds; None where nobody came back with a code."""
    live = session.current(sessions.REPORTER)
    if live is None:
        return None
    return Held(
        reins=reins.of_session(db(), live=live),
        name=renaming.current(db(), live=live),
        has_name=renaming.possible(db(), live=live),
    )


@blueprint.get("/<school>/gesprek/wacht")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def stop(school: str) -> Response:
    """Say what "do nothing yet" means; or let the school go on."""
    del school
    live = _live()
    return telling.resting(live) or _show_stop(live, typed=half.written(live, STOP).get("text", ""))


@blueprint.post("/<school>/gesprek/wacht")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def hold(school: str) -> Response:
    """Ask to do nothing yet, or take that back."""
    live, text = _live(), request.form.get("text", "").replace("\r\n", "\n")
    away = half.leaving(live, STOP)
    if away is not None:
        return away
    try:
        if request.form.get("then") == "resume":
            reins.resume(db(), live=live, now=now())
        else:
            reins.stop(db(), live=live, text=text, now=now())
    except InvalidInputError as problem:
        return _show_stop(live, typed=text, problem=problem.problem)
    half.forget(live, STOP)
    return redirect(url_for("reporter_return.conversation", school=school, _anchor="regie"), 303)


@blueprint.get("/<school>/gesprek/terug")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def withdraw(school: str) -> Response:
    """Say which of the two withdrawing would be, and why, before it is chosen."""
    del school
    live = _live()
    return telling.resting(live) or _show_withdrawing(live)


@blueprint.post("/<school>/gesprek/terug")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def take_back(school: str) -> Response:
    """Withdraw, if it still is what the page said; else show the page anew."""
    live = _live()
    if live.idle(now()):
        return redirect(url_for(".withdraw", school=school), 303)
    try:
        done = withdrawal.withdraw(
            db(),
            live=live,
            seen=request.form.get("seen", ""),
            store=portal().store,
            days=settings().withdrawn_days,
            now=now(),
        )
    except (InvalidInputError, ConflictError):
        transaction.rollback(db())
        return _show_withdrawing(live, changed=True)
    if done == withdrawal.OPENED:
        there = url_for("reporter_return.conversation", school=school, _anchor="regie")
        return redirect(there, 303)
    session.finish()
    return redirect(url_for(".gone", school=school), 303)


@blueprint.get("/<school>/gewist")
@public
def gone(school: str) -> Response:
    """Say that nothing is there any more; the page tells nothing of what was."""
    del school
    return telling.show("reporter/gone.html")


@blueprint.get("/<school>/gesprek/code")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def code(school: str) -> Response:
    """Say what a new code does; or show the one that was made just now."""
    del school
    live = _live()
    resting = telling.resting(live)
    if resting is not None:
        return resting
    return _page("reporter/control_code.html", live, code=new_code.unseen(live, now()))


@blueprint.post("/<school>/gesprek/code")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def renew(school: str) -> Response:
    """Make a new code, or note that its reporter has it."""
    live = _live()
    if live.idle(now()):
        return redirect(url_for(".code", school=school), 303)
    away = half.leaving(live, CODE)
    if away is not None:
        return away
    if request.form.get("then") == "seen":
        new_code.seen(live)
        return redirect(url_for("reporter_return.conversation", school=school), 303)
    if not live.data.get(new_code.NEW_CODE):
        formal = telling.reads_formal()
        try:
            new_code.replace(db(), live=live, instance=portal().keys, now=now())
        except ConflictError:  # two phones at one moment: the other has the new code
            transaction.rollback(db())
            session.ended_elsewhere()
            return telling.show(
                "reporter/replaced.html", 409, day=local_date(now()), code="", formal=formal
            )
    return redirect(url_for(".code", school=school), 303)


@blueprint.get("/<school>/gesprek/naam")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def name(school: str) -> Response:
    """Say who can open the name now, and let that be chosen anew."""
    del school
    live = _live()
    typed = half.written(live, NAME)
    wanted = _named(typed) if typed else renaming.current(db(), live=live)
    return telling.resting(live) or _show_name(live, wanted)


@blueprint.post("/<school>/gesprek/naam")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def rename(school: str) -> Response:
    """Let others know the name from now on, or nobody."""
    live = _live()
    away = half.leaving(live, NAME)
    if away is not None:
        return away
    wanted = _named(request.form)
    try:
        renaming.choose(db(), live=live, wanted=wanted, now=now())
    except InvalidInputError as problem:
        transaction.rollback(db())
        return _show_name(live, wanted, problem=problem.problem)
    half.forget(live, NAME)
    return redirect(url_for("reporter_return.conversation", school=school, _anchor="regie"), 303)


def _named(form: MultiDict[str, str]) -> Named:
    return Named(
        who=form.get("who", ""),
        name=form.get("name", ""),
        contact=form.get("contact", ""),
        role=form.get("role", ""),
        staff=tuple(form.getlist("staff")),
    )


def _live() -> SealedSession:
    live = session.current(sessions.REPORTER)
    if live is None:
        raise NotFoundError(sessions.REPORTER)
    return live


def _page(template: str, live: SealedSession, status: int = 200, **context: object) -> Response:
    seen = reporter.view(db(), live=live)
    return telling.show(template, status, seen=seen, formal=_formal(seen), **context)


def _formal(seen: ReporterView) -> bool:
    who = str(seen.answers.get("perspective", {}).get("value", "unsure"))
    return who in questionnaire.FORMAL


def _show_stop(live: SealedSession, *, typed: str = "", problem: str = "") -> Response:
    held = reins.of_session(db(), live=live)
    status = 400 if problem else 200
    return _page(
        "reporter/control_stop.html", live, status, held=held, typed=typed, problem=problem
    )


def _show_withdrawing(live: SealedSession, *, changed: bool = False) -> Response:
    return _page(
        "reporter/control_withdraw.html",
        live,
        409 if changed else 200,
        state=withdrawal.state(db(), live=live),
        held=reins.of_session(db(), live=live),
        days=settings().withdrawn_days,
        until=(now() + timedelta(days=settings().withdrawn_days)).date(),
        changed=changed,
    )


def _show_name(live: SealedSession, wanted: Named, *, problem: str = "") -> Response:
    return _page(
        "reporter/control_name.html",
        live,
        400 if problem else 200,
        wanted=wanted,
        now_known=renaming.current(db(), live=live),
        possible=renaming.possible(db(), live=live),
        roles=naming_roles(),
        problem=problem,
    )
