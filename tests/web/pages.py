"""A small application with the real templates, headers and front door, and two schools."""

from datetime import UTC, datetime
from types import SimpleNamespace

import jinja2
from flask import Flask, redirect, render_template

from portal.config import PROJECT_ROOT, Settings
from portal.db import make_engine, make_session_factory
from portal.models import Base, School
from portal.web import context, errors, headers, i18n, school_look
from portal.web.forms import csrf_field
from portal.web.reporter import about, front
from portal.web.reporter import language as language_pages

SLUGS = ("waterkant", "veldlyceum")
EXIT = "https://weer.example/nu"
NOW = datetime(2026, 11, 17, 8, 31, tzinfo=UTC)
RAIL = (
    {"url": "#", "label": "Vandaag", "icon": "day", "current": True},
    {"url": "#", "label": "Zaken", "icon": "cases"},
    {"url": "#", "label": "Ik", "icon": "me", "last": True},
)


def make_app(folder, *, slugs=SLUGS, opened=True, language="nl", exit_url=EXIT):
    app = Flask(
        "portal",
        template_folder=str(PROJECT_ROOT / "templates"),
        static_folder=str(PROJECT_ROOT / "static"),
    )
    guide = jinja2.FileSystemLoader(PROJECT_ROOT / "tests" / "web")
    app.jinja_env.loader = jinja2.ChoiceLoader([app.jinja_env.loader, guide])
    engine = make_engine(f"sqlite:///{folder}/portal.sqlite3")
    Base.metadata.create_all(engine)
    factory = make_session_factory(engine)
    with factory() as session:
        session.add_all(_school(slug, opened=opened) for slug in slugs)
        session.commit()
    app.extensions[context.EXTENSION] = SimpleNamespace(
        settings=Settings(instance_dir=folder, exit_url=exit_url),
        session_factory=factory,
        now=lambda: NOW,
    )
    for part in (headers, errors, context, school_look):
        part.install(app)
    i18n.install(app, language)
    app.jinja_env.globals |= {"csrf_field": csrf_field, "unsent_story": bool, "beside_code": dict}
    app.register_blueprint(front.blueprint)
    app.register_blueprint(about.blueprint)
    app.register_blueprint(language_pages.blueprint)
    _stand_ins(app)
    return app


def _school(slug, *, opened):
    return School(
        slug=slug,
        name=f"Lyceum {slug.title()}",
        protocol_key="cals",
        place="Zutphen",
        opened_at=NOW if opened else None,
    )


def _stand_ins(app):
    app.context_processor(_leave)
    app.add_url_rule("/<school>/begin", "reporter_report.begin", _begin, methods=["POST"])
    app.add_url_rule("/<school>/verder", "reporter_return.open_with_code", _begin, methods=["POST"])
    app.add_url_rule("/<school>/schrift", "reporter_diary.begin", _begin, methods=["POST"])
    app.add_url_rule("/<school>/bewaren", "reporter_guides.every", _begin)
    app.add_url_rule("/weg", "weg", _away, methods=["POST"])
    app.add_url_rule("/<school>/gids", "guide", _guide)
    app.add_url_rule("/<school>/bureau", "desk", _desk)
    app.add_url_rule("/<school>/stuk", "broken", _broken)


def _leave():
    return {"leave_url": "/weg"}


def _away():
    return redirect(context.settings().exit_url, 303)


def _begin(school):
    return school


def _guide(school):
    return render_template("styleguide.html", school=context.current_school(), errors=True)


def _desk(school):
    return render_template("styleguide_staff.html", school=context.current_school(), staff_nav=RAIL)


def _broken(school):
    raise RuntimeError(f"{school}: Noor schreef dit".upper())
