"""What the school shows of itself: colour, logo, texts, contact point, days to an answer."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain import colour
from portal.domain.permissions import Action
from portal.services import school_face, staff_list
from portal.services.errors import InvalidInputError
from portal.services.school_face import Face
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, requires

Page = str | tuple[str, int] | Response
BAD_REQUEST = 400

blueprint = Blueprint("admin_school", __name__, url_prefix="/<school>/beheer/school")


@blueprint.get("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def show(school: str) -> Page:
    """Show what is set now."""
    del school
    return _page(school_face.of(db(), school_id=current_school().id))


@blueprint.post("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def change(school: str) -> Page:
    """Change it all, or say beside the field why not."""
    wanted = _wanted()
    try:
        school_face.change(
            db(),
            actor=current_actor().custody,
            school_id=current_school().id,
            wanted=wanted,
            now=now(),
        )
    except InvalidInputError as error:
        return _page(wanted, error)
    return redirect(url_for(".show", school=school, saved=1), 303)


@blueprint.post("/logo")
@requires(Action.MANAGE_ROSTER)
def set_logo(school: str) -> Page:
    """Take a logo, or go back to the mark of the portal."""
    here, actor = current_school(), current_actor().custody
    if "remove" in request.form:
        school_face.remove_logo(db(), actor=actor, school_id=here.id, now=now())
        return redirect(url_for(".show", school=school, saved=1), 303)
    sent = request.files.get("logo")
    data = sent.stream.read() if sent is not None else b""
    try:
        school_face.set_logo(db(), actor=actor, school_id=here.id, data=data, now=now())
    except InvalidInputError as error:
        return _page(school_face.of(db(), school_id=here.id), error)
    return redirect(url_for(".show", school=school, saved=1), 303)


def _wanted() -> Face:
    days = request.form.get("answer_days", "")
    return Face(
        accent=request.form.get("accent", ""),
        opening=request.form.get("opening", ""),
        contact=request.form.get("contact", ""),
        contact_staff_id=request.form.get("contact_staff_id", ""),
        answer_days=int(days) if days.isdecimal() and days.isascii() else 0,
    )


def _page(face: Face, error: InvalidInputError | None = None) -> tuple[str, int]:
    school = current_school()
    accent = colour.normal(face.accent)
    staff = staff_list.listing(db(), school_id=school.id, now=now())
    page = render_template(
        "admin/school.html",
        school=school,
        face=face,
        judged=colour.judge(accent) if accent else None,
        staff=[one for one in staff if one.state != staff_list.ENDED],
        errors={error.field: error.problem} if error else {},
        saved="saved" in request.args,
        longest=school_face.LONGEST_TEXT,
        most_days=school_face.MOST_DAYS,
    )
    return page, BAD_REQUEST if error else 200
