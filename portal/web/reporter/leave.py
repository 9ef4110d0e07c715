"""Snel weg: the session ends on the server, and Back shows nothing (every page is no-store)."""

from __future__ import annotations

from flask import Blueprint, g, redirect, url_for
from werkzeug.wrappers import Response

from portal.web import session
from portal.web.context import settings
from portal.web.guards import public

blueprint = Blueprint("reporter_leave", __name__)


@blueprint.post("/<school>/weg")
@public
def leave(school: str) -> Response:
    """End whatever session this browser has and go to a page that says nothing about school."""
    del school
    session.finish()
    return redirect(settings().exit_url, 303)


@blueprint.app_context_processor
def leave_address() -> dict[str, str]:
    """Give every page of a school the address of the way out."""
    school = g.get("school")
    return {"leave_url": url_for("reporter_leave.leave", school=school.slug)} if school else {}
