"""Forms: Flask-WTF for structure, with a token bound to our own sealed session."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import urlsplit

from flask import abort, request
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import Field, ValidationError
from wtforms.csrf.core import CSRF

from portal.web import session

TOKEN_FIELD = "t"  # noqa: S105 - the name of the field
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 - the name of the header


class SessionCsrf(CSRF):
    """A token that only forms of this very session carry."""

    def generate_csrf_token(self, csrf_token_field: Field) -> str:  # noqa: ARG002 - the signature is WTForms'
        """Give the token of the live session; empty before there is one."""
        return token()

    def validate_csrf_token(self, form: Any, field: Any) -> None:  # noqa: ARG002 - the signature is WTForms'
        """Compare in constant time."""
        if not token_fits(str(field.data or "")):
            message = "token"
            raise ValidationError(message)


class PortalForm(FlaskForm):
    """Base of all forms."""

    class Meta(FlaskForm.Meta):
        """Use our token instead of Flask's signed cookie."""

        csrf = True
        csrf_class = SessionCsrf
        csrf_field_name = TOKEN_FIELD

        @property
        def csrf_context(self) -> None:
            """Nothing: the token comes from the live session."""
            return


def token() -> str:
    """Give the form token of the live session, empty when there is none."""
    live = session.any_current()
    return live.csrf_token if live else ""


def token_fits(given: str) -> bool:
    """Whether a token belongs to the live session."""
    expected = token()
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode())


def csrf_field() -> Markup:
    """Give the hidden field for templates."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN_FIELD, token())


def require_token() -> None:
    """Refuse an ordinary POST without the session's token."""
    if not token_fits(request.form.get(TOKEN_FIELD, "")):
        abort(400, "token")


def require_token_header() -> None:
    """Refuse a program's request without the session's token, before its body is read."""
    if not token_fits(request.headers.get(TOKEN_HEADER, "")):
        abort(403, "token")


def require_same_origin() -> None:
    """Refuse a POST that another site made (Sec-Fetch-Site, else Origin)."""
    if not same_origin():
        abort(403, "origin")


def same_origin() -> bool:
    """Whether the browser says that this request comes from our own pages."""
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    # Our pages send no referrer, so a browser without Sec-Fetch-Site (iOS before 16.4) says "null"
    # of our own forms; then the token decides, and cookies stay away from other sites (SameSite).
    return origin in {None, "null"} or urlsplit(origin).netloc == request.host
