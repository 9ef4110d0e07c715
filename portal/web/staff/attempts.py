"""Attempts at staff log-in: wrong ones cost time, right ones are never refused for them.

Pupils and staff share the school's address, so counting refuses nobody. What slows a guesser is
the queue of derivations (one at a time), a later answer, and few tries at the one-time code for
whoever has a passphrase. A device on which somebody logged in before goes first in that queue.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from datetime import datetime

from flask import Response, current_app, g, request
from limits import parse

from portal.services import staff, transaction
from portal.services.errors import InvalidInputError
from portal.services.slots import Attempt
from portal.web.context import current_school, db, now, portal, settings
from portal.web.limits import EXTENSION, AddressKeys, count, left

FAILURES = parse("60 per minute")
FREE_FAILURES = 3
STEP_SECONDS, LONGEST_SECONDS = 0.25, 4.0
WAITING_ANSWERS = threading.BoundedSemaphore(20)
"""So many answers may wait in one process; the threads are for reporters."""
WRONG_CODES = parse("5 per minute")
WRONG_ON_DEVICE = parse("10 per minute")
COOKIE = "d"
COOKIE_DAYS = 180


def attempt() -> Attempt:
    """Say who tries, for the queue."""
    return Attempt(who=_name(str(request.remote_addr), _login()), known_device=_known() != "")


def check_tries(was: Attempt) -> None:
    """Refuse also a right one-time code after many wrong ones with the right passphrase.

    Raises:
        InvalidInputError: the same as for a wrong code.
    """
    if not was.known_device and left(WRONG_CODES, _name("code", _login())) == 0:
        transaction.rollback(db())
        raise InvalidInputError("login", "mismatch")


def count_wrong(error: InvalidInputError, was: Attempt) -> None:
    """Count a wrong attempt, and let its answer wait: the longer, the more there were."""
    transaction.rollback(db())
    if isinstance(error, staff.WrongCodeError):
        count(WRONG_CODES, _name("code", _login()))
    if was.known_device:
        count(WRONG_ON_DEVICE, _name("device", _known()))
    failures = FAILURES.amount - count(FAILURES, was.who)
    seconds = min(LONGEST_SECONDS, STEP_SECONDS * max(0, failures - FREE_FAILURES))
    if seconds and WAITING_ANSWERS.acquire(blocking=False):
        try:
            time.sleep(seconds)
        finally:
            WAITING_ANSWERS.release()


def know_device() -> None:
    """After a log-in: the answer takes a cookie along that says nothing about anybody."""
    g.know_device = True


def send_cookie(response: Response) -> Response:
    """Send the cookie of a known device, after the request."""
    if g.get("know_device"):
        day, nonce = f"{now():%Y%m%d}", secrets.token_hex(16)
        response.set_cookie(
            _cookie_name(),
            f"{day}.{nonce}.{_vouch(day, nonce)}",
            max_age=COOKIE_DAYS * 24 * 3600,
            path=f"/{current_school().slug}/bureau",
            secure=settings().secure,
            httponly=True,
            samesite="Strict",
        )
    return response


def _known() -> str:
    """Give the random name of this device; empty for one that we do not know, or that guesses."""
    day, _, rest = request.cookies.get(_cookie_name(), "").partition(".")
    nonce, _, vouched = rest.partition(".")
    if not hmac.compare_digest(vouched.encode(), _vouch(day, nonce).encode()):
        return ""
    made = datetime.strptime(day, "%Y%m%d").replace(tzinfo=now().tzinfo)
    fresh = (now() - made).days <= COOKIE_DAYS
    return nonce if fresh and left(WRONG_ON_DEVICE, _name("device", nonce)) else ""


def _vouch(day: str, nonce: str) -> str:
    return portal().keys.ticket("device", f"{current_school().id} {day} {nonce}")


def _cookie_name() -> str:
    return f"__Secure-{COOKIE}" if settings().secure else COOKIE


def _login() -> str:
    return request.form.get("login", "").strip().lower()[: staff.LONGEST_LOGIN]


def _name(kind: str, text: str) -> str:
    keys: AddressKeys = current_app.extensions[EXTENSION]
    return keys.name(f"{kind} {current_school().id} {text}", now())
