"""A calendar of one's own: its address on the account page, and the dates of one case."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from portal.domain.permissions import Action
from portal.services import calendar_feed, staff
from portal.services.errors import InvalidInputError, NotFoundError
from portal.web import context
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, public, requires
from portal.web.staff.layout import page

blueprint = Blueprint("staff_calendar", __name__, url_prefix="/<school>/bureau")
feed_blueprint = Blueprint("calendar", __name__, url_prefix="/<school>/agenda")
TYPE = "text/calendar; charset=utf-8"


@feed_blueprint.get("/<token>.ics")
@public
def feed(school: str, token: str) -> Response:
    """Give a calendar program its dates; whoever has the address may read them."""
    del school
    try:
        data = calendar_feed.feed(db(), school=current_school(), token=token, now=now())
    except NotFoundError:
        abort(404)
    return _file(data, "inline")


@blueprint.get("/zaken/<case_id>/agenda.ics")
@requires(Action.WORK_ON_CASES)
def of_case(school: str, case_id: str) -> Response | Answer:
    """Give the dates of one case, to put them into one's own calendar."""
    try:
        data = calendar_feed.of_case(db(), actor=current_actor(), case_id=case_id)
    except InvalidInputError:
        return redirect(url_for("staff_case.show", school=school, case_id=case_id), 303)
    return _file(data, 'attachment; filename="stap.ics"')


@blueprint.get("/agenda", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def settings(school: str) -> str:
    """Show whether there is an address, and what it gives."""
    del school
    return page(
        "staff/calendar.html", on=calendar_feed.is_on(db(), actor=current_actor()), address=""
    )


@blueprint.post("/agenda", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def change(school: str) -> str | Answer:
    """Make a new address, shown in this answer alone; or end the old one."""
    if request.form.get("do") != "renew":
        calendar_feed.withdraw(db(), actor=current_actor())
        return redirect(url_for(".settings", school=school), 303)
    token = calendar_feed.renew(db(), actor=current_actor())
    home = context.settings().public_url.rstrip("/") or request.host_url.rstrip("/")
    address = home + url_for("calendar.feed", school=school, token=token)
    return page("staff/calendar.html", on=True, address=address)


@blueprint.post("/toetsen")
@requires(Action.WORK_ON_CASES)
def shortcuts(school: str) -> Answer:
    """Switch the keys of the desk on or off."""
    staff.set_shortcuts(db(), actor=current_actor(), on=request.form.get("on") == "1")
    return redirect(url_for("staff_account.account", school=school) + "#toetsen", 303)


def _file(data: bytes, disposition: str) -> Response:
    answer = Response(data, content_type=TYPE)
    answer.headers["Content-Disposition"] = disposition
    return answer
