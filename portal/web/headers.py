"""Security and cache headers on every answer, and the content-addressed names of static files.

No page may be kept: `no-store` and a POST exit together leave nothing behind the Back button.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request, url_for

from portal.web.context import settings

DENIED_FEATURES = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in DENIED_FEATURES),
}
# Who looks for the school's pages may find them; a crawler has no session and gets no further.
FOR_EVERYBODY = "reporter"
ONE_YEAR = 31_536_000
DIGEST_CHARACTERS = 16
OK = 200


def install(app: Flask) -> None:
    """Set the headers after every request and give templates `asset('css/reporter.css')`."""
    app.extensions["asset_digests"] = {}
    app.jinja_env.globals["asset"] = asset
    app.after_request(set_headers)


def content_policy(exit_url: str) -> str:
    """Give the policy. Browsers hold a form's redirect to form-action: the exit stands in it."""
    target = urlsplit(exit_url)
    exits = f" {target.scheme}://{target.netloc}" if target.netloc else ""
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'none'; "
        f"connect-src 'self'; form-action 'self'{exits}; base-uri 'none'; frame-ancestors 'none'"
    )


def set_headers(response: Response) -> Response:
    response.headers.update(FIXED)
    if not (request.blueprint or "").startswith(FOR_EVERYBODY):
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    # Evidence comes with a stricter policy of its own.
    response.headers.setdefault("Content-Security-Policy", content_policy(settings().exit_url))
    if _is_current_asset(response) or (g.get("for_ever") and response.status_code == OK):
        response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR}, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
        response.headers.pop("Expires", None)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}"
    response.headers.pop("Server", None)
    return response


def asset(name: str) -> str:
    """Give a static file's address with a piece of its SHA-256, so that it may be kept for ever."""
    return url_for("static", filename=name, v=_digest(name))


def _digest(name: str) -> str:
    digests: dict[str, str] = current_app.extensions["asset_digests"]
    if name not in digests or current_app.debug:
        content = Path(current_app.static_folder or "", name).read_bytes()
        digests[name] = hashlib.sha256(content).hexdigest()[:DIGEST_CHARACTERS]
    return digests[name]


def _is_current_asset(response: Response) -> bool:
    if request.endpoint != "static" or response.status_code not in (200, 304):
        return False
    return request.args.get("v") == _digest((request.view_args or {})["filename"])
