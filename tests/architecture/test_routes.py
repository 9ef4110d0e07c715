"""Every route says who may reach it."""

import pytest
from flask import Flask

from portal.app import create_app
from portal.config import Settings
from portal.domain.permissions import Action
from portal.services import sessions

# Flask's own route for style sheets, scripts and images: no school and no person in it.
OPEN = {"static"}
# Staff pages that one must reach before being logged in.
STAFF_ENTRANCE = {"staff_auth"}
STAFF_ACCESS = {f"staff:{action}" for action in Action}
REPORTER_ACCESS = {"public", "uploader", sessions.DRAFT, sessions.REPORTER}


@pytest.fixture
def app(tmp_path) -> Flask:
    return create_app(Settings(instance_dir=tmp_path))


def access(app: Flask, endpoint: str) -> object:
    return getattr(app.view_functions[endpoint], "access", None)


def test_every_route_is_guarded_or_says_aloud_that_it_is_public(app):
    silent = [name for name in app.view_functions if name not in OPEN and access(app, name) is None]
    assert silent == []


def test_staff_and_admin_pages_name_an_action(app):
    open_pages = [
        name
        for name in app.view_functions
        if name.startswith(("staff_", "admin_"))
        and name.partition(".")[0] not in STAFF_ENTRANCE
        and access(app, name) not in STAFF_ACCESS
    ]
    assert open_pages == []


def test_no_reporter_page_asks_for_an_account(app):
    closed = [
        name
        for name in app.view_functions
        if name.startswith("reporter_") and access(app, name) not in REPORTER_ACCESS
    ]
    assert closed == []


def test_a_change_is_never_made_by_following_a_link(app):
    """Words that change something are in no address that answers GET alone."""
    changing = ("/verwijder", "/verstuur", "/uitloggen", "/wissen")
    by_link = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.endswith(changing) and "POST" not in rule.methods
    ]
    assert by_link == []
