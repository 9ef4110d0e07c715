"""Evidence: first whether somebody is naked in it, then the picker; or describing instead."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from portal import data
from portal.domain.questionnaire import UNKNOWN
from portal.services import drafts, sessions, upload_ends
from portal.services.errors import ConflictError, NotFoundError
from portal.web import session
from portal.web.body import BodiesFull
from portal.web.context import current_school, db, now, portal, settings
from portal.web.guards import draft_only, reads_body_itself
from portal.web.reporter import answers, guides, language, onward, receiving, telling
from portal.web.reporter.telling import Telling

blueprint = Blueprint("reporter_evidence", __name__)

RETRY_SECONDS = "10"
MAX_DESCRIBED = 50


@blueprint.get("/<school>/bestanden")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def files(school: str) -> Response:
    """Show the files, and the question or the picker."""
    del school
    return telling.instead_of_draft() or _show(telling.load())


@blueprint.post("/<school>/bestanden")
@receiving.drained
@telling.keeping_typed(sessions.DRAFT)
@draft_only
@reads_body_itself
def upload(school: str) -> Response:
    """Take files in while they arrive; the draft's text was saved by requests before this one."""
    live = session.current(sessions.DRAFT)
    if live is None or telling.sent(live):
        return redirect(url_for(".files", school=school), 303)
    try:
        fresh = receiving.receive(live)
    except BodiesFull:
        return busy(url_for(".files", school=school))
    if fresh is not None:
        fresh.data["picking"] = False
        sessions.save(fresh)
        sessions.touch(fresh, now())
    return redirect(url_for(".files", school=school), 303)


@blueprint.post("/<school>/bestanden/vraag")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def ask(school: str) -> Response:
    """Take the answer about nudity: on to the picker, or away from it."""
    told = telling.load()
    chosen = request.form.get("intimate", "")
    told.live.data |= {"picking": chosen == "no", "fresh": []}
    receiving.clear_notes(told.live)
    if chosen in {"yes", "unsure"}:
        return redirect(url_for(".describe", school=school), 303)
    return redirect(url_for(".files", school=school), 303)


@blueprint.post("/<school>/bestanden/verder")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def proceed(school: str) -> Response:
    """Go on to the next question; nothing needs to be added."""
    del school
    told = telling.load()
    then = request.form.get("then", "")
    guide = guides.page_of(then)
    if guide:
        return redirect(telling.address(guide), 303)
    _note_kept(told, then)
    if then == "nothing":
        return redirect(telling.address(f"{telling.GUIDES_PAGE}/{guides.NOTHING}"), 303)
    told.live.data |= {"picking": False, "fresh": []}
    if request.form.get("then") == "enough":
        told.live.data["reviewed"] = True
    receiving.clear_notes(told.live)
    following = told.after(telling.EVIDENCE_PAGE)
    return redirect(telling.address(following), 303)


@blueprint.post("/<school>/bestanden/haal-weg")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def remove(school: str) -> Response:
    """Take a file out of the draft."""
    told = telling.load()
    with suppress(NotFoundError, ConflictError):  # tapped twice, or safe meanwhile
        upload_ends.remove(
            db(),
            live=told.live,
            school=current_school(),
            store=portal().store,
            file_id=request.form.get("remove", ""),
        )
    return redirect(url_for(".files", school=school), 303)


@blueprint.get("/<school>/bestanden/beschrijf")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def describe(school: str) -> Response:
    """Say why not to send it, what does help, and ask where it is."""
    del school
    return telling.instead_of_draft() or _show_describing(telling.load())


@blueprint.post("/<school>/bestanden/beschrijf")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def described(school: str) -> Response:
    """Save one description; there may be more."""
    told = telling.load()
    question = told.question("described")
    read = answers.read([question], request.form, {})
    if language.choose(request.form.get("then", "")) or read.problems:
        return _show_describing(told, read)
    value = read.values["described"]
    if value is not None:
        earlier = told.answers.get("described", {}).get("value")
        listed = earlier if isinstance(earlier, list) else []
        _save(told, "described", [*listed, value][-MAX_DESCRIBED:])
        telling.look_for_danger(told, {"described": value})
        sessions.save(told.live)
    page = onward.goal(request.form.get("then", ""))
    if page:
        return redirect(onward.address(page), 303)
    again = request.form.get("then") == "again"
    return redirect(url_for(".describe" if again else ".files", school=school), 303)


@blueprint.post("/<school>/bestanden/beschrijf/weg")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def forget_described(school: str) -> Response:
    """Take a description away."""
    told = telling.load()
    listed = told.answers.get("described", {}).get("value")
    number = request.form.get("remove", "")
    if isinstance(listed, list) and number.isdecimal() and int(number) < len(listed):
        rest = [item for at, item in enumerate(listed) if at != int(number)]
        _save(told, "described", rest or None)
    return redirect(url_for(".files", school=school), 303)


def busy(address: str) -> Response:
    """Too many uploads at this moment; what was told is kept."""
    response = telling.show("reporter/busy.html", receiving.BUSY, again=address)
    response.headers["Retry-After"] = RETRY_SECONDS
    return response


def _note_kept(told: Telling, then: str) -> None:
    """Keep the answer of who has nothing; files speak for themselves."""
    answer = {"unknown": UNKNOWN, "nothing": {"kept": "nothing"}}.get(then)
    if told.draft.files:
        answer = None
    if answer != told.answers.get("evidence", {}).get("value") and (answer or told.draft.files):
        _save(told, "evidence", answer)


def _save(told: Telling, key: str, value: object) -> None:
    question = told.question(key)
    drafts.save_answer(
        db(),
        live=told.live,
        key=key,
        value=value,
        question=question.text,
        version=question.version,
        now=now(),
    )


def _show(told: Telling) -> Response:
    listed = told.answers.get("described", {}).get("value")
    return telling.show(
        "reporter/evidence.html",
        telling=told,
        page=telling.EVIDENCE_PAGE,
        question=told.question("evidence"),
        files=told.draft.files,
        described=listed if isinstance(listed, list) else [],
        describing=told.question("described"),
        picking=told.live.data.get("picking", False),
        notes=receiving.notes(told.live),
        under_way=receiving.under_way(told.live),
        limits=settings(),
        upload_url=request.path,
        fresh=telling.fresh_help(told.live, formal=told.formal),
        helping=telling.help_for(told.found, formal=told.formal),
    )


def _show_describing(told: Telling, read: answers.Read | None = None) -> Response:
    question = told.question("described")
    return telling.show(
        "reporter/describe.html",
        400 if read and read.problems else 200,
        telling=told,
        page=telling.EVIDENCE_PAGE,
        question=question,
        value=read.values["described"] if read else {},
        problems=read.problems if read else {},
        platforms=data.questions().platforms,
        fresh=telling.fresh_help(told.live, formal=told.formal),
        helping=telling.help_for(frozenset({"images", "sexual"}), formal=told.formal),
    )
