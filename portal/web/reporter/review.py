"""The look-over: everything read back, who will read it, and sending it to a name."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.domain import intake, questionnaire
from portal.services import drafts, reports, sessions, transaction
from portal.services.errors import ConflictError, InvalidInputError, NotFoundError
from portal.web.context import current_school, db, now, portal
from portal.web.guards import draft_only
from portal.web.reporter import asked, receiving, telling, wording
from portal.web.reporter.report import names
from portal.web.reporter.telling import Telling

blueprint = Blueprint("reporter_review", __name__)

LONG_TEXT = 600
MANY_FILES = 8


@blueprint.get("/<school>/nakijken")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def review(school: str) -> Response:
    """Read the conversation back."""
    del school
    return telling.instead_of_draft() or _show(telling.load())


@blueprint.post("/<school>/nakijken/lezers")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def choose_readers(school: str) -> Response:
    """Shut somebody out, prefer somebody, or take that back; one tap each."""
    told = telling.load()
    chosen = questionnaire.value_of(told.answers, "readers")
    choosable = {item.staff_id for item in drafts.choosable_staff(db(), school=current_school())}
    for kind, other in (("exclude", "prefer"), ("prefer", "exclude")):
        staff_id = request.form.get(kind)
        if staff_id in choosable:
            chosen[kind] = [*dict.fromkeys([*chosen.get(kind, []), staff_id])]
            chosen[other] = [item for item in chosen.get(other, []) if item != staff_id]
    back = request.form.get("allow")
    chosen = {kind: [item for item in chosen.get(kind, []) if item != back] for kind in chosen}
    kept = {kind: items for kind, items in chosen.items() if items}
    question = told.question("readers")
    drafts.save_answer(
        db(),
        live=told.live,
        key="readers",
        value=kept or None,
        question=question.text,
        version=question.version,
        now=now(),
    )
    return redirect(url_for(".review", school=school, _anchor="lezers"), 303)


@blueprint.post("/<school>/nakijken")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def send(school: str) -> Response:
    """Send it; twice gives the same receipt."""
    live = telling.live_draft()
    if telling.sent(live):
        return redirect(url_for("reporter_receipt.receipt", school=school), 303)
    if live.idle(now()):
        return redirect(url_for(".review", school=school), 303)
    try:
        try:
            told = _submit(live)
        except ConflictError:
            transaction.rollback(db())  # an answer or file came in meanwhile: with it, once more
            told = _submit(live)
    except (ConflictError, NotFoundError):
        transaction.rollback(db())  # the other of two taps sent it; there is its receipt
    except InvalidInputError as problem:
        return _show(telling.load(), problem.problem)
    else:
        _note_sending(live, told)
    return redirect(url_for("reporter_receipt.receipt", school=school), 303)


def _submit(live: sessions.SealedSession) -> Telling:
    told = telling.load()
    token, _, seen = request.form.get("submit", "").partition(".")
    reports.submit(
        db(),
        live=live,
        school=current_school(),
        instance=portal().keys,
        token=token,
        seen=seen,
        now=now(),
        draft=told.draft,
    )
    return told


def _note_sending(live: sessions.SealedSession, told: Telling) -> None:
    """Keep what the receipt needs and the wiped draft no longer says."""
    live.data["sent_at"] = now().isoformat()
    live.data["formal"] = told.formal
    live.data["parent"] = told.perspective == questionnaire.PARENT
    live.data["anonymous"] = intake.split_identity(told.answers)[1] is None
    sessions.save(live)
    sessions.touch(live, now())


def _show(told: Telling, problem: str = "") -> Response:
    school = current_school()
    staff = drafts.choosable_staff(db(), school=school)
    known = names(staff)
    preview = drafts.route(db(), draft=told.draft, school=school, now=now())
    return telling.show(
        "reporter/review.html",
        400 if problem else 200,
        telling=told,
        lines=_lines(told, known),
        preview=preview,
        under_way=receiving.under_way(told.live),
        chosen=questionnaire.value_of(told.answers, "readers"),
        names=known,
        choosable=staff,
        submit_token=told.live.data["token"],
        problem=problem,
        fresh=telling.fresh_help(told.live, formal=told.formal),
        helping=telling.help_for(told.found, formal=told.formal),
    )


def _lines(told: Telling, known: dict[str, str]) -> list[dict[str, Any]]:
    """What was said, question by question; where details stopped, only what was told."""
    lines = []
    for page in ("rol", *questionnaire.pages_for(told.perspective)):
        for item in asked.on_page(page, told.perspective):
            if item.key == "evidence":
                lines += _evidence_lines(told, item)
                continue
            value = told.answers.get(item.key, {}).get("value")
            if value or page in told.path:
                said = asked.read_back(item, value, known) if value else []
                lines.append(_line(item, page, "\n".join(said)))
    return lines


def _line(item: questionnaire.Question, page: str, said: str) -> dict[str, Any]:
    return {
        "question": item.title,
        "said": said,
        "url": telling.address(page),
        "long": len(said) > LONG_TEXT,
        "start": said[:LONG_TEXT],
    }


def _evidence_lines(told: Telling, item: questionnaire.Question) -> list[dict[str, Any]]:
    said = "\n".join(wording.name(file) for file in told.draft.files)
    value = told.answers.get("evidence", {}).get("value")
    if value and not said:
        said = "\n".join(asked.read_back(item, value, {}))
    lines = [_line(item, telling.EVIDENCE_PAGE, said)]
    if len(told.draft.files) > MANY_FILES:
        lines[0]["count"] = len(told.draft.files)
    listed = told.answers.get("described", {}).get("value")
    if isinstance(listed, list):
        question = told.question("described")
        text = "\n\n".join("\n".join(asked.read_back(question, one, {})) for one in listed)
        lines.append(_line(question, telling.EVIDENCE_PAGE, text))
    return lines
