"""In the conversation: tapping an answer, the question of a check week, and a mail at news."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from portal import data
from portal.domain import questionnaire
from portal.services import checks, notices, reporter, sessions
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.sessions import SealedSession
from portal.web import session
from portal.web.context import db, now, settings
from portal.web.guards import code_only
from portal.web.reporter import half, onward, telling

blueprint = Blueprint("reporter_talk", __name__, url_prefix="/<school>/gesprek")
SHOWN_ADDRESS = 254
MAIL = "gesprek/mail"


@blueprint.post("/keuze")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def choose(school: str) -> Response:
    """Answer a question of the school with one tap, and a few words if wanted."""
    asked, chosen = _choice()
    number = int(chosen) if chosen.isdecimal() and chosen.isascii() else -1
    return _answer(school, reporter.answer_question, asked, question_id=asked, chosen=number)


@blueprint.post("/week")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def week(school: str) -> Response:
    """Answer the question of this check week."""
    asked, chosen = _choice()
    return _answer(school, checks.answer, asked, round_id=asked, chosen=chosen)


def _choice() -> tuple[str, str]:
    """Give what was asked, by its id, and what was chosen."""
    asked, _, chosen = request.form.get("choice", "").partition(":")
    return asked, chosen


def _answer(school: str, verb: Callable[..., None], asked: str, **given: Any) -> Response:
    """Save an answer; what is no answer any more changes nothing, and the page shows what is.

    What was typed elsewhere on the page is not sent along, and stands there again.
    """
    live = _live()
    text = request.form.get(f"{onward.BESIDE}{asked}", "").replace("\r\n", "\n")
    found = data.danger_words().find([text])
    try:
        verb(db(), live=live, text=text, now=now(), dangers=found, **given)
    except (InvalidInputError, NotFoundError):
        live.data["typed"] = onward.written()
        sessions.save(live)
        return redirect(url_for("reporter_return.conversation", school=school), 303)
    live.data |= {"fresh": sorted(found), "typed": onward.written(but=asked)}
    sessions.save(live)
    return redirect(url_for("reporter_return.conversation", school=school), 303)


@blueprint.get("/mail")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def mail(school: str) -> Response:
    """Say what a mail would tell and to whom, before it is switched on."""
    del school
    live = _live()
    typed = half.written(live, MAIL).get("address", "")
    return telling.resting(live) or _mail_page(typed=typed[:SHOWN_ADDRESS])


@blueprint.post("/mail")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def switch_mail(school: str) -> Response:
    """Switch the mail on, or off."""
    live, given = _live(), request.form.get("address", "")
    away = half.leaving(live, MAIL)
    if away is not None:
        return away
    if request.form.get("then") == "off":
        notices.switch_off(db(), live=live, now=now())
        return redirect(url_for(".mail", school=school), 303)
    try:
        notices.switch_on(db(), live=live, address=given, now=now())
    except InvalidInputError:
        return _mail_page(400, typed=given[:SHOWN_ADDRESS], wrong=True)
    half.forget(live, MAIL)
    return redirect(url_for(".mail", school=school), 303)


def _mail_page(status: int = 200, *, typed: str = "", wrong: bool = False) -> Response:
    if not settings().smtp_host:
        abort(404)
    seen = reporter.view(db(), live=_live())
    who = str(seen.answers.get("perspective", {}).get("value", "unsure"))
    return telling.show(
        "reporter/mail.html",
        status,
        on=seen.gets_mail,
        formal=who in questionnaire.FORMAL,
        typed=typed,
        wrong=wrong,
    )


def _live() -> SealedSession:
    live = session.current(sessions.REPORTER)
    if live is None:
        raise NotFoundError(sessions.REPORTER)
    return live
