"""What the pages of a draft share: the opened draft, what comes next, when to show nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from flask import g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import data
from portal.domain import intake, questionnaire
from portal.domain.questionnaire import FORMAL, Question
from portal.services import diary, drafts, reporter, reports, schools, sessions
from portal.services.drafts import Draft
from portal.services.errors import NotFoundError
from portal.services.sessions import SealedSession
from portal.web import helplines, session
from portal.web.context import current_school, db, now
from portal.web.forms import TOKEN_FIELD, require_same_origin, token_fits
from portal.web.reporter import answers, asked, onward, wording

EVIDENCE_PAGE, REVIEW_PAGE, ENOUGH_PAGE = "bestanden", "nakijken", "genoeg"
KEEP_PAGE = "schrift"
GUIDES_PAGE = "bewaren"
# Asked for on every page; those that save no text of their own only link to it.
NOW_PAGE = "nu"
GONE, BAD_REQUEST = 410, 400
MESSAGE_FIELD = "text"
PARENTS_PAGE = "ouders"
# Where a code comes that was typed on one of two pages; small forms, never with files.
WITH_A_CODE = frozenset({"reporter_return.open_with_code", "reporter_return.dispute"})
HELP_ORDER = ("danger", "suicide", "sexual", "images", "home")


P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Telling:
    """A live draft as its pages need it."""

    live: SealedSession
    draft: Draft

    @property
    def answers(self) -> dict[str, Any]:
        """What was answered so far."""
        return self.draft.answers

    @property
    def perspective(self) -> str:
        """Who is speaking."""
        return str(self.answers.get("perspective", {}).get("value", "unsure"))

    @property
    def formal(self) -> bool:
        """Whether the page says u."""
        return self.perspective in FORMAL

    @property
    def found(self) -> frozenset[str]:
        """Kinds of danger that were told, by tick or by word."""
        return frozenset(self.live.data.get("found", [])) | ticked(self.answers)

    @property
    def kept(self) -> bool:
        """Whether this is a diary: kept under a code, and read by nobody else."""
        return diary.is_open(self.live)

    @property
    def stopped(self) -> bool:
        """Whether no more details are asked."""
        return questionnaire.details_stop(self.answers, self.live.data.get("found", []))

    @property
    def path(self) -> tuple[str, ...]:
        """The pages that this reporter is led along."""
        return questionnaire.pages_for(self.perspective, stop_details=self.stopped)

    def may_finish(self, page: str) -> bool:
        """Whether to offer that it is enough: there is a story, and more is still asked."""
        last = page == self.path[-1]
        asks = page in questionnaire.PAGES and not last
        return asks and bool(self.answers.get("story")) and not self.live.data.get("reviewed")

    def question(self, key: str) -> Question:
        """One question in this reporter's words."""
        return asked.question(key, self.perspective)

    def after(self, page: str) -> str:
        """Give the page that comes after this one: the look-over once that was seen."""
        if self.live.data.get("reviewed"):
            return REVIEW_PAGE
        if page == NOW_PAGE:
            return EVIDENCE_PAGE
        return next_page(self.path, page, self.perspective)


def ticked(answers: dict[str, Any]) -> frozenset[str]:
    """Give the kinds of danger that the reporter named by ticking."""
    safety = questionnaire.value_of(answers, "safety")
    parents = questionnaire.value_of(answers, "parents")
    said = {
        "danger": safety.get("now"),
        "suicide": safety.get("suicide"),
        "sexual": safety.get("sexual"),
        "home": parents.get("danger") == "yes",
    }
    return frozenset(kind for kind, told in said.items() if told)


def look_for_danger(told: Telling, values: dict[str, Any]) -> None:
    """Note what calls for help, for the next page; words only ever add."""
    given = {key: {"value": value} for key, value in values.items() if value}
    words = data.danger_words().find(intake.texts_of(given))
    known = set(told.live.data.get("found", []))
    told.live.data["fresh"] = sorted((words | ticked(given)) - told.found)
    told.live.data["found"] = sorted(known | words)


def fresh_help(live: SealedSession, *, formal: bool) -> list[helplines.Helpline]:
    """Give the help lines for what was told just now."""
    return help_for(frozenset(live.data.get("fresh", [])), formal=formal)


def next_page(path: tuple[str, ...], page: str, perspective: str) -> str:
    """Give the next page of a path; a page outside it counts where it would have stood."""
    every = ("rol", *questionnaire.pages_for(perspective))
    later = every[every.index(page) + 1 :] if page in every else ()
    return next((item for item in later if item in path), REVIEW_PAGE)


def live_draft() -> SealedSession:
    """Give the live session of the draft; the guard saw that there is one."""
    live = session.current(sessions.DRAFT)
    if live is None:
        raise NotFoundError(sessions.DRAFT)
    return live


def load() -> Telling:
    """Open the live draft.

    Raises:
        NotFoundError: when it was sent or wiped meanwhile.
    """
    live = live_draft()
    return Telling(live, drafts.load(db(), live=live))


def instead_of_draft() -> Response | None:
    """Give what is shown instead of a draft's page: sent already, or nobody touched it for long."""
    live = live_draft()
    return show("reporter/sent.html", typed=[]) if sent(live) else resting(live)


def keeping_typed(kind: str) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Where the session is over or the token is another's: a calm page with what was typed.

    Stands outside the guard, which would only send the visitor away. A body that a view reads
    itself is not looked at here.
    """

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def around(*args: P.args, **kwargs: P.kwargs) -> Response:
            over = session.current(kind) is None
            if request.method != "POST":
                return lost(GONE, kind, []) if over else view(*args, **kwargs)
            require_same_origin()
            if getattr(view, "reads_body_itself", False):
                return lost(GONE, kind, []) if over else view(*args, **kwargs)
            if over or not token_fits(request.form.get(TOKEN_FIELD, "")):
                return lost(GONE if over else BAD_REQUEST, kind, typed())
            return view(*args, **kwargs)

        return around

    return decorate


def lost(status: int, kind: str, texts: list[tuple[str, str]]) -> Response:
    """Show what could not be saved once more, and what to do now.

    Without a cookie somebody may have left in a hurry and another looks on: nothing is told.
    """
    if status == GONE and not texts and session.cookie_name() not in request.cookies:
        first_page = url_for("reporter_front.landing", school=current_school().slug)
        body = render_template("reporter/nothing.html", school=None, first_page=first_page)
        return make_response(body, status)
    return show("reporter/lost.html", status, typed=texts, over=status == GONE, kind=kind)


def typed() -> list[tuple[str, str]]:
    """Give the texts of a form that could not be saved; choices and ids are no texts."""
    return [(name, text) for name, text in request.form.items() if text and _is_text(name)]


def _is_text(name: str) -> bool:
    if name == MESSAGE_FIELD or name.startswith(onward.BESIDE):
        return True
    known = data.questions()
    key, _, rest = name.partition("-")
    if key not in known.order:
        return False
    fields = known.question(key, questionnaire.SUBJECT).fields
    parts = [part for item in fields for part in item.parts]
    # An incident's part is named incidents-<number>-<part>.
    wanted = rest.rpartition("-")[2]
    found = [item for item in (*fields, *parts) if item.key in (rest, wanted)]
    return any(item.kind in answers.TEXT_KINDS for item in found)


def sent(live: SealedSession) -> bool:
    """Whether this session's report went out; nothing typed is shown any more."""
    return reports.receipt(live) is not None


def resting(live: SealedSession) -> Response | None:
    """Give the page without any typed text when the phone lay still for too long."""
    if not live.idle(now()):
        return None
    kept = diary.is_open(live)
    return show("reporter/resting.html", back=request.path, kind=live.row.kind, kept=kept)


def address(page: str) -> str:
    """Give the address of a page of the conversation."""
    school = current_school().slug
    if page == EVIDENCE_PAGE:
        return url_for("reporter_evidence.files", school=school)
    if page == REVIEW_PAGE:
        return url_for("reporter_review.review", school=school)
    if page == KEEP_PAGE:
        return url_for("reporter_diary.explain", school=school)
    if page == GUIDES_PAGE:
        return url_for("reporter_guides.every", school=school)
    if page in onward.READING or page.startswith(f"{GUIDES_PAGE}/"):
        return onward.address(page)
    return url_for("reporter_report.question", school=school, page=page)


def for_parents() -> bool:
    """Whether this page is read on the parents' path, where there may be no session yet."""
    if request.endpoint in WITH_A_CODE and request.form.get("from") == PARENTS_PAGE:
        return True
    return "school" in g and f"{request.path}/".startswith(onward.address(onward.FOR_PARENTS))


def reads_formal() -> bool:
    """Whether who reads a page for everybody is addressed with u: by the path, or what was told."""
    live = session.any_current()
    if for_parents():
        return True
    if live is None or live.row.kind == sessions.STAFF:
        return False
    try:
        if live.row.kind == sessions.REPORTER:
            return reporter.view(db(), live=live).formal
        return bool(live.data.get("formal")) if sent(live) else load().formal
    except NotFoundError:
        return False


def help_for(found: frozenset[str], *, formal: bool) -> list[helplines.Helpline]:
    """Give the help lines for these kinds of danger, the most urgent first, each once."""
    audience = "parent" if formal else "pupil"
    rows = [row for kind in HELP_ORDER if kind in found for row in _lines(kind, audience)]
    return list(dict.fromkeys(rows))


def _lines(kind: str, audience: str) -> tuple[helplines.Helpline, ...]:
    return helplines.for_situation(kind, audience, now())


def known_names(school_id: str) -> dict[str, str]:
    """Give the names of a school's classes by id."""
    return {row.id: row.name for row in schools.classes_of(db(), school_id)}


def show(template: str, status: int = 200, **context: Any) -> Response:
    """Render a page of this school."""
    body = render_template(template, school=current_school(), words=wording, **context)
    return make_response(body, status)
