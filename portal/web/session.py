"""The session cookie: 32 random bytes, and nothing else about anybody."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Flask, Response, g, request

from portal.services import sessions
from portal.services.sessions import SealedSession
from portal.web.context import current_school, db, now, settings

COOKIE = "v"


def cookie_name() -> str:
    """Name the cookie; ``__Host-`` only where browsers reach us over TLS."""
    return f"__Host-{COOKIE}" if settings().secure else COOKIE


def current(kind: str) -> SealedSession | None:
    """Give the live session of this kind for this school, if the browser has one."""
    if "live_session" not in g:
        g.live_session = _resume()
    live: SealedSession | None = g.live_session
    return live if live is not None and live.row.kind == kind else None


def any_current() -> SealedSession | None:
    """Give whatever live session the browser has for this school."""
    for kind in (sessions.DRAFT, sessions.REPORTER, sessions.STAFF):
        live = current(kind)
        if live is not None:
            return live
    return None


def start(kind: str, data: dict[str, Any], **owner: str | None) -> SealedSession:
    """Begin a session in this transaction; the cookie goes out with the answer.

    An earlier session of this browser ends: one browser never holds two.
    """
    earlier = any_current()
    if earlier is not None:
        sessions.end(db(), earlier)
    live = sessions.begin(
        db(), kind=kind, school_id=current_school().id, data=data, now=now(), **owner
    )
    g.live_session = live
    g.set_cookie = live.cookie
    return live


def finish() -> None:
    """End the session of this browser, if any, and take its cookie away."""
    live = any_current()
    if live is not None:
        sessions.end(db(), live)
    g.live_session = None
    g.clear_cookie = True


def ended_elsewhere() -> None:
    """Take the cookie away of a session that another request has ended."""
    g.live_session = None
    g.clear_cookie = True


def install(app: Flask) -> None:
    """Send or take away the cookie after each request."""
    app.after_request(_cookies)


def _resume() -> SealedSession | None:
    text = request.cookies.get(cookie_name(), "")
    try:
        cookie = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    return sessions.resume(db(), cookie=cookie, school_id=current_school().id, now=now())


def _cookies(response: Response) -> Response:
    options: dict[str, Any] = {
        "path": "/",
        "secure": settings().secure,
        "httponly": True,
        "samesite": "Lax",
    }
    live = g.get("live_session")
    if live is not None and live.row.kind == sessions.STAFF:
        options["samesite"] = "Strict"
    if "set_cookie" in g and response.status_code < 400:  # noqa: PLR2004 - success
        value = base64.urlsafe_b64encode(g.set_cookie).decode().rstrip("=")
        response.set_cookie(cookie_name(), value, **options)
    elif g.get("clear_cookie"):
        response.delete_cookie(cookie_name(), **options)
    return response
