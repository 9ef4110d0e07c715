"""The chain of addresses that are warned when a report cannot wait. It tells of no alarm."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action
from portal.services import duty, staff_list
from portal.services.errors import InvalidInputError
from portal.web.context import current_school, db, now, settings
from portal.web.guards import current_actor, requires

Page = str | tuple[str, int] | Response
BAD_REQUEST = 400

blueprint = Blueprint("admin_duty", __name__, url_prefix="/<school>/beheer/spoed")


@blueprint.get("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def show(school: str) -> Page:
    """Show the chain, and how the last test of each address went."""
    del school
    return _page()


@blueprint.post("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def change(school: str) -> Page:
    """Switch the chain on or off, and set its pace and hours."""
    minutes = request.form.get("minutes", "")
    return _attempt(
        school,
        duty.set_chain,
        on=request.form.get("on") == "yes",
        minutes=int(minutes) if minutes.isdecimal() and minutes.isascii() else 0,
        hours=request.form.get("acute_hours", ""),
    )


@blueprint.post("/adres")
@requires(Action.MANAGE_ROSTER)
def add(school: str) -> Page:
    """Put an address at the end of the chain."""
    fields = ("name", "kind", "address", "staff_id")
    return _attempt(
        school, duty.add_contact, **{field: request.form.get(field, "") for field in fields}
    )


@blueprint.post("/<contact_id>/weg")
@requires(Action.MANAGE_ROSTER)
def remove(school: str, contact_id: str) -> Page:
    """Take an address out of the chain."""
    return _attempt(school, duty.remove_contact, contact_id=contact_id)


@blueprint.post("/<contact_id>/eerst")
@requires(Action.MANAGE_ROSTER)
def put_first(school: str, contact_id: str) -> Page:
    """Warn this address first."""
    return _attempt(school, duty.put_first, contact_id=contact_id)


@blueprint.post("/<contact_id>/test")
@requires(Action.MANAGE_ROSTER)
def test(school: str, contact_id: str) -> Page:
    """Let the worker send a test."""
    duty.test_contact(db(), school_id=current_school().id, contact_id=contact_id, now=now())
    return redirect(url_for(".show", school=school, _anchor=contact_id), 303)


def _attempt(school: str, verb: Callable[..., None], **given: object) -> Page:
    try:
        verb(
            db(),
            actor=current_actor().custody,
            school_id=current_school().id,
            now=now(),
            **given,
        )
    except InvalidInputError as error:
        return _page(error)
    return redirect(url_for(".show", school=school, saved=1), 303)


def _page(error: InvalidInputError | None = None) -> tuple[str, int]:
    here = current_school()
    staff = staff_list.listing(db(), school_id=here.id, now=now())
    page = render_template(
        "admin/duty.html",
        school=here,
        chain=duty.chain(db(), school_id=here.id),
        staff=[one for one in staff if one.state != staff_list.ENDED],
        errors=[(error.field, error.problem)] if error else [],
        wrong={error.field: error.problem} if error else {},
        given=request.form,
        saved="saved" in request.args,
        has_mail=bool(settings().smtp_host),
    )
    return page, BAD_REQUEST if error else 200
