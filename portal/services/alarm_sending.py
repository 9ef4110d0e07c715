"""Warnings on their way: by mail (to a gateway for text messages, too) or to a webhook.

They say that something waits, how many, and not a word more: no school, no person, no case.
"""

from __future__ import annotations

import http.client
import json
import logging
import smtplib
import ssl
import time
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from portal.config import Settings
from portal.models import DutyContact
from portal.services import duty, notify

SUBJECT = "Portaal"
ALARM = "Er is een spoedmelding in het portaal. Log in."
ALARMS = "Er wachten {n} spoedmeldingen in het portaal. Log in."
TEST = "Dit is een test van het portaal. Er is geen spoed."
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
STATUS_LINE = 512
OK = range(200, 300)
log = logging.getLogger(__name__)
Failures = (OSError, ValueError, smtplib.SMTPException, http.client.HTTPException)


class Sender:
    """Sends warnings in one round of the worker, over one connection to the mail server."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._settings = settings
        self._now = now
        self._mailer: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hang_up()

    def send(self, contact: DutyContact, *, slug: str, key: str, waiting: int) -> bool:
        """Warn one address; False when it could not be reached.

        Args:
            key: the same when this very warning is tried again, so that a receiver can tell.
            waiting: so many alarms; none for a test.
        """
        text = ALARMS.format(n=waiting) if waiting > 1 else ALARM if waiting else TEST
        try:
            if contact.kind == duty.MAIL:
                self._mail(contact.address, text, key)
            else:
                post(contact.address, text, key, self._secret(slug))
        except Failures as error:
            log.warning("a warning could not be sent: %s", type(error).__name__)
            self._hang_up()
            return False
        return True

    def _mail(self, address: str, text: str, key: str) -> None:
        if not self._settings.smtp_host:
            raise ConnectionError("no mail server is set")
        if self._mailer is None:
            self._mailer = notify.connect(self._settings)
        sender = self._settings.mail_from
        message = EmailMessage()
        message["From"] = sender
        message["To"] = address
        message["Subject"] = SUBJECT
        message["Date"] = format_datetime(self._now)
        message["Message-ID"] = f"<{key}@{sender.rpartition('@')[2] or 'localhost'}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text + "\n")
        self._mailer.send_message(message)

    def _hang_up(self) -> None:
        mailer, self._mailer = self._mailer, None
        if mailer is not None:
            mailer.close()

    def _secret(self, slug: str) -> str:
        """Read the school's own secret, which stands in a file and nowhere else."""
        folder = self._settings.duty_secrets_dir
        file = Path(folder) / slug if folder else None
        return file.read_text("utf-8").strip() if file is not None and file.is_file() else ""


def post(address: str, text: str, key: str, secret: str) -> None:
    """Post a warning; redirects are not followed, and the answer's body is not read.

    Raises:
        OSError: unreachable, too slow, or no success.
        ValueError: an address that is not allowed.
    """
    if not duty.is_webhook(address):
        raise ValueError("not an address for a webhook")
    parts = urlsplit(address)
    ends = time.monotonic() + ANSWER_SECONDS
    connection = _connection(parts.scheme, str(parts.hostname), parts.port)
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, "Connection": "close"}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    try:
        connection.request("POST", parts.path or "/", json.dumps({"text": text}), headers)
        status = _status(connection, ends)
    finally:
        connection.close()
    if status not in OK:
        raise ConnectionError(f"answered {status}")


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=context)
    return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)


def _status(connection: http.client.HTTPConnection, ends: float) -> int:
    """Read no more than the line with the status, and not one byte after the time is over.

    `http.client` would wait for every line anew, so an answer in drops would hold the worker.
    """
    got = b""
    while b"\n" not in got and len(got) < STATUS_LINE:
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.sock.settimeout(left)
        piece = connection.sock.recv(STATUS_LINE)
        if not piece:
            raise ConnectionResetError
        got += piece
    words = got.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1."):  # noqa: PLR2004 - version and code
        raise http.client.BadStatusLine(got.decode("latin-1"))
    return int(words[1])
