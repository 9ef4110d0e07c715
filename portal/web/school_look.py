"""What every page of a school wears: its style sheet, logo and pictures, from our own address.

The style sheet of a school with a colour is the common one with that colour at its end, so that a
page still asks for one file.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, g, request, url_for

from portal.domain import colour
from portal.services import school_face
from portal.services.schools import SchoolView
from portal.web.context import current_school, db
from portal.web.guards import public
from portal.web.headers import DIGEST_CHARACTERS, asset

blueprint = Blueprint("school_look", __name__)
COMMON = "css/reporter.css"


def install(app: Flask) -> None:
    """Give the templates `school_sheet(school)`, `school_icon(school)` and `school_picture`."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        school_sheet=school_sheet, school_icon=school_icon, school_picture=school_picture
    )


def school_sheet(school: SchoolView | None) -> str:
    """Give the address of the style sheet of a page."""
    if school is None or not school.accent:
        return asset(COMMON)
    digest = hashlib.sha256(_sheet(school.accent)).hexdigest()[:DIGEST_CHARACTERS]
    return url_for("school_look.sheet", school=school.slug, v=digest)


def school_icon(school: SchoolView | None) -> tuple[str, str]:
    """Give the icon of a page and its type: the logo, which the page asks for anyway."""
    if school is None or not school.logo:
        return asset("img/mark.svg"), "image/svg+xml"
    return school_picture(school, school.logo), "image/png"


def school_picture(school: SchoolView, digest: str) -> str:
    """Give the address of a logo or photo."""
    return url_for("school_look.picture", school=school.slug, digest=digest)


@blueprint.get("/<school>/stijl.css")
@public
def sheet(school: str) -> Response:
    """Send the common style sheet with the school's colour."""
    del school
    accent = current_school().accent
    if not accent:
        abort(404)
    content = _sheet(accent)
    digest = hashlib.sha256(content).hexdigest()[:DIGEST_CHARACTERS]
    g.for_ever = request.args.get("v") == digest
    return Response(content, mimetype="text/css")


@blueprint.get("/<school>/beeld/<digest>")
@public
def picture(school: str, digest: str) -> Response:
    """Send a logo, which may be kept, or a photo, which leaves no trace on the phone."""
    del school
    found = school_face.picture(db(), school_id=current_school().id, digest=digest)
    if found is None:
        abort(404)
    content, media_type, is_logo = found
    g.for_ever = is_logo
    response = Response(content, mimetype=media_type)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _sheet(accent: str) -> bytes:
    path = Path(current_app.static_folder or "", COMMON)
    return _with_accent(path, path.stat().st_mtime_ns, accent)


@lru_cache(maxsize=256)
def _with_accent(path: Path, _changed: int, accent: str) -> bytes:
    dark, done = colour.for_dark(accent), colour.done_in_dark(accent)
    own = (
        f":root {{ --school: {accent}; }}\n"
        "@media (prefers-color-scheme: dark) {\n"
        f"  :root {{ --school: {dark}; --done: {done}; }}\n"
        "}\n"
    )
    return path.read_bytes() + own.encode()
