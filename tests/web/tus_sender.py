"""A tus client without a brain: every request is the test's."""

import base64
import io
import random

from tests.web.reporter_site import SLUG

CHUNK = 65_536
ENDPOINT = f"/{SLUG}/bestanden/onderweg"
VERSION = {"Tus-Resumable": "1.0.0"}


def content(size, seed=1):
    return random.Random(seed).randbytes(size)


def metadata(**values):
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items()
    )


class Sender:
    """Sends what it is told, with the cookie and the token of a phone."""

    def __init__(self, phone):
        self.client = phone.client
        phone.get("bestanden")
        self.token = phone.page.form("/bestanden/verder")["fields"]["t"]

    def ask(self, method, address, headers=None, body=b"", *, length=None):
        given = {**VERSION, "X-CSRF-Token": self.token, **(headers or {})}
        return self.client.open(
            address,
            method=method,
            headers={name: value for name, value in given.items() if value is not None},
            input_stream=io.BytesIO(body),
            content_length=len(body) if length is None else length,
        )

    def create(self, size, headers=None, **said):
        told = metadata(**{"filename": "film.mp4", "intimate": "no", **said})
        given = {"Upload-Length": str(size), "Upload-Metadata": told, **(headers or {})}
        return self.ask("POST", ENDPOINT, given)

    def begin(self, size, **said):
        answer = self.create(size, **said)
        assert answer.status_code == 201
        return answer.headers["Location"]

    def patch(self, address, offset, body, headers=None, **options):
        given = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        return self.ask("PATCH", address, {**given, **(headers or {})}, body, **options)

    def offset(self, address):
        answer = self.ask("HEAD", address)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])
