"""Requests whose ordinary forms never put a file on the disk, and addresses that are no page."""

from __future__ import annotations

import io
from typing import IO, Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request
from werkzeug.routing import RequestRedirect

SMALL_FILES = {
    "admin_roster.take_over": 4 << 20,
    "admin_school.set_logo": 12 << 20,
    "staff_account.show_photo": 12 << 20,
}
"""Views whose form takes files that are no evidence, and how much of one is kept: the school's
lists, and pictures as large as a phone makes them."""


class InMemory(io.BytesIO):
    """Keeps the first bytes of a file in memory and drops the rest."""

    def __init__(self, largest: int) -> None:
        super().__init__()
        self._left = largest

    def write(self, data: Any, /) -> int:
        """Keep what there is room for; the sender is told that all was taken."""
        kept = bytes(data[: self._left])
        self._left -= super().write(kept)
        return len(data)


class PortalRequest(Request):
    """Werkzeug spools files over 500 kB to a temporary file, in clear. Ours stay in memory.

    Only the upload pages take evidence, and those read the body themselves and encrypt it while
    it comes in (`portal.web.multipart`). A file sent to any other form is dropped.
    """

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 - the signature is Werkzeug's
        content_type: str | None,  # noqa: ARG002 - as above
        filename: str | None = None,  # noqa: ARG002 - as above
        content_length: int | None = None,  # noqa: ARG002 - as above
    ) -> IO[bytes]:
        return InMemory(SMALL_FILES.get(self.endpoint or "", 0))


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
        response.set_data(b"")  # it repeats the address, host and all
    return response
