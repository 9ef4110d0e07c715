"""Coming back with the code: reading the answer, writing back, adding a file."""

from __future__ import annotations

import hmac
import secrets

from flask import Blueprint, g, make_response, redirect, request, url_for
from flask_limiter import RateLimitExceeded
from limits import parse
from werkzeug.wrappers import Response

from portal import data
from portal.domain import questionnaire
from portal.domain.deadlines import local_date
from portal.services import checks, codes, diary, drafts, new_code, reporter, sessions
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.reporter import ReporterView
from portal.services.sessions import SealedSession
from portal.web import i18n, limits, session
from portal.web.body import BodiesFull
from portal.web.context import current_school, db, now, portal, settings
from portal.web.guards import code_only, public, reads_body_itself
from portal.web.reporter import about, asked, language, onward, receiving, telling
from portal.web.reporter.evidence import busy
from portal.web.reporter.report import names

blueprint = Blueprint("reporter_return", __name__)

WAIT_SECONDS = 3
WAITED_FOR_SECONDS = 600
TRIES_AFTER_WAITING = parse("3 per 10 minutes")
SHOWN_CODE = 60


def _ticket() -> str:
    """Give what lets through after a wait: the hour, and that it was ours; nothing of whom."""
    stamp = f"{int(now().timestamp())}.{secrets.token_hex(8)}"
    return f"{stamp}.{portal().keys.ticket('wait', stamp)}"


def _has_waited() -> bool:
    """Whether the form brings a ticket back, neither too early nor too late nor too often."""
    stamp, _, vouched = request.form.get("waited", "").rpartition(".")
    if not hmac.compare_digest(vouched.encode(), portal().keys.ticket("wait", stamp).encode()):
        return False
    waited = now().timestamp() - int(stamp.partition(".")[0])
    in_time = WAIT_SECONDS <= waited <= WAITED_FOR_SECONDS
    return in_time and limits.limiter.limiter.hit(TRIES_AFTER_WAITING, stamp)


@blueprint.get("/<school>/verder")
@public
def enter(school: str) -> Response:
    """Ask for the code."""
    live = session.current(sessions.REPORTER)
    if live is not None and not live.data.get("again"):
        return redirect(url_for(".conversation", school=school), 303)
    return _code_page("")


@blueprint.app_template_global()
def unsent_story() -> bool:
    """Whether giving a code would end a story that is not sent, and kept under no code."""
    live = session.current(sessions.DRAFT)
    if live is None or diary.is_open(live) or telling.sent(live):
        return False
    draft = telling.load().draft
    return bool(draft.files) or len(draft.answers) > 1


@blueprint.post("/<school>/verder")
@public
@limits.limiter.limit(limits.FAILED_CODES, deduct_when=limits.failed, exempt_when=_has_waited)
def open_with_code(school: str) -> Response:
    """Open a report; a wrong, half or guessed code all get the same answer."""
    typed = request.form.get("code", "")
    other = _beside_the_code(typed[:SHOWN_CODE])
    if other is not None:
        return other
    try:
        report_id, kept = reporter.enter(
            db(), school=current_school(), code=typed, instance=portal().keys
        )
    except codes.ReplacedError as found:
        day = local_date(found.row.retired_at or now())
        return telling.show(
            "reporter/replaced.html",
            410,
            day=day,
            code=typed[:SHOWN_CODE],
            formal=telling.for_parents(),
        )
    except (InvalidInputError, NotFoundError):
        return _code_page(typed[:SHOWN_CODE], 400, "wrong")
    kept["language"] = i18n.chosen_before() or kept.get("language") or i18n.language()
    if kept.get("diary"):
        diary.visit(db(), report_id=report_id, days=settings().diary_days, now=now())
        session.start(sessions.DRAFT, kept, report_id=report_id)
        return redirect(url_for("reporter_diary.show", school=school), 303)
    before = session.current(sessions.REPORTER)
    if before is not None and before.row.report_id == report_id:
        kept["typed"] = before.data.get("typed", "")
    session.start(sessions.REPORTER, kept, report_id=report_id)
    return redirect(url_for(".conversation", school=school), 303)


def _code_page(typed: str, status: int = 200, problem: str = "", ticket: str = "") -> Response:
    return telling.show(
        "reporter/enter.html",
        status,
        typed=typed,
        problem=problem,
        ticket=ticket,
        formal=telling.for_parents(),
    )


def _beside_the_code(typed: str) -> Response | None:
    """Where a button leads away from a half typed code: that page, which sends the code back.

    There is no session yet to keep it in, and a code stands in no address.
    """
    then = request.form.get("then", "")
    switched = language.choose(then)
    page = request.form.get("page", "") if switched else then.removeprefix(onward.TO)
    if not switched and not then.startswith(onward.TO):
        return None
    if page in onward.READING:
        g.beside_code = {"code": typed, "from": request.form.get("from", ""), "page": page}
        return make_response(about.read(page))
    if telling.for_parents():
        return make_response(about.show_parents(typed))
    return _code_page(typed)


@blueprint.app_template_global()
def beside_code() -> dict[str, str]:
    """Give the half typed code that a page for everybody has to send back, if there is one."""
    return dict(g.get("beside_code", {}))


@blueprint.post("/<school>/verder/niet-ik")
@public
@limits.limiter.limit(limits.FAILED_CODES, deduct_when=limits.failed, exempt_when=_has_waited)
def dispute(school: str) -> Response:
    """Say with a replaced code that somebody else took the new one; the code goes along again."""
    del school
    typed = request.form.get("code", "")
    try:
        day = new_code.dispute(
            db(), school_id=current_school().id, code=typed, instance=portal().keys, now=now()
        )
    except (InvalidInputError, NotFoundError):
        return _code_page(typed[:SHOWN_CODE], 400, "wrong")
    return telling.show(
        "reporter/replaced.html", day=day, code="", told=True, formal=telling.for_parents()
    )


@blueprint.errorhandler(RateLimitExceeded)
def slow_down(error: RateLimitExceeded) -> Response:
    """Ask to wait a moment; what was typed stays, and who waited is let through."""
    del error
    typed = request.form.get("code", "")[:SHOWN_CODE]
    response = _code_page(typed, 429, "wait", ticket=_ticket())
    response.headers["Retry-After"] = str(WAIT_SECONDS)
    return make_response(response)


@blueprint.get("/<school>/gesprek")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def conversation(school: str) -> Response:
    """Show where it stands, what was said on both sides, and room to answer."""
    del school
    live = _live()
    return telling.resting(live) or _show(live, text=live.data.get("typed", ""))


@blueprint.post("/<school>/gesprek")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def write(school: str) -> Response:
    """Write to the school, also when it comes late; or add a file first and send it later."""
    live = _live()
    text, page = onward.written(), onward.goal(request.form.get("then", ""), onward.AWAY)
    switched = language.choose(request.form.get("then", ""))
    wants_files = request.form.get("then") == "files"
    found = data.danger_words().find([text])
    adding = switched or page or (wants_files and len(text) <= reporter.MESSAGE_LIMIT)
    if not adding:
        try:
            reporter.send_message(db(), live=live, text=text, now=now(), dangers=found)
        except InvalidInputError as problem:
            return _show(live, text=text, problem=problem.problem)
    live.data |= {
        "typed": text if adding else "",
        "fresh": sorted(found),
        "came_from": "",
    }
    sessions.save(live)
    if page:
        return redirect(onward.address(page), 303)
    following = ".files" if adding and not switched else ".conversation"
    return redirect(url_for(following, school=school), 303)


@blueprint.post("/<school>/gesprek/hier")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def resume(school: str) -> Response:
    """After a long pause: go on, or leave; or give the code again, for what came since."""
    if request.form.get("then") == "code":
        live = _live()
        live.data |= {"again": True, "typed": onward.written()}
        sessions.save(live)
        return redirect(url_for(".enter", school=school), 303)
    if request.form.get("then") != "go":
        session.finish()
        return redirect(url_for("reporter_front.landing", school=school), 303)
    sessions.touch(_live(), now())
    return redirect(url_for(".conversation", school=school), 303)


@blueprint.get("/<school>/gesprek/bestanden")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def files(school: str) -> Response:
    """Ask first whether somebody is naked in it, then show the picker, or what helps instead."""
    del school
    live = _live()
    resting = telling.resting(live)
    if resting is not None:
        return resting
    seen = reporter.view(db(), live=live)
    who = str(seen.answers.get("perspective", {}).get("value", "unsure"))
    formal = who in questionnaire.FORMAL
    return telling.show(
        "reporter/add_files.html",
        question=asked.question("evidence", who),
        seen=seen,
        intimate=live.data.get("intimate", ""),
        notes=receiving.notes(live),
        under_way=receiving.under_way(live),
        limits=settings(),
        formal=formal,
        upload_url=request.path,
        fresh=telling.fresh_help(live, formal=formal),
        helping=telling.help_for(frozenset({"images", "sexual"}), formal=formal),
    )


@blueprint.post("/<school>/gesprek/bestanden/vraag")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def ask(school: str) -> Response:
    """Take the answer about nudity."""
    live = _live()
    chosen = request.form.get("intimate", "")
    live.data["intimate"] = chosen if chosen in {"no", "yes", "unsure"} else ""
    receiving.clear_notes(live)
    sessions.touch(live, now())
    return redirect(url_for(".files", school=school), 303)


@blueprint.post("/<school>/gesprek/bestanden")
@receiving.drained
@telling.keeping_typed(sessions.REPORTER)
@code_only
@reads_body_itself
def upload(school: str) -> Response:
    """Take more files in."""
    live = _live()
    try:
        fresh = receiving.receive(live)
    except BodiesFull:
        return busy(url_for(".files", school=school))
    if fresh is None:
        return redirect(url_for(".enter", school=school), 303)
    fresh.data["intimate"] = ""
    sessions.save(fresh)
    sessions.touch(fresh, now())
    there = "" if receiving.notes(fresh) else "bestanden"
    return redirect(url_for(".files", school=school, _anchor=there or None), 303)


def _live() -> SealedSession:
    live = session.current(sessions.REPORTER)
    if live is None:
        raise NotFoundError(sessions.REPORTER)
    return live


def _show(live: SealedSession, *, text: str = "", problem: str = "") -> Response:
    seen = reporter.view(db(), live=live)
    who = str(seen.answers.get("perspective", {}).get("value", "unsure"))
    formal = who in questionnaire.FORMAL
    return telling.show(
        "reporter/conversation.html",
        400 if problem else 200,
        seen=seen,
        check=checks.question_for(db(), live=live, now=now()),
        mail=bool(settings().smtp_host),
        unseen_code=bool(new_code.unseen(live, now())),
        today=local_date(now()),
        told=_told(seen, who),
        formal=formal,
        fresh=telling.fresh_help(live, formal=formal),
        typed=text,
        problem=problem,
    )


def _told(seen: ReporterView, who: str) -> list[tuple[str, str]]:
    """The own report, question by question, as it was asked then."""
    known = names(drafts.choosable_staff(db(), school=current_school()))
    lines = []
    for key in data.questions().order:
        answer = seen.answers.get(key)
        if answer and answer["value"] and key != "evidence":
            question = asked.question(key, who)
            values = answer["value"] if key == "described" else [answer["value"]]
            said = [line for one in values for line in asked.read_back(question, one, known)]
            lines.append(
                (str(answer["question"]).split(" | ")[0] or question.title, "\n".join(said))
            )
    return lines
