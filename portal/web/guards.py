"""Who may reach a view: every route says so aloud, and a test reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.domain.permissions import Action, may
from portal.services import once, sessions, staff
from portal.services.sessions import SealedSession
from portal.services.staff import StaffActor
from portal.web import session
from portal.web.context import commit, current_school, db
from portal.web.forms import require_same_origin, require_token, require_token_header

P = ParamSpec("P")
R = TypeVar("R")
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Say aloud that anybody may reach this view. Unsafe methods check the origin."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if request.method in UNSAFE:
            require_same_origin()
        return view(*args, **kwargs)

    guarded.access = "public"  # type: ignore[attr-defined]  # read by the route test
    return guarded


def draft_only(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Only with a live draft; without one, back to the school's first page."""
    return _reporter_side(view, sessions.DRAFT, "reporter_front.landing")


def code_only(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Only after the code was given; without, back to the page that asks for it."""
    return _reporter_side(view, sessions.REPORTER, "reporter_return.enter")


def uploader_only(view: Callable[P, R]) -> Callable[P, R]:
    """Only with a live session of a reporter, sent or not; without it 404, as programs ask here.

    The token comes in a header, so that it is checked before a body is read.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if session.current(sessions.DRAFT) is None and session.current(sessions.REPORTER) is None:
            abort(404)
        if request.method in UNSAFE:
            require_same_origin()
            require_token_header()
        return view(*args, **kwargs)

    guarded.access = "uploader"  # type: ignore[attr-defined]  # read by the route test
    return guarded


def _reporter_side(view: Callable[P, R], kind: str, otherwise: str) -> Callable[P, R | Response]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if session.current(kind) is None:
            return redirect(url_for(otherwise, school=current_school().slug), 303)
        if request.method in UNSAFE:
            require_same_origin()
            if not getattr(view, "reads_body_itself", False):
                require_token()
        return view(*args, **kwargs)

    guarded.access = kind  # type: ignore[attr-defined]  # read by the route test
    return guarded


def reads_body_itself(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view that streams its body and checks the token before the first file."""
    view.reads_body_itself = True  # type: ignore[attr-defined]  # read by the guards
    return view


def shows_once(view: Callable[P, R]) -> Callable[P, R]:
    """Mark the page of a result that goes as soon as its reader opens another page."""
    view.shows_once = True  # type: ignore[attr-defined]  # read by the guard of staff pages
    return view


def requires(action: Action) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Only for staff who are logged in and may do this; the service checks the case itself."""

    def decorate(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            live = session.current(sessions.STAFF)
            actor = staff.actor_of(db(), live) if live else None
            if actor is None:
                return redirect(url_for("staff_auth.login", school=current_school().slug), 303)
            if request.method in UNSAFE:
                require_same_origin()
                if not getattr(view, "reads_body_itself", False):
                    require_token()
            if not may(actor.powers, action):
                abort(403)
            g.actor = actor
            if request.method == "GET" and not hasattr(view, "shows_once"):
                _leave_result()
            return view(*args, **kwargs)

        guarded.access = f"staff:{action}"  # type: ignore[attr-defined]  # read by the route test
        return guarded

    return decorate


def _leave_result() -> None:
    if once.let_go(current_live()):
        commit()


def current_actor() -> StaffActor:
    """Give the member of staff of this request."""
    actor: StaffActor = g.actor
    return actor


def current_live() -> SealedSession:
    """Give the live session of the member of staff of this request."""
    live: SealedSession = g.live_session
    return live
