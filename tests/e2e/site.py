"""A filled demonstration, served by the real `portal serve`, with a mail server and an exit."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from functools import cached_property
from pathlib import Path

import pyotp
from aiosmtpd.controller import Controller
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

ROOT = Path(__file__).resolve().parents[2]
PORTAL = Path(sys.executable).with_name("portal")
TOTP_SECONDS = 30
TIME_TO_ENTER = 15


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(holds, seconds: float = 30.0):
    """Wait until something gives a true value, and give it."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)
    return found


@dataclass
class Person:
    """Somebody who can log in; each one-time code is used once."""

    name: str
    roles: list[str]
    login: str
    passphrase: str
    totp: str
    _last: int = 0

    def digits(self) -> str:
        """The next code that this account has not used: the server takes one step either side.

        One that would run out before a busy machine has taken it is passed over.
        """
        now = int(time.time()) // TOTP_SECONDS
        step = max(int(time.time() + TIME_TO_ENTER) // TOTP_SECONDS - 1, self._last + 1)
        if step > now + 1:
            time.sleep((step - 1) * TOTP_SECONDS - time.time() + 0.5)
        self._last = step
        return pyotp.TOTP(self.totp).at(step * TOTP_SECONDS)


@dataclass
class School:
    slug: str
    name: str
    people: dict[str, Person]
    codes: list[str]
    recovery: list[str]

    def mentor_of(self, class_name: str) -> Person:
        """The demonstration gives the first-line people the classes 1A, 1B, 2A … in order."""
        number = ["1A", "1B", "2A", "2B", "3A", "3B"].index(class_name)
        first = [one for one in self.people.values() if one.roles[0] in ("mentor", "coach")]
        return sorted(first, key=lambda one: one.login)[number]

    def having(self, role: str) -> list[Person]:
        return sorted(
            (one for one in self.people.values() if role in one.roles), key=lambda one: one.login
        )


@dataclass
class Mailbox:
    """What the local mail server received."""

    received: list[Message] = field(default_factory=list)

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        self.received.append(message_from_bytes(envelope.content))
        return "250 OK"

    def to(self, person: "Person", school: "School") -> list[Message]:
        """Mails to somebody; people of different schools share log-in names, so also addresses."""
        return [
            mail
            for mail in list(self.received)
            if mail["To"].startswith(f"{person.login}@") and school.name in mail["Subject"]
        ]


@dataclass
class Site:
    """A running portal."""

    address: str
    folder: Path
    exit_url: str
    mailbox: Mailbox
    log: Path

    @cached_property
    def schools(self) -> dict[str, School]:
        found = json.loads((self.folder / "accounts.json").read_text("utf-8"))
        return {
            one["slug"]: School(
                one["slug"],
                one["name"],
                {person["login"]: Person(**person) for person in one["staff"]},
                one["codes"],
                one["recovery"],
            )
            for one in found
        }

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


def serve_weather():
    """The page that "Snel weg" ends on."""
    server = make_server("127.0.0.1", 0, Response("Het weer", mimetype="text/html"), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.port}/nu"


def serve_mail(mailbox: Mailbox) -> Controller:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    return controller


def fill(folder: Path, log: Path) -> None:
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-m", "tests.e2e.filling", folder],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            check=True,
        )


def forget_mail(folder: Path) -> None:
    """Let the notices of the demonstration's own cases count as sent."""
    with closing(sqlite3.connect(folder / "portal.sqlite3")) as database, database:
        database.execute("UPDATE outbox_mail SET sent_at = queued_at")


def serve(folder: Path, log: Path, environment: dict[str, str]) -> tuple[subprocess.Popen, int]:
    """Start `portal serve` on a free port and wait until it answers."""
    port = free_port()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [PORTAL, "serve", "--port", str(port)],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            env={**os.environ, "PORTAL_INSTANCE_DIR": str(folder), **environment},
        )
    wait_until(lambda: _answers(port) or process.poll() is not None, 60)
    assert process.poll() is None, log.read_text()
    return process, port


def stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


def _answers(port: int) -> bool:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        client.request("GET", "/")
        return client.getresponse().status == 200
    except OSError:
        return False
    finally:
        client.close()
