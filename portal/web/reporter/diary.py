"""Keeping a draft under a code without sending it, and adding dated entries to it for weeks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.data import danger_words
from portal.domain.deadlines import ZONE
from portal.services import diary, drafts, sessions
from portal.services.drafts import Entry
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.sessions import SealedSession
from portal.web import i18n, session
from portal.web.body import BodiesFull
from portal.web.context import current_school, db, now, portal, settings
from portal.web.guards import draft_only, public, reads_body_itself
from portal.web.reporter import language, onward, receiving, telling, wording
from portal.web.reporter.evidence import busy
from portal.web.reporter.telling import Telling

blueprint = Blueprint("reporter_diary", __name__)

SHOWN_FOR = timedelta(minutes=30)
FILE_NAME = "notities.txt"
LOOKED_THROUGH = 50_000
SEND = "vraag/rol"
AWAY = onward.READING | onward.DIARY
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as its writer sees it: when it happened as a day and a time, if that was said."""

    number: int
    entry: Entry
    day: date | None
    time: datetime | None
    first_of_day: bool


@blueprint.post("/<school>/schrift/begin")
@public
def begin(school: str) -> Response:
    """Begin to keep something for oneself, from the front page; who speaks is asked later."""
    if not current_school().is_open:
        return redirect(url_for("reporter_front.landing", school=school), 303)
    live = session.current(sessions.DRAFT)
    if live is None or live.idle(now()) or telling.sent(live):
        report_id, kept = drafts.begin(
            db(),
            school=current_school(),
            perspective="unsure",
            language=i18n.language(),
            now=now(),
        )
        kept["language"] = i18n.language()
        session.start(sessions.DRAFT, kept, report_id=report_id)
    return redirect(url_for(".explain", school=school), 303)


@blueprint.get("/<school>/schrift/bewaar")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def explain(school: str) -> Response:
    """Say what keeping means, before it is done."""
    live = telling.live_draft()
    if diary.is_open(live) and not telling.sent(live):
        return redirect(url_for(".show", school=school), 303)
    other = telling.instead_of_draft()
    if other is not None:
        return other
    return telling.show(
        "reporter/diary_keep.html", telling=telling.load(), days=settings().diary_days
    )


@blueprint.post("/<school>/schrift/bewaar")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def keep(school: str) -> Response:
    """Keep the draft under a code; a second time shows the same code."""
    live = telling.live_draft()
    if live.idle(now()) or telling.sent(live):
        return redirect(url_for(".explain", school=school), 303)
    if not diary.is_open(live):
        diary.keep(
            db(),
            live=live,
            school=current_school(),
            instance=portal().keys,
            days=settings().diary_days,
            now=now(),
        )
    return redirect(url_for(".code", school=school), 303)


@blueprint.get("/<school>/schrift/code")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def code(school: str) -> Response:
    """Show the code that was made just now, until its writer has it."""
    live = telling.live_draft()
    made = live.data.get(diary.KEPT_CODE)
    at = live.data.get("kept_at")
    late = at is None or now() - datetime.fromisoformat(at) > SHOWN_FOR
    if telling.sent(live) or not made or late:
        return redirect(url_for(".show", school=school), 303)
    resting = telling.resting(live)
    if resting is not None:
        return resting
    return telling.show(
        "reporter/diary_code.html",
        telling=telling.load(),
        code=made,
        until=diary.kept_until(db(), live=live),
        days=settings().diary_days,
    )


@blueprint.post("/<school>/schrift/code")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def code_seen(school: str) -> Response:
    """The writer has the code: it is not shown again."""
    live = telling.live_draft()
    diary.code_seen(live)
    sessions.touch(live, now())
    return redirect(url_for(".show", school=school), 303)


@blueprint.get("/<school>/schrift")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def show(school: str) -> Response:
    """Show the diary: its entries, room for a new one, and what can be done with the whole."""
    return _instead(school) or _show(telling.load())


@blueprint.post("/<school>/schrift")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def write(school: str) -> Response:
    """Add an entry, also after a long pause; then perhaps a file to it."""
    live = telling.live_draft()
    if not diary.is_open(live) or telling.sent(live):
        return redirect(url_for(".show", school=school), 303)
    told, text = telling.load(), request.form.get("text", "").replace("\r\n", "\n")
    page = onward.goal(request.form.get("then", ""), AWAY)
    # Who sends everything means also what is typed here; every other way only sets it aside.
    if language.choose(request.form.get("then", "")) or (page and not (page == SEND and text)):
        return _set_aside(live, onward.address(page) if page else url_for(".show", school=school))
    try:
        made = diary.write(
            db(),
            live=live,
            text=text,
            happened=_moment(request.form.get("day", ""), request.form.get("time", "")),
            exact=request.form.get("precision") == "exact",
            now=now(),
        )
    except InvalidInputError as problem:
        return _show(told, problem=problem.problem, typed=text)
    telling.look_for_danger(told, {"entry": text})
    files = request.form.get("then") == "files"
    live.data |= {"entry": made if files else "", "picking": False, "aside": {}}
    sessions.save(live)
    if page:
        return redirect(onward.address(page), 303)
    return redirect(url_for(".files" if files else ".show", school=school, _anchor="erbij"), 303)


@blueprint.post("/<school>/schrift/bij")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def choose_entry(school: str) -> Response:
    """Choose the entry that a file belongs to."""
    told = telling.load()
    chosen = request.form.get("entry", "")
    known = {entry.id for entry in told.draft.entries}
    told.live.data |= {"entry": chosen if chosen in known else "", "picking": False}
    receiving.clear_notes(told.live)
    sessions.touch(told.live, now())
    following = url_for(".files" if chosen in known else ".show", school=school)
    return _set_aside(told.live, following)


@blueprint.get("/<school>/schrift/bestanden")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def files(school: str) -> Response:
    """Ask first whether somebody is naked in it, then show the picker, or what helps instead."""
    instead = _instead(school)
    if instead is not None:
        return instead
    told = telling.load()
    line = next((one for one in _lines(told) if one.entry.id == _chosen(told.live)), None)
    if line is None:
        return redirect(url_for(".show", school=school), 303)
    return telling.show(
        "reporter/diary_files.html",
        telling=told,
        line=line,
        question=told.question("evidence"),
        intimate=told.live.data.get("intimate", ""),
        picking=told.live.data.get("picking", False),
        notes=receiving.notes(told.live),
        under_way=receiving.under_way(told.live),
        limits=settings(),
        upload_url=request.path,
        fresh=telling.fresh_help(told.live, formal=told.formal),
        helping=telling.help_for(frozenset({"images", "sexual"}), formal=told.formal),
    )


@blueprint.post("/<school>/schrift/bestanden/vraag")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def ask(school: str) -> Response:
    """Take the answer about nudity: on to the picker, or away from it."""
    live = telling.live_draft()
    chosen = request.form.get("intimate", "")
    live.data |= {"intimate": chosen, "picking": chosen == "no", "fresh": []}
    receiving.clear_notes(live)
    sessions.touch(live, now())
    return redirect(url_for(".files", school=school), 303)


@blueprint.post("/<school>/schrift/bestanden")
@receiving.drained
@telling.keeping_typed(sessions.DRAFT)
@draft_only
@reads_body_itself
def upload(school: str) -> Response:
    """Take files in for the chosen entry; its text was saved by a request before this one."""
    live = telling.live_draft()
    if telling.sent(live) or not _chosen(live):
        return redirect(url_for(".show", school=school), 303)
    try:
        fresh = receiving.receive(live)
    except BodiesFull:
        return busy(url_for(".files", school=school))
    if fresh is None:
        return redirect(url_for("reporter_return.enter", school=school), 303)
    wrong = bool(receiving.notes(fresh))
    fresh.data |= {"picking": False, "intimate": "", "entry": _chosen(fresh) if wrong else ""}
    sessions.save(fresh)
    sessions.touch(fresh, now())
    return redirect(url_for(".files" if wrong else ".show", school=school), 303)


@blueprint.get("/<school>/schrift/lijst")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def listing(school: str) -> Response:
    """Show the entries as a list to print."""
    instead = _instead(school)
    if instead is not None:
        return instead
    told = telling.load()
    return telling.show("reporter/diary_list.html", telling=told, lines=_lines(told), at=now())


@blueprint.get("/<school>/schrift/lijst.txt")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def download(school: str) -> Response:
    """Give the entries as plain text; the name of the file says nothing."""
    instead = _instead(school)
    if instead is not None:
        return instead
    lines = _lines(telling.load())
    text = render_template("reporter/diary_list.txt", lines=lines, words=wording, at=now())
    response = make_response(text)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return response


@blueprint.get("/<school>/schrift/weg")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def ask_wipe(school: str) -> Response:
    """Say what wiping means, before it is done."""
    instead = _instead(school)
    if instead is not None:
        return instead
    return telling.show("reporter/diary_wipe.html", telling=telling.load())


@blueprint.post("/<school>/schrift/weg")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def wipe(school: str) -> Response:
    """Wipe the whole diary and end the session."""
    live = telling.live_draft()
    if live.idle(now()):
        return redirect(url_for(".ask_wipe", school=school), 303)
    try:
        diary.wipe(db(), live=live, store=portal().store, now=now())
    except NotFoundError:
        return redirect(url_for(".show", school=school), 303)
    session.finish()
    return redirect(url_for("reporter_control.gone", school=school), 303)


def _instead(school: str) -> Response | None:
    """Give what is shown instead of a page of the diary: nothing kept, sent, or a long pause."""
    other = telling.instead_of_draft()
    if other is None and not diary.is_open(telling.live_draft()):
        return redirect(url_for(".explain", school=school), 303)
    return other


def _set_aside(live: SealedSession, following: str) -> Response:
    """Keep an entry that was typed and not saved; its form shows it again."""
    given = {name: request.form.get(name, "") for name in ("text", "day", "time", "precision")}
    live.data |= {"aside": given if given["text"].strip() else {}, "came_from": ""}
    sessions.save(live)
    return redirect(following, 303)


def _chosen(live: SealedSession) -> str:
    return str(live.data.get("entry", ""))


def _show(told: Telling, *, problem: str = "", typed: str = "") -> Response:
    lines, aside = _lines(told), told.live.data.get("aside") or {}
    # Weeks later the words of before still bring help: the session that noted them is long over.
    found = told.found | danger_words().find(_newest(line.entry.text for line in lines))
    return telling.show(
        "reporter/diary.html",
        400 if problem else 200,
        telling=told,
        lines=lines,
        files=[file for file in told.draft.files if not file.entry],
        until=diary.kept_until(db(), live=told.live),
        days=settings().diary_days,
        problem=problem,
        typed=typed or aside.get("text", ""),
        form=request.form if typed else aside,
        fresh=telling.fresh_help(told.live, formal=told.formal),
        helping=telling.help_for(found, formal=told.formal),
    )


def _newest(texts: Iterable[str]) -> list[str]:
    """Give the last texts, as far as every view of a page can look through them."""
    found: list[str] = []
    for text in reversed(list(texts)):
        if sum(map(len, found)) >= LOOKED_THROUGH:
            break
        found.append(text)
    return found


def _lines(told: Telling) -> list[Line]:
    days = [None, *(wording.long_day(one.written_at) for one in told.draft.entries)]
    return [
        _line(number, entry, first=before != day)
        for number, (entry, (before, day)) in enumerate(
            zip(told.draft.entries, pairwise(days), strict=True), 1
        )
    ]


def _line(number: int, entry: Entry, *, first: bool) -> Line:
    day, _, time = entry.happened.partition(" ")
    return Line(
        number=number,
        entry=entry,
        day=date.fromisoformat(day) if day else None,
        time=datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZONE) if time else None,
        first_of_day=first,
    )


def _moment(day: str, time: str) -> str:
    """Read a day and a time as a browser sends them; anything else was not said."""
    try:
        said = date.fromisoformat(day.strip()).isoformat()
    except ValueError:
        return ""
    return f"{said} {time.strip()}" if CLOCK.fullmatch(time.strip()) else said
