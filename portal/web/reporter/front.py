"""The reporter's front door: the landing page, help lines and what we do with a report."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from portal import data
from portal.services import schools
from portal.services.schools import SchoolView
from portal.web import helplines, hours
from portal.web.context import current_school, db, now
from portal.web.guards import public
from portal.web.reporter import telling

blueprint = Blueprint("reporter_front", __name__)
hours.install(blueprint)

SITUATIONS = (
    "danger", "suicide", "sexual", "images", "home",
    "bullying", "discrimination", "lhbti", "police", "rights",
)  # fmt: skip
"""Every group of the page with help lines, in its order."""


@blueprint.get("/")
@public
def index() -> str:
    """Show the only school's front page, or let the visitor pick a school."""
    listed = schools.all_schools(db())
    if len(listed) == 1:
        g.school = listed[0]  # the address does not name it
        return _landing(current_school())
    return render_template("reporter/schools.html", schools=listed, school=None)


@blueprint.get("/<school>/")
@public
def landing(school: str) -> str:
    del school  # read by current_school
    return _landing(current_school())


@blueprint.get("/<school>/ouders/hulp")
@blueprint.get("/<school>/hulp")
@public
def help_lines(school: str) -> str:
    del school
    groups = {key: helplines.for_situation(key, None, now()) for key in SITUATIONS}
    return render_template(
        "reporter/help.html",
        school=current_school(),
        groups=groups,
        formal=telling.reads_formal(),
    )


@blueprint.get("/<school>/ouders/gegevens")
@blueprint.get("/<school>/gegevens")
@public
def privacy(school: str) -> str:
    del school
    formal = telling.reads_formal()
    return render_template("reporter/privacy.html", school=current_school(), formal=formal)


@blueprint.get("/<school>/ouders/toegankelijkheid")
@blueprint.get("/<school>/toegankelijkheid")
@public
def accessibility(school: str) -> str:
    del school
    return render_template(
        "reporter/accessibility.html",
        school=current_school(),
        checked=data.accessibility(),
        formal=telling.reads_formal(),
    )


def _landing(school: SchoolView) -> str:
    return render_template("reporter/front.html", school=school)
