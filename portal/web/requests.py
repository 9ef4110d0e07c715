"""Requests whose ordinary forms never put a file on the disk."""

from __future__ import annotations

import io
from typing import IO, Any

from flask import Request


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
