"""What a request has at hand: settings, database session, store, school, time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, current_app, g, request

from portal.config import Settings
from portal.services import schools, transaction
from portal.services.runtime import Portal
from portal.services.schools import SchoolView

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

EXTENSION = "portal"
SUCCESS_BELOW = 400


def portal() -> Portal:
    """Give the parts of the running application."""
    parts: Portal = current_app.extensions[EXTENSION]
    return parts


def settings() -> Settings:
    """Give the settings of the running application."""
    return portal().settings


def now() -> datetime:
    """Give the instant of this request, the same for all it does."""
    if "now" not in g:
        g.now = portal().now()
    moment: datetime = g.now
    return moment


def db() -> Session:
    """Give the database session of this request."""
    if "db" not in g:
        g.db = portal().session_factory()
    session: Session = g.db
    return session


def current_school() -> SchoolView:
    """Find the school named in the address; 404 when there is none."""
    if "school" not in g:
        slug = (request.view_args or {}).get("school", "")
        found = schools.find(db(), slug=str(slug))
        if found is None:
            abort(404)
        g.school = found
    school: SchoolView = g.school
    return school


def commit() -> None:
    """Commit now: an opening is logged before its first byte goes out."""
    transaction.commit(db())


def install(app: Flask) -> None:
    """Commit once per request at the edge, only on success; never leave work lying about."""
    app.after_request(_finish)
    app.teardown_request(_close)


def _finish(response: Response) -> Response:
    session = g.get("db")
    if session is None:
        return response
    if request.method != "GET" and response.status_code < SUCCESS_BELOW:
        transaction.commit(session)
    elif transaction.is_dirty(session):
        transaction.rollback(session)
        if current_app.testing and response.status_code < SUCCESS_BELOW:
            message = f"{request.method} {request.endpoint} left uncommitted changes"
            raise RuntimeError(message)
    return response


def _close(_error: BaseException | None) -> None:
    session = g.pop("db", None)
    if session is not None:
        transaction.rollback(session)
        session.close()
