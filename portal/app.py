"""The application: parts made once, blueprints by actor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Flask
from flask.sessions import SessionInterface

from evidence_store import EvidenceStore
from portal.config import PROJECT_ROOT, Settings, load_settings
from portal.services import runtime
from portal.web import (
    context,
    errors,
    forms,
    headers,
    i18n,
    limits,
    requests,
    school_look,
    session,
    words,
)
from portal.web.admin import blueprints as admin_blueprints
from portal.web.context import EXTENSION
from portal.web.reporter import blueprints as reporter_blueprints
from portal.web.requests import PortalRequest
from portal.web.staff import blueprints as staff_blueprints

MAX_FORM_MEMORY = 4 << 20
MAX_FORM_PARTS = 5_000


def create_app(
    settings: Settings | None = None,
    *,
    clock: Callable[[], datetime] | None = None,
    store: EvidenceStore | None = None,
    kept_connections: int = 0,
) -> Flask:
    """Make the application.

    Args:
        settings: what differs between installations; read from the instance folder if None.
        clock: gives the present instant (tests set their own).
        store: where evidence lies; from the settings if None.
        kept_connections: see `portal.db.make_engine`.
    """
    settings = settings or load_settings()
    app = Flask(
        "portal",
        template_folder=str(PROJECT_ROOT / "templates"),
        static_folder=str(PROJECT_ROOT / "static"),
        instance_path=str(settings.instance_dir),
    )
    app.config.update(MAX_FORM_MEMORY_SIZE=MAX_FORM_MEMORY, MAX_FORM_PARTS=MAX_FORM_PARTS)
    app.session_interface = NoFlaskSession()
    app.request_class = PortalRequest
    app.extensions[EXTENSION] = runtime.build(
        settings, clock=clock, store=store, kept_connections=kept_connections
    )
    for part in (limits, headers, errors, requests, i18n, words, session, context, school_look):
        part.install(app)
    app.jinja_env.globals["csrf_field"] = forms.csrf_field
    _register_blueprints(app)
    return app


class NoFlaskSession(SessionInterface):
    """Flask's signed cookie is not used: ours holds 32 random bytes and nothing else."""

    def open_session(self, app: Flask, request: object) -> None:
        """Give none: Flask then makes a null session that fails when it is written."""


def _register_blueprints(app: Flask) -> None:
    for blueprint in (*reporter_blueprints, *staff_blueprints, *admin_blueprints):
        app.register_blueprint(blueprint)
