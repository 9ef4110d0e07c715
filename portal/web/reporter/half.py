"""What stands half written on a page after the code, kept when a button leads away.

It is sealed like the session, and forgotten once it was sent.
"""

from __future__ import annotations

from flask import redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.services import sessions
from portal.services.sessions import SealedSession
from portal.web.context import now
from portal.web.forms import TOKEN_FIELD
from portal.web.reporter import language, onward

HALF, CAME_FROM = "half", "came_from"
NOT_TYPED = frozenset({TOKEN_FIELD, "then"})
LONGEST = 20_000


def leaving(live: SealedSession, page: str) -> Response | None:
    """Where a button leads away from a page: keep what is typed there, and go.

    A switch of language leads back to the page itself.
    """
    then = request.form.get("then", "")
    there = page if language.choose(then) else onward.goal(then, onward.AWAY)
    if not there:
        return None
    typed = {
        name: [value.replace("\r\n", "\n")[:LONGEST] for value in request.form.getlist(name)]
        for name in request.form
        if name not in NOT_TYPED
    }
    live.data[HALF] = {**live.data.get(HALF, {}), page: typed}
    live.data[CAME_FROM] = page if there in onward.READING else ""
    sessions.save(live)
    sessions.touch(live, now())
    return redirect(onward.address(there), 303)


def written(live: SealedSession, page: str) -> MultiDict[str, str]:
    """Give what was half written on a page."""
    return MultiDict(live.data.get(HALF, {}).get(page, {}))


def forget(live: SealedSession, page: str) -> None:
    """Forget what was half written: it has been sent."""
    rest = {name: typed for name, typed in live.data.get(HALF, {}).items() if name != page}
    live.data |= {HALF: rest, CAME_FROM: ""}
    sessions.save(live)
