"""The roster: looking at what two files would change, and taking them over."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action
from portal.services import roster, roster_files
from portal.services.roster_files import RosterFilesError
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, requires

Page = str | tuple[str, int] | Response
BAD_REQUEST = 400

blueprint = Blueprint("admin_roster", __name__, url_prefix="/<school>/beheer/rooster")


@blueprint.get("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def show(school: str) -> Page:
    """Ask for the two files."""
    del school
    return _page(done="done" in request.args)


@blueprint.post("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def take_over(school: str) -> Page:
    """Show what would change; with ``apply`` take it over."""
    del school
    pair = [_given("staff"), _given("classes")]
    try:
        plan = roster.plan_from(db(), school=current_school(), staff=pair[0], classes=pair[1])
    except RosterFilesError as error:
        return _page(problems=error.problems, code=BAD_REQUEST)
    if "apply" not in request.form:
        texts = [data.decode("utf-8", "surrogateescape") for data in map(_as_utf8, pair)]
        return _page(plan=plan, texts=texts)
    roster.apply(db(), plan, actor=current_actor().custody, now=now())
    return redirect(url_for(".show", school=current_school().slug, done=1), 303)


def _given(name: str) -> bytes:
    """Give a file as sent, or the text that the page with the difference carried along."""
    sent = request.files.get(name)
    if sent is not None and sent.filename:
        return sent.stream.read(roster_files.LONGEST_FILE + 1)
    return request.form.get(f"{name}_text", "").encode()


def _as_utf8(data: bytes) -> bytes:
    return roster_files.decode(data).encode()


def _page(*, code: int = 200, **values: object) -> tuple[str, int]:
    page = render_template(
        "admin/roster.html",
        school=current_school(),
        errors={"files": "wrong"} if code == BAD_REQUEST else {},
        columns=roster_files.STAFF_COLUMNS,
        class_columns=roster_files.CLASS_COLUMNS,
        **values,
    )
    return page, code
