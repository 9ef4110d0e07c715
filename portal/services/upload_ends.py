"""Uploads that end without a file: cancelled, left behind, or of no use any more."""

from __future__ import annotations

import contextlib
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError, OvertakenError
from evidence_store import NotFoundError as NoSuchObject
from portal.models import LiveSession, Upload
from portal.services import transaction, uploads
from portal.services.errors import ConflictError
from portal.services.resumable import Going
from portal.services.schools import SchoolView
from portal.services.sessions import SealedSession
from portal.services.upload_state import own_row


def drop(
    session: Session,
    *,
    live: SealedSession,
    school: SchoolView,
    store: EvidenceStore,
    upload_id: str,
) -> None:
    """End an upload that is not finished, and destroy what has come of it.

    Raises:
        NotFoundError: when this session has no such upload.
        ConflictError: when it is finished, or being finished.
    """
    row = own_row(session, live, school, upload_id)
    try:
        ended = _destroy(session, store, row)
    except OvertakenError as error:
        raise ConflictError(upload_id) from error
    if not ended:
        raise ConflictError(upload_id)


def remove(
    session: Session,
    *,
    live: SealedSession,
    school: SchoolView,
    store: EvidenceStore,
    file_id: str,
) -> None:
    """Take a file out of a draft, whether it has come in or is under way.

    Raises:
        NotFoundError: when there is no such file.
        ConflictError: when it is being finished at this moment.
    """
    if session.get(Upload, file_id) is None:
        uploads.remove(session, live=live, store=store, file_id=file_id)
    else:
        drop(session, live=live, school=school, store=store, upload_id=file_id)


def forget(session: Session, *, store: EvidenceStore, going: Going) -> None:
    """Destroy what came of an upload that can never be ended; its draft may be gone already."""
    row = session.get(Upload, going.id, populate_existing=True)
    with contextlib.suppress(EvidenceStoreError, OSError):
        if row is not None and row.object_id == going.object_id:
            _destroy(session, store, row)
        else:
            store.discard(going.object_id)


def sweep(session: Session, *, store: EvidenceStore, now: datetime) -> None:
    """Destroy what came of uploads whose session has ended."""
    living = select(LiveSession.key).where(LiveSession.ends_at > now)
    ended = select(Upload).where(Upload.session_key.not_in(living))
    for row in session.scalars(ended).all():
        with contextlib.suppress(OvertakenError, OSError):  # in use at this moment: next time
            if not _destroy(session, store, row):
                session.execute(delete(Upload).where(Upload.id == row.id))
        transaction.commit(session)


def _destroy(session: Session, store: EvidenceStore, row: Upload) -> bool:
    """Destroy it unless it is finished, which nobody can make it while we hold it."""
    with contextlib.ExitStack() as held:
        try:
            discard = held.enter_context(store.holding(row.object_id))
        except NoSuchObject:
            discard = None
        query = select(Upload.finished).where(Upload.id == row.id)
        if session.scalar(query):
            return False
        session.execute(delete(Upload).where(Upload.id == row.id))
        if discard is not None:
            discard()
    return True
