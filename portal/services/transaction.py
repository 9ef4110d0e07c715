"""The one place where a transaction ends."""

from __future__ import annotations

import contextlib

from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError
from portal.services import custody

_DOOMED = "objects_to_destroy"


def commit(session: Session) -> None:
    """Write everything, put the custody events into the tree last, and commit.

    Objects of rows that went are destroyed after the commit: a crash between leaves at worst
    an orphan, never a row without its file.
    """
    session.flush()
    custody.append_queue(session)
    session.commit()
    for store, object_id in session.info.pop(_DOOMED, []):
        # The change is done; what cannot be destroyed now is an orphan, and the sweeper's.
        with contextlib.suppress(EvidenceStoreError, OSError):
            store.destroy(object_id)


def rollback(session: Session) -> None:
    """Undo everything, the waiting custody events too."""
    custody.discard_queue(session)
    session.info.pop(_DOOMED, None)
    session.rollback()


def destroy_after_commit(session: Session, store: EvidenceStore, object_id: str) -> None:
    """Destroy an object when, and only when, this transaction commits."""
    session.info.setdefault(_DOOMED, []).append((store, object_id))


def is_dirty(session: Session) -> bool:
    """Whether something was changed and not committed."""
    return bool(session.new or session.dirty or session.deleted or custody.queued(session))
