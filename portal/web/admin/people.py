"""Accounts of a school: invite, give an empty keyring, end. Nobody's passphrase is ever seen."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action
from portal.services import accounts, founding, printed_codes, staff, staff_list
from portal.services.errors import ConflictError, ForbiddenError
from portal.web import helplines
from portal.web.context import current_school, db, now, portal
from portal.web.guards import current_actor, requires

Page = str | tuple[str, int] | Response
CONFLICT = 409

blueprint = Blueprint("admin_staff", __name__, url_prefix="/<school>/beheer")


@blueprint.get("", strict_slashes=False)
@requires(Action.MANAGE_ROSTER)
def listing(school: str) -> Page:
    """List everybody with a role and how far the account is."""
    del school
    return _page()


@blueprint.get("/<staff_id>")
@requires(Action.MANAGE_ROSTER)
def person(school: str, staff_id: str) -> Page:
    """Show one account with what can be done, each with what it brings about."""
    del school
    entry = staff_list.one(db(), school_id=current_school().id, staff_id=staff_id, now=now())
    return render_template(
        "admin/person.html",
        school=current_school(),
        entry=entry,
        own=entry.id == current_actor().id,
    )


@blueprint.post("/<staff_id>/uitnodigen")
@requires(Action.MANAGE_ROSTER)
def invite(school: str, staff_id: str) -> Page:
    """Make an activation code and show it, once."""
    del school
    return _give_code(staff_id, accounts.invite)


@blueprint.post("/<staff_id>/opnieuw")
@requires(Action.MANAGE_ROSTER)
def reset(school: str, staff_id: str) -> Page:
    """Give somebody an empty keyring and a new activation code."""
    del school
    return _give_code(staff_id, accounts.reset)


def _give_code(staff_id: str, verb: Callable[..., str]) -> Page:
    try:
        code = verb(
            db(),
            actor=current_actor().custody,
            school_id=current_school().id,
            staff_id=staff_id,
            keys=portal().keys,
            now=now(),
        )
    except ConflictError:
        return _page(problem="conflict")
    return _show_code(staff_id, code)


@blueprint.post("/<staff_id>/beeindigen")
@requires(Action.MANAGE_ROSTER)
def disable(school: str, staff_id: str) -> Page:
    """End an account: its sessions and its keys are gone at once."""
    del school
    try:
        accounts.disable(
            db(),
            actor=current_actor().custody,
            school_id=current_school().id,
            staff_id=staff_id,
            now=now(),
        )
    except ForbiddenError:
        return _page(problem="own")
    except ConflictError:
        return _page(problem="conflict")
    return redirect(url_for(".listing", school=current_school().slug), 303)


def _show_code(staff_id: str, code: str) -> str:
    member = staff.find(db(), school_id=current_school().id, staff_id=staff_id)
    return render_template(
        "admin/invited.html",
        school=current_school(),
        person=member.name,
        login=member.login,
        groups=printed_codes.groups(code),
        days=accounts.ACTIVATION_LIFE.days,
    )


def _page(problem: str = "") -> tuple[str, int]:
    school = current_school()
    page = render_template(
        "admin/people.html",
        school=school,
        entries=staff_list.listing(db(), school_id=school.id, now=now()),
        reasons=founding.reasons_closed(db(), school_id=school.id),
        problem=problem,
        overdue=helplines.overdue(now()),
    )
    return page, CONFLICT if problem else 200
