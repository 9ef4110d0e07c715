"""Slowing down guesses at log-in, and nothing else: reporting is never limited.

A key is an HMAC of the address under a random key of this day, held in memory only, so neither a
log nor a store of counters says who came. A whole school has one address, so no limit may lock:
whoever waits a moment is let through, however many wrong attempts others go on making.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

from flask import Flask, current_app, request
from flask_limiter import Limiter
from limits import RateLimitItem

from portal.web.context import now, settings

EXTENSION = "portal_address_keys"
FAILED_CODES = "600 per minute"
FAILED_PASSPHRASES = "20 per minute"
BAD_REQUEST = 400


class AddressKeys:
    """Names addresses by HMAC under a key that is made anew each day."""

    def __init__(self) -> None:
        self._day = ""
        self._key = b""

    def name(self, address: str, moment: datetime) -> str:
        """Give the name of an address for this day."""
        day = moment.date().isoformat()
        if day != self._day:
            self._day, self._key = day, secrets.token_bytes(32)
        return hmac.new(self._key, address.encode(), "sha256").hexdigest()[:32]


def address_key() -> str:
    """Give the limiter's key of this request."""
    keys: AddressKeys = current_app.extensions[EXTENSION]
    return keys.name(request.remote_addr or "", now())


def count(limit: RateLimitItem, key: str) -> int:
    """Count one more; returns how many of the limit are left."""
    limiter.limiter.hit(limit, key)
    return left(limit, key)


def left(limit: RateLimitItem, key: str) -> int:
    """How many of a limit are left at this moment."""
    return limiter.limiter.get_window_stats(limit, key).remaining


def failed(response: object) -> bool:
    """Whether an attempt counts: only one that was answered with "that is not right"."""
    return getattr(response, "status_code", 0) == BAD_REQUEST


# Flask-Limiter's decorators need an object at import time; its state is made in `install`.
limiter = Limiter(key_func=address_key, strategy="moving-window", headers_enabled=False)


def install(app: Flask) -> None:
    """Give this application its counters and its key of the day."""
    app.extensions[EXTENSION] = AddressKeys()
    with app.app_context():
        app.config.setdefault("RATELIMIT_STORAGE_URI", settings().redis_url)
    limiter.init_app(app)
