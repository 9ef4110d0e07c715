"""What a file gives away, and keeping it sealed: before sending, and when coming back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.services import giveaways, protecting, sealing, sessions, transaction
from portal.services.errors import ConflictError, NotFoundError
from portal.services.giveaways import Told
from portal.web import session
from portal.web.context import db, now, portal
from portal.web.guards import code_only, draft_only
from portal.web.reporter import telling
from portal.web.reporter.telling import Telling

blueprint = Blueprint("reporter_protect", __name__)

PLACE = "bestanden"


@blueprint.app_template_global()
def told_by_files(told: Telling) -> dict[str, Told]:
    """What each file of a draft gives away, by its id."""
    return protecting.told_by_files(db(), live=told.live) if told.draft.files else {}


@blueprint.app_template_global()
def told_by_new_files() -> dict[str, Told]:
    """What the files give away that were added in this session, after coming back."""
    live = session.current(sessions.REPORTER)
    return giveaways.kept(live.data) if live is not None else {}


@blueprint.app_template_global()
def can_be_sealed() -> dict[str, Any]:
    """Which sent files a reporter who came back may still ask to seal, and asked for."""
    live = session.current(sessions.REPORTER)
    if live is None:
        return {"may": set(), "asked": set()}
    asked = protecting.asked(db(), live=live)
    return {"may": protecting.may_still_ask(db(), live=live) - asked, "asked": asked}


@blueprint.post("/<school>/bestanden/houd-dicht")
@telling.keeping_typed(sessions.DRAFT)
@draft_only
def keep(school: str) -> Response:
    """Seal a file of the draft: because the reporter wants so, or because somebody is naked."""
    told = telling.load()
    intimate = request.form.get("intimate", "")
    file_id = intimate or request.form.get("keep", "")
    with suppress(NotFoundError):  # tapped twice, or taken out meanwhile
        try:
            protecting.keep_sealed(
                db(),
                live=told.live,
                store=portal().store,
                file_id=file_id,
                conceal=request.form.getlist("who"),
                now=now(),
                why=sealing.INTIMATE if intimate else sealing.BY_REPORTER,
            )
        except ConflictError:
            transaction.rollback(db())  # the other of two taps sealed it
        else:
            _keep_name(told, file_id)
    back = "reporter_review.review" if request.form.get("back") else "reporter_evidence.files"
    return redirect(url_for(back, school=school, _anchor=PLACE), 303)


@blueprint.post("/<school>/gesprek/bestanden/houd-dicht")
@telling.keeping_typed(sessions.REPORTER)
@code_only
def ask(school: str) -> Response:
    """Ask to seal a file that was sent, as long as nobody opened it."""
    live = session.current(sessions.REPORTER)
    if live is not None:
        intimate = request.form.get("intimate", "")
        with suppress(NotFoundError):  # somebody opened it meanwhile: the page says so
            protecting.ask_to_seal(
                db(),
                live=live,
                file_id=intimate or request.form.get("keep", ""),
                conceal=request.form.getlist("who"),
                why=sealing.INTIMATE if intimate else sealing.BY_REPORTER,
                now=now(),
            )
        sessions.touch(live, now())
    return redirect(url_for("reporter_return.files", school=school, _anchor=PLACE), 303)


def _keep_name(told: Telling, file_id: str) -> None:
    """Let the reporter, in this session alone, still see which file it was."""
    name = next((one.name for one in told.draft.files if one.id == file_id), "")
    if name:
        known = told.live.data.get("sealed_names", {})
        told.live.data["sealed_names"] = {**known, file_id: name}
        sessions.save(told.live)
