"""One's own account: the fingerprint, another passphrase, another recovery code."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action, may
from portal.services import accounts, confirmations, printed_codes, school_face
from portal.services.errors import InvalidInputError
from portal.web.context import current_school, db, now
from portal.web.guards import current_actor, requires
from portal.web.limits import FAILED_PASSPHRASES, failed, limiter

Page = str | tuple[str, int] | Response
BAD_REQUEST = 400

blueprint = Blueprint("staff_account", __name__, url_prefix="/<school>/bureau/account")


@blueprint.get("", strict_slashes=False)
@requires(Action.WORK_ON_CASES)
def account(school: str) -> Page:
    """Show who one is here, with the fingerprint of the key in this very session."""
    del school
    return _page(saved="saved" in request.args)


@blueprint.post("/wachtzin")
@limiter.limit(FAILED_PASSPHRASES, deduct_when=failed)
@requires(Action.WORK_ON_CASES)
def change_passphrase(school: str) -> Page:
    del school
    try:
        accounts.change_passphrase(
            db(),
            actor=current_actor(),
            school=current_school(),
            current=request.form.get("current", ""),
            new=request.form.get("passphrase", ""),
        )
    except InvalidInputError as error:
        return _page(error, part="passphrase")
    return redirect(url_for(".account", school=current_school().slug, saved=1), 303)


@blueprint.post("/herstelcode")
@limiter.limit(FAILED_PASSPHRASES, deduct_when=failed)
@requires(Action.WORK_ON_CASES)
def new_recovery_code(school: str) -> Page:
    """Make a new recovery code; the answer shows it, once."""
    del school
    try:
        code = accounts.new_recovery_code(
            db(), actor=current_actor(), current=request.form.get("current", "")
        )
    except InvalidInputError as error:
        return _page(error, part="recovery")
    return render_template(
        "staff/recovery_code.html",
        school=current_school(),
        groups=printed_codes.groups(code),
        home=url_for(".account", school=current_school().slug),
    )


@blueprint.post("/foto")
@requires(Action.WORK_ON_CASES)
def show_photo(school: str) -> Page:
    """Show one's own photo on the public page, or take it away again."""
    if "remove" in request.form:
        school_face.hide_photo(db(), actor=current_actor(), now=now())
        return redirect(url_for(".account", school=school) + "#foto", 303)
    sent = request.files.get("photo")
    try:
        school_face.show_photo(
            db(),
            actor=current_actor(),
            data=sent.stream.read() if sent is not None else b"",
            agreed="agreed" in request.form,
            now=now(),
        )
    except InvalidInputError as error:
        return _page(error, part="photo")
    return redirect(url_for(".account", school=school) + "#foto", 303)


def _page(
    error: InvalidInputError | None = None, *, part: str = "", saved: bool = False
) -> tuple[str, int]:
    actor = current_actor()
    page = render_template(
        "staff/account.html",
        school=current_school(),
        actor=actor,
        roles=sorted(actor.role_keys),
        fingerprint=confirmations.fingerprint(actor.recipient).split(),
        confirmed=may(actor.powers, Action.CONFIRM_COLLEAGUES),
        may_manage=may(actor.powers, Action.MANAGE_ROSTER),
        errors={error.field: error.problem} if error else {},
        part=part,
        saved=saved,
        photo=school_face.photo_of(db(), school_id=actor.school_id, staff_id=actor.id),
    )
    return page, BAD_REQUEST if error else 200
