"""The conversation: one question a page. A posted page is saved first, then the next is shown."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.domain import questionnaire
from portal.domain.questionnaire import PERSPECTIVES, Question
from portal.services import diary, drafts, protocols, sessions
from portal.services.routing import ReaderName
from portal.services.sessions import SealedSession
from portal.web import i18n, session
from portal.web.context import current_school, db, now, portal
from portal.web.guards import draft_only, public
from portal.web.reporter import answers, asked, guides, language, onward, telling
from portal.web.reporter.telling import ENOUGH_PAGE, REVIEW_PAGE, Telling

blueprint = Blueprint("reporter_report", __name__)

QUESTION_PAGES = frozenset({"rol", telling.NOW_PAGE, *questionnaire.PAGES}) - {
    telling.EVIDENCE_PAGE
}
# What the front door calls it, in its visitors' words.
AT_THE_DOOR = {"self": "subject", "other": "bystander"}
FIRST = {"subject": "verhaal", "unsure": "verhaal"}
OUTSIDE = "external"
INCIDENT, WHERE_ONLINE = "online-incidents-", "waar"
# A button that saves this page first and then goes to another one: "to:" and that page.
TO = "to:"
NAMING_RANKS = frozenset({"line", "confidant", "head"})


@blueprint.post("/<school>/begin")
@public
def begin(school: str) -> Response:
    """Begin a draft; the first cookie is set here and not before."""
    language.choose(request.form.get("then", ""))
    perspective = request.form.get("perspective", "unsure")
    perspective = AT_THE_DOOR.get(perspective, perspective)
    if perspective not in PERSPECTIVES:
        abort(400)
    if not current_school().is_open:
        return redirect(url_for("reporter_front.landing", school=school), 303)
    rescued = "\n\n".join(text for _, text in telling.typed())[: answers.STORY_LIMIT].strip()
    live = _going_on() if not rescued else None
    if live is None:
        report_id, kept = drafts.begin(
            db(),
            school=current_school(),
            perspective=perspective,
            language=i18n.language(),
            now=now(),
        )
        kept["language"] = i18n.language()
        live = session.start(sessions.DRAFT, kept, report_id=report_id)
        db().flush()
    _save_perspective(live, perspective)
    if rescued:
        _save(live, asked.question("story", perspective), rescued)
    return redirect(url_for(".question", school=school, page=FIRST.get(perspective, "over")), 303)


def _going_on() -> SealedSession | None:
    """Give the draft that this browser is writing, so that choosing again loses nothing.

    After a long pause it may be somebody else who chooses: then a new one begins.
    """
    live = session.current(sessions.DRAFT)
    if live is None or live.idle(now()) or telling.sent(live) or diary.is_open(live):
        return None  # what is kept under a code stays as it is
    return live


def _save_perspective(live: SealedSession, perspective: str) -> None:
    drafts.save_answer(
        db(),
        live=live,
        key="perspective",
        value=perspective,
        question=asked.door_question(),
        version=asked.version(),
        now=now(),
    )


@blueprint.get("/<school>/vraag/<page>")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def question(school: str, page: str) -> Response:
    """Show one page with what was saved."""
    del school
    other = telling.instead_of_draft()
    if other is not None:
        return other
    if page == ENOUGH_PAGE:
        return telling.show("reporter/enough.html", telling=telling.load())
    if page not in QUESTION_PAGES:
        abort(404)
    return _show(telling.load(), page)


@blueprint.post("/<school>/vraag/<page>")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def answer(school: str, page: str) -> Response:
    """Save a page, also when it comes after a long pause."""
    del school
    if telling.sent(telling.live_draft()):
        return telling.show("reporter/sent.html", typed=telling.typed())
    told = telling.load()
    if page == ENOUGH_PAGE:
        return _after_enough(told)
    if page not in QUESTION_PAGES:
        abort(404)
    return _take(told, page)


@blueprint.post("/<school>/hier")
@draft_only
def resume(school: str) -> Response:
    """After a long pause: go on, or wipe it all."""
    live = session.current(sessions.DRAFT)
    if live is None or request.form.get("then") != "go":
        if live is not None:
            drafts.discard(db(), live=live, store=portal().store)
        session.finish()
        return redirect(url_for("reporter_front.landing", school=school), 303)
    sessions.touch(live, now())
    back = request.form.get("back", "")
    inside = back.startswith(f"/{school}/") and "\\" not in back and back.isprintable()
    return redirect(back if inside else telling.address("verhaal"), 303)


def _take(told: Telling, page: str) -> Response:
    questions = asked.on_page(page, told.perspective)
    safety = told.question("safety")
    read = answers.read(
        [*(item for item in questions if item.key != "safety"), safety], request.form, _known()
    )
    then = request.form.get("then", "")
    if then == "unknown":
        answers.mark_unknown(read, questions)
    goal = page if language.choose(then) or _where_is_asked(then, read) else _goal(then, read)
    # Who goes back to an earlier answer may leave this page empty; nothing else is let go.
    # And so may who keeps it, or has told it in entries already.
    leaves = goal in QUESTION_PAGES | onward.READING | {telling.KEEP_PAGE}
    may_be_empty = leaves or bool(told.draft.entries)
    if set(read.problems.values()) - ({"empty"} if may_be_empty else set()):
        return _show(told, page, read)
    was_stopped = told.stopped
    _keep(told, questions, read)
    telling.look_for_danger(told, read.values)
    told = telling.load()
    told.live.data |= {"blank": then == "again", "came_from": page}
    if then == "again":
        following = page
    elif told.stopped and not was_stopped:
        following = ENOUGH_PAGE
    else:
        following = goal or told.after(page)
    if following == REVIEW_PAGE:
        told.live.data["reviewed"] = True
    sessions.save(told.live)
    return redirect(telling.address(following) + _place(then, read), 303)


def _where_is_asked(then: str, read: answers.Read) -> bool:
    """Whether it was said just now that something happened online: only then is asked where."""
    told = read.values.get("online")
    said = isinstance(told, dict) and told.get("happened") == "yes"
    return said and not then and not any(name.startswith(INCIDENT) for name in request.form)


def _place(then: str, read: answers.Read) -> str:
    return f"#{WHERE_ONLINE}" if _where_is_asked(then, read) else ""


def _goal(then: str, read: answers.Read) -> str:
    if then.startswith(guides.OF_INCIDENT):
        told = read.values.get("online") or {}
        return guides.page_for(then, told.get("incidents"))
    goal = then.removeprefix(TO) if then.startswith(TO) else ""
    known = QUESTION_PAGES | {telling.EVIDENCE_PAGE, telling.KEEP_PAGE, REVIEW_PAGE}
    return goal if goal in known | onward.READING else ""


def _keep(told: Telling, questions: list[Question], read: answers.Read) -> None:
    for item in questions:
        value = read.values.get(item.key)
        if item.key != "safety" and (value is not None or item.key != "perspective"):
            _save(told.live, item, value)
    before = questionnaire.value_of(told.answers, "safety")
    ticks = {**(read.values.get("safety") or {})}
    if before.get("more"):
        ticks["more"] = True
    if ticks != before:
        _save(told.live, told.question("safety"), ticks or None)


def _save(live: SealedSession, item: Question, value: Any) -> None:
    drafts.save_answer(
        db(),
        live=live,
        key=item.key,
        value=value,
        question=item.text,
        version=item.version,
        now=now(),
    )


def _after_enough(told: Telling) -> Response:
    if request.form.get("then") != "more":
        told.live.data["reviewed"] = True
        sessions.save(told.live)
        sessions.touch(told.live, now())
        return redirect(telling.address(REVIEW_PAGE), 303)
    value = {**questionnaire.value_of(told.answers, "safety"), "more": True}
    _save(told.live, told.question("safety"), value)
    told.live.data["reviewed"] = False
    sessions.save(told.live)
    return redirect(telling.address("wie"), 303)


def _show(told: Telling, page: str, read: answers.Read | None = None) -> Response:
    """Show a page: with what was saved, or with what was just typed and what is wrong with it."""
    questions = asked.on_page(page, told.perspective)
    values = {item.key: told.answers.get(item.key, {}).get("value") for item in questions}
    values["safety"] = questionnaire.value_of(told.answers, "safety")
    if read is not None:
        values.update(read.values)
        values["safety"] = read.values["safety"] or {}
    staff = drafts.choosable_staff(db(), school=current_school())
    return telling.show(
        "reporter/question.html",
        400 if read is not None else 200,
        telling=told,
        page=page,
        questions=questions,
        safety=told.question("safety"),
        values=values,
        problems=read.problems if read is not None else {},
        before=_before(told, page, names(staff)),
        classes=telling.known_names(current_school().id),
        staff=staff,
        roles=naming_roles(),
        fresh=telling.fresh_help(told.live, formal=told.formal),
        helping=telling.help_for(told.found, formal=told.formal),
    )


def _before(told: Telling, page: str, known: dict[str, str]) -> tuple[str, str, str] | None:
    """The last answer before this page: its page, its question and what was said."""
    path = ("rol", *told.path)
    earlier = path[: path.index(page)] if page in path else ()
    for name in reversed(earlier):
        for item in asked.on_page(name, told.perspective):
            value = told.answers.get(item.key, {}).get("value")
            if value:
                said = "\n".join(asked.read_back(item, value, known))
                return name, item.title, said
    return None


def names(staff: list[ReaderName]) -> dict[str, str]:
    """What to say for the ids in answers: classes, staff and roles."""
    members = {item.staff_id: item.name for item in staff}
    return {**telling.known_names(current_school().id), **members, **naming_roles()}


def naming_roles() -> dict[str, str]:
    """The roles that a name can be given to, in the school's own words."""
    protocol, _ = protocols.current(current_school().protocol_key)
    return {
        role.key: i18n.translate(role.label)
        for role in protocol.roles
        if role.rank in NAMING_RANKS and role.scope != OUTSIDE
    }


def _known() -> dict[str, list[str]]:
    school = current_school()
    staff = [item.staff_id for item in drafts.choosable_staff(db(), school=school)]
    return {
        "classes": list(telling.known_names(school.id)),
        "staff": staff,
        "role": list(naming_roles()),
    }
