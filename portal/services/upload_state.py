"""What is needed to go on with an upload, sealed under the cookie of its session.

A part is gone on with only on the machine, and between the same two starts of it, where it began:
only there its length is all that was ever written. After a power cut a sealed chunk may be lost to
us and found by others, so the upload begins anew under another key.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from evidence_store import ResumableState
from portal.models import Compartment, Upload, new_id
from portal.services import sessions
from portal.services.errors import NotFoundError
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession

PURPOSE = "upload/v1"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Told:
    """What the sender said of a file when it began."""

    name: str
    declared_type: str
    metadata: str
    """As it was sent, to be given back."""
    mark: str = ""
    """Names the file for who chooses it again; empty for who cannot say."""
    entry: str = ""
    """The entry of a diary that it belongs to."""


def own_row(session: Session, live: SealedSession, school: SchoolView, upload_id: str) -> Upload:
    """Find an upload of this session.

    Raises:
        NotFoundError: when it has no such upload.
    """
    row = session.get(Upload, upload_id)
    if row is None or row.session_key != live.row.key or row.school_id != school.id:
        raise NotFoundError(upload_id)
    return row


def open_state(live: SealedSession, row: Upload) -> tuple[Told, ResumableState | None, str]:
    """Open what a row seals: what was told, where it lies, and the compartment it is sealed to.

    Where it lies is None when the machine was started again since.

    Raises:
        NotFoundError: it is of another session, or was changed.
    """
    body = sessions.open_apart(live, row.sealed, purpose=PURPOSE, about=_about(row))
    if body is None:
        raise NotFoundError(row.id)
    state = None
    if body["boot"] == boot_id():
        state = ResumableState(
            id=row.object_id,
            file_key=bytes.fromhex(body["file_key"]),
            nonce=bytes.fromhex(body["nonce"]),
            start=body["start"],
            size=row.length,
        )
    return Told(**body["told"]), state, body["evidence"]


def seal_state(
    live: SealedSession, row: Upload, told: Told, state: ResumableState, evidence: Compartment
) -> None:
    """Put what is needed to go on into the row, where it opens with this session's cookie alone."""
    row.object_id = state.id
    body: dict[str, Any] = {
        "told": asdict(told),
        "boot": boot_id(),
        "evidence": evidence.id,
        "file_key": state.file_key.hex(),
        "nonce": state.nonce.hex(),
        "start": state.start,
    }
    row.sealed = sessions.seal_apart(live, body, purpose=PURPOSE, about=_about(row))


def _about(row: Upload) -> str:
    return f"{row.id}:{row.report_id}:{row.object_id}:{row.length}"


@cache
def boot_id() -> str:
    """Name this machine between its start and its end; a process without such a name its own."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return new_id()
