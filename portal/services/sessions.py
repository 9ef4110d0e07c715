"""Live sessions: what they hold is sealed under a cookie that only the browser has.

The row's key is SHA-256("id" ‖ cookie) and the sealing key HKDF(cookie, "session/v1"), so any
worker can serve a session and no copy of the database can open one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, inspect, select
from sqlalchemy.orm import Session, object_session

from portal.db import begin_write
from portal.models import LiveSession
from portal.services.records import pad

COOKIE_BYTES = 32
NONCE_BYTES = 12
DRAFT, REPORTER, STAFF = "draft", "reporter", "staff"
LIFETIME = {
    DRAFT: timedelta(hours=2),
    REPORTER: timedelta(hours=1),
    STAFF: timedelta(hours=8),
}
IDLE = {
    DRAFT: timedelta(minutes=10),
    REPORTER: timedelta(minutes=10),
    STAFF: timedelta(minutes=15),
}
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class SealedSession:
    """An opened session: its row, the cookie that opened it, and what it holds.

    ``data`` may hold strings, numbers, lists and mappings (JSON); `save` seals it again.
    """

    row: LiveSession
    cookie: bytes
    data: dict[str, Any] = field(default_factory=dict)
    loaded: dict[str, Any] = field(default_factory=dict)

    @property
    def csrf_token(self) -> str:
        """The token that forms of this session carry; another session's never fits."""
        return hmac.new(_derive(self.cookie, b"csrf/v1"), b"form", "sha256").hexdigest()

    def idle(self, now: datetime) -> bool:
        """Whether nothing happened for so long that typed text must not be shown."""
        return now - self.row.touched_at > IDLE[self.row.kind]


def begin(
    session: Session,
    *,
    kind: str,
    school_id: str,
    data: dict[str, Any],
    now: datetime,
    staff_id: str | None = None,
    report_id: str | None = None,
) -> SealedSession:
    """Begin a session with a new random cookie."""
    cookie = secrets.token_bytes(COOKIE_BYTES)
    row = LiveSession(
        key=row_key(cookie),
        school_id=school_id,
        kind=kind,
        staff_id=staff_id,
        report_id=report_id,
        begun_at=now,
        touched_at=now,
        ends_at=now + LIFETIME[kind],
        sealed=b"",
    )
    opened = SealedSession(row, cookie, data)
    save(opened)
    session.add(row)
    return opened


def resume(
    session: Session, *, cookie: bytes, school_id: str, now: datetime
) -> SealedSession | None:
    """Open the session of a cookie; None when it is unknown, over, or of another school."""
    if len(cookie) != COOKIE_BYTES:
        return None
    row = session.get(LiveSession, row_key(cookie))
    if row is None or row.school_id != school_id or row.ends_at <= now:
        return None
    if row.kind == STAFF and now - row.touched_at > IDLE[STAFF]:
        return None
    try:
        return SealedSession(row, cookie, _open(cookie, row.sealed), _open(cookie, row.sealed))
    except InvalidTag:
        return None


def _open(cookie: bytes, sealed: bytes) -> dict[str, Any]:
    sealing = ChaCha20Poly1305(_derive(cookie, b"session/v1"))
    plain = sealing.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], b"v1")
    data: dict[str, Any] = json.loads(plain)
    return data


def save(opened: SealedSession) -> None:
    """Seal the data again into the row, on top of what another request saved meanwhile.

    A slow upload that notes something must not undo the receipt of a report sent in between.
    """
    stored = _stored_now(opened)
    if stored is not None:
        keys = {*opened.data, *opened.loaded}
        absent = object()
        changed = {
            key for key in keys if opened.data.get(key, absent) != opened.loaded.get(key, absent)
        }
        ours = {key: opened.data[key] for key in changed if key in opened.data}
        theirs = {key: value for key, value in stored.items() if key not in changed}
        opened.data.clear()
        opened.data.update(theirs | ours)
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain = pad(json.dumps(opened.data, separators=(",", ":")).encode())
    sealing = ChaCha20Poly1305(_derive(opened.cookie, b"session/v1"))
    opened.row.sealed = nonce + sealing.encrypt(nonce, plain, b"v1")


def _stored_now(opened: SealedSession) -> dict[str, Any] | None:
    """Read what the database holds for a session, and keep others from changing it."""
    session = object_session(opened.row)
    if session is None or not inspect(opened.row).persistent:
        return None
    begin_write(session)
    query = select(LiveSession.sealed).where(LiveSession.key == opened.row.key)
    sealed = session.scalar(query.with_for_update(key_share=True))
    return _open(opened.cookie, sealed) if sealed is not None else None


def seal_apart(opened: SealedSession, data: dict[str, Any], *, purpose: str, about: str) -> bytes:
    """Seal something under a session's cookie that stands in a row of its own.

    Args:
        purpose: names the key, such as ``upload/v1``.
        about: what the row says in clear; it opens only beside that.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain = pad(json.dumps(data, separators=(",", ":")).encode())
    sealing = ChaCha20Poly1305(_derive(opened.cookie, purpose.encode()))
    return nonce + sealing.encrypt(nonce, plain, about.encode())


def open_apart(
    opened: SealedSession, sealed: bytes, *, purpose: str, about: str
) -> dict[str, Any] | None:
    """Open what `seal_apart` sealed; None when it is another session's or was changed."""
    opening = ChaCha20Poly1305(_derive(opened.cookie, purpose.encode()))
    try:
        plain = opening.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())
    except InvalidTag:
        return None
    data: dict[str, Any] = json.loads(plain)
    return data


def touch(opened: SealedSession, now: datetime) -> None:
    """Note that the reader is still there."""
    opened.row.touched_at = now


def end(session: Session, opened: SealedSession) -> None:
    """End a session on the server; the cookie opens nothing any more."""
    session.execute(delete(LiveSession).where(LiveSession.key == opened.row.key))


def end_all_of_staff(session: Session, *, school_id: str, staff_id: str) -> None:
    """End every session of one member of staff, at once and on every worker."""
    session.execute(
        delete(LiveSession).where(
            LiveSession.school_id == school_id, LiveSession.staff_id == staff_id
        )
    )


def row_key(cookie: bytes) -> str:
    """Name the row of a cookie without giving the cookie away."""
    return hashlib.sha256(b"id" + cookie).hexdigest()


def _derive(cookie: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(cookie)
