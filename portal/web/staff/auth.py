"""Log-in of staff, with the recovery code when the passphrase is lost, and activation."""

from __future__ import annotations

from typing import Any

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from portal.services import accounts, printed_codes, sessions, slots, staff, totp
from portal.services.accounts import Invitee
from portal.services.errors import InvalidInputError
from portal.web import desk, errors, session
from portal.web.context import current_school, db, now, portal
from portal.web.guards import public
from portal.web.staff import attempts

Page = str | tuple[str, int] | Response
BAD_REQUEST, UNAVAILABLE = 400, 503
QR_SCALE = 5

blueprint = Blueprint("staff_auth", __name__, url_prefix="/<school>/bureau")
blueprint.app_context_processor(desk.menu)
blueprint.after_request(attempts.send_cookie)


@blueprint.before_app_request
def stay_logged_in() -> None:
    """Whoever opens a staff page is not idle."""
    if (request.blueprint or "").startswith(("staff_", "admin_")):
        live = session.current(sessions.STAFF)
        if live is not None:
            staff.stay_logged_in(db(), live, now=now())


@blueprint.app_errorhandler(slots.TooBusyError)
def too_busy(_error: slots.TooBusyError) -> Response:
    """Ask for patience: the threads that would wait here are for reporters."""
    return errors.error_page(UNAVAILABLE)


@blueprint.get("/inloggen", strict_slashes=False)
@public
def login(school: str) -> Page:
    """Show the log-in form, or the desk to somebody who is logged in."""
    del school
    live = session.current(sessions.STAFF)
    if live is not None and staff.actor_of(db(), live) is not None:
        return redirect(desk.home(current_school()), 303)
    return _form("staff/login.html")


@blueprint.post("/inloggen", strict_slashes=False)
@public
def enter(school: str) -> Page:
    """Log in with passphrase and one-time code."""
    del school
    attempt = attempts.attempt()
    try:
        logged_in = staff.log_in(
            db(),
            school=current_school(),
            login=request.form.get("login", ""),
            passphrase=request.form.get("passphrase", ""),
            code=request.form.get("code", ""),
            now=now(),
            attempt=attempt,
        )
        attempts.check_tries(attempt)
    except InvalidInputError as error:
        attempts.count_wrong(error, attempt)
        return _form("staff/login.html", error, login=request.form.get("login", ""))
    session.start(sessions.STAFF, logged_in.data, staff_id=logged_in.staff_id)
    attempts.know_device()
    return redirect(desk.home(current_school()), 303)


@blueprint.post("/uitloggen")
@public
def leave(school: str) -> Page:
    """End the session on the server."""
    del school
    session.finish()
    return redirect(url_for("staff_auth.login", school=current_school().slug), 303)


@blueprint.get("/herstel", strict_slashes=False)
@public
def recovery(school: str) -> Page:
    """Ask for the printed recovery code and a new passphrase."""
    del school
    return _form("staff/recovery.html")


@blueprint.post("/herstel", strict_slashes=False)
@public
def recover(school: str) -> Page:
    """Open the account with the recovery code; the answer shows the next one, once."""
    del school
    attempt = attempts.attempt()
    try:
        logged_in = staff.log_in_with_recovery(
            db(),
            school=current_school(),
            login=request.form.get("login", ""),
            recovery_code=request.form.get("recovery", ""),
            code=request.form.get("code", ""),
            new_passphrase=request.form.get("passphrase", ""),
            now=now(),
            attempt=attempt,
        )
        attempts.check_tries(attempt)
    except InvalidInputError as error:
        attempts.count_wrong(error, attempt)
        return _form("staff/recovery.html", error, login=request.form.get("login", ""))
    session.start(sessions.STAFF, logged_in.data, staff_id=logged_in.staff_id)
    attempts.know_device()
    return render_template(
        "staff/recovery_code.html",
        school=current_school(),
        groups=printed_codes.groups(logged_in.recovery_code),
        home=desk.home(current_school()),
    )


@blueprint.get("/activeren", strict_slashes=False)
@public
def activation(school: str) -> Page:
    """Ask for the activation code."""
    del school
    return _form("staff/activate.html")


@blueprint.post("/activeren", strict_slashes=False)
@public
def activate(school: str) -> Page:
    """With a valid code: first show the authenticator's secret, then make the account's key."""
    del school
    given = request.form.get("activation", "")
    found = accounts.invitee(
        db(), school_id=current_school().id, code=given, keys=portal().keys, now=now()
    )
    if found is None:
        return _form("staff/activate.html", InvalidInputError("activation", "unknown"))
    secret = totp.sound_secret(request.form.get("secret", ""))
    if secret is None:
        return _choose(found, given, totp.new_secret())
    try:
        made = accounts.activate(
            db(),
            school=current_school(),
            activation_code=given,
            passphrase=request.form.get("passphrase", ""),
            totp_secret=secret,
            totp_code=request.form.get("code", ""),
            keys=portal().keys,
            now=now(),
        )
    except InvalidInputError as error:
        return _choose(found, given, secret, error)
    session.start(sessions.STAFF, made.data, staff_id=made.staff_id)
    attempts.know_device()
    return _activated(made)


def _form(template: str, error: InvalidInputError | None = None, **values: Any) -> Page:
    page = render_template(template, school=current_school(), errors=_errors(error), **values)
    return page, BAD_REQUEST if error else 200


def _choose(
    found: Invitee, given: str, secret: str, error: InvalidInputError | None = None
) -> Page:
    """Show the second half of the activation: the authenticator's secret and a passphrase."""
    address = totp.address(secret, login=found.login, school_name=current_school().name)
    picture = segno.make(address, error="m").svg_inline(scale=QR_SCALE, border=3, light="#fff")
    return _form(
        "staff/activate_keys.html",
        error,
        person=found,
        activation=given,
        secret=secret,
        secret_groups=printed_codes.groups(secret),
        qr=Markup(picture),  # noqa: S704 - made by segno from an address of ours, holds no text
        address=address,
    )


def _activated(made: accounts.Activation) -> str:
    return render_template(
        "staff/activated.html",
        school=current_school(),
        groups=printed_codes.groups(made.recovery_code),
        fingerprint=made.fingerprint.split(),
        confirmed=made.confirmed,
        home=desk.home(current_school()),
    )


def _errors(error: InvalidInputError | None) -> dict[str, str]:
    return {error.field: error.problem} if error is not None else {}
