"""Requests whose ordinary forms never put a file on the disk, and addresses that are no page."""

from __future__ import annotations

import io
from typing import IO, Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request
from werkzeug.routing import RequestRedirect


class Nowhere(io.BytesIO):
    """Takes bytes and keeps none."""

    def write(self, data: Any, /) -> int:
        """Drop the bytes."""
        return len(data)


class PortalRequest(Request):
    """Werkzeug spools files over 500 kB to a temporary file, in clear. Ours go nowhere.

    Only the upload pages take files, and those read the body themselves and encrypt it while it
    comes in (`portal.web.multipart`). A file sent to any other form is dropped.
    """

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 - the signature is Werkzeug's
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return Nowhere()


def install(app: Flask) -> None:
    """Answer addresses that nobody means."""
    app.url_value_preprocessor(_refuse_nul)
    app.after_request(_stay_here)


def _refuse_nul(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """PostgreSQL refuses a NUL in a text; nothing is called so."""
    if any("\0" in value for value in (values or {}).values() if isinstance(value, str)):
        abort(404)


def _stay_here(response: Response) -> Response:
    """Name no host where an address lacks a slash: Werkzeug takes it from whoever asks."""
    if isinstance(request.routing_exception, RequestRedirect):
        parts = urlsplit(response.location or "")
        query = f"?{parts.query}" if parts.query else ""
        response.location = f"/{parts.path.lstrip('/')}{query}"
    return response
