"""Programs for the tests of the supervisor: a small WSGI portal and a background worker."""

import hashlib
import os
import sys
import time
import types
from contextlib import nullcontext
from pathlib import Path

from portal.config import load_settings
from portal.serve.supervisor import supervise
from portal.web.body import BodiesFull, BodyGate, SlowBody, timed_stream


class Portal:
    """Answers with what the server made of a request."""

    def __init__(self, settings, **_options):
        self.gate = BodyGate(settings.threads // 2)

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/crash":
            os._exit(9)
        if environ["PATH_INFO"] == "/fault":
            raise ValueError(environ["QUERY_STRING"])
        status, body = "200 OK", b""
        if environ["PATH_INFO"] == "/who":
            names = ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_X_FORWARDED_FOR", "HTTP_HOST")
            body = "|".join(str(environ.get(name)) for name in names).encode()
        elif environ["PATH_INFO"] == "/first":
            body = str(len(environ["wsgi.input"].read(1000))).encode()
        elif environ["REQUEST_METHOD"] == "POST":
            gate = nullcontext() if environ["PATH_INFO"] == "/form" else self.gate.hold()
            status, body = self._receive(environ, gate)
        start_response(status, [("Content-Length", str(len(body)))])
        return [body]

    def _receive(self, environ, gate):
        stream = timed_stream(environ)
        digest = hashlib.sha256()
        try:
            with gate:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
        except BodiesFull:
            return "503 Service Unavailable", b"full"
        except SlowBody:
            return "408 Request Timeout", b"slow"
        return "200 OK", digest.hexdigest().encode()


def background(settings):
    note = Path(os.environ["WORKER_NOTE"])
    with note.open("a") as lines:
        lines.write(f"{os.getpid()}\n")
    if os.environ.get("WORKER_CRASHES"):
        sys.exit(7)
    while True:
        time.sleep(0.1)


def main(arguments):
    overrides = dict(item.split("=", 1) for item in arguments)
    if overrides.pop("app", "ok") == "ok":
        stand_in = types.ModuleType("portal.app")
        stand_in.create_app = Portal
        sys.modules["portal.app"] = stand_in
    else:
        sys.modules["portal.app"] = types.ModuleType("portal.app")  # has no factory
    return supervise(load_settings(**overrides), worker=background)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
