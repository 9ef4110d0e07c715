"""A case that staff start comes once from each form, and its code is there while the page is.

The result stays sealed in the live session, as a reporter's receipt does: whoever reloads sees the
same, and whoever leaves the page or logs out takes the code away.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict

from portal.services import sessions
from portal.services.routing import ReaderName
from portal.services.sessions import SealedSession
from portal.services.staff_reports import Started

RESULT, SPENT = "started", "spent"
REMEMBERED = 50
TOKEN_BYTES = 16


def new_token() -> str:
    """Make the token of a form that works once."""
    return secrets.token_hex(TOKEN_BYTES)


def is_spent(live: SealedSession, token: str) -> bool:
    """Whether this form was sent before; a form that comes twice at once waits here."""
    sessions.save(live)
    return token in live.data.get(SPENT, [])


def keep(live: SealedSession, token: str, result: Started) -> None:
    """Keep what came of a form for its page."""
    live.data[RESULT] = asdict(result)
    live.data[SPENT] = [*live.data.get(SPENT, []), token][-REMEMBERED:]
    sessions.save(live)


def kept(live: SealedSession) -> Started | None:
    """Give what the session keeps for the page; None once the reader left it."""
    found = live.data.get(RESULT)
    if found is None:
        return None
    return Started(**{**found, "readers": [ReaderName(**one) for one in found["readers"]]})


def let_go(live: SealedSession) -> bool:
    """Forget the result, its code too; the form stays spent. False when there was none."""
    if live.data.pop(RESULT, None) is None:
        return False
    sessions.save(live)
    return True
