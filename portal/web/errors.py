"""Calm error pages in plain Dutch, with the way back; never a stack trace."""

from __future__ import annotations

import logging
import traceback

from flask import (
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    make_response,
    render_template,
    request,
)
from werkzeug.exceptions import HTTPException

from portal.services import transaction
from portal.services.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RecordMismatchError,
    ServiceError,
)
from portal.web.body import BodiesFull
from portal.web.i18n import SOURCE_LANGUAGE

BAD_REQUEST, CHANGED, SERVER_FAULT, UNAVAILABLE = 400, 422, 500, 503
RETRY_SECONDS = "10"
STATUS = {
    NotFoundError: 404,
    ForbiddenError: 403,
    ConflictError: 409,
    InvalidInputError: BAD_REQUEST,
    RecordMismatchError: CHANGED,
}
# Headers that only describe the body we replace.
REPLACED = frozenset({"content-type", "content-length"})


def install(app: Flask) -> None:
    """Answer every HTTP error, refusal of a service and unexpected fault with a page of ours."""
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(ServiceError, show_refusal)
    app.register_error_handler(BodiesFull, show_full)
    app.logger.addFilter(drop_values)


def show_http_error(error: HTTPException) -> Response:
    code = error.code or SERVER_FAULT
    if error.response is not None or code < BAD_REQUEST:
        return make_response(error.get_response())
    response = error_page(code)
    for name, value in error.get_headers():
        if name.lower() not in REPLACED:
            response.headers.add(name, value)
    return response


def show_refusal(error: ServiceError) -> Response:
    code = next((code for kind, code in STATUS.items() if isinstance(error, kind)), SERVER_FAULT)
    if code in {SERVER_FAULT, CHANGED}:
        current_app.logger.error("refused", exc_info=error)
    return error_page(code)


def show_full(_error: BodiesFull) -> Response:
    """As many large bodies are being received as may be, and this is one more."""
    response = error_page(UNAVAILABLE)
    response.headers["Retry-After"] = RETRY_SECONDS
    return response


def error_page(code: int) -> Response:
    """Give the page for a status; a bare one where the layout needs the very thing that failed."""
    if code >= CHANGED and "db" in g:
        transaction.rollback(g.db)  # after a failed write nothing can be read before this
    try:
        body = render_template("errors/error.html", code=code, school=g.get("school"))
    except Exception:
        current_app.logger.exception("error page")
        g.language = SOURCE_LANGUAGE  # asking who chose another may be what failed
        body = current_app.jinja_env.get_template("errors/bare.html").render(code=code)
    return make_response(body, code)


def drop_values(record: logging.LogRecord) -> bool:
    """Log only type and place of a fault: its text may quote a report, its address a case."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if error is not None:
        where = request.endpoint if has_request_context() else "no request"
        frames = "".join(traceback.format_tb(error.__traceback__))
        record.msg, record.args = f"{type(error).__name__} in {where}\n{frames}", ()
        record.exc_info = record.exc_text = None
    return True
