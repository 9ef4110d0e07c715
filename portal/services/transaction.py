"""The one place where a transaction ends."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError
from portal.models import Base
from portal.services import custody

_DOOMED = "objects_to_destroy"
_LATE = "late_inserts"
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""The insert that leaves an existing row alone, which each database spells its own way."""


def commit(session: Session) -> None:
    """Write everything, put the custody events into the tree last, and commit.

    Objects of rows that went are destroyed after the commit: a crash between leaves at worst
    an orphan, never a row without its file.
    """
    session.flush()
    for statement in session.info.pop(_LATE, []):
        session.execute(statement)
    custody.append_queue(session)
    session.commit()
    for destroy, object_id in session.info.pop(_DOOMED, []):
        # The change is done; what cannot be destroyed now is an orphan, and the sweeper's.
        with contextlib.suppress(EvidenceStoreError, OSError):
            destroy(object_id)


def rollback(session: Session) -> None:
    """Undo everything, the waiting custody events too."""
    custody.discard_queue(session)
    session.info.pop(_DOOMED, None)
    session.info.pop(_LATE, None)
    session.rollback()


def destroy_after_commit(session: Session, store: EvidenceStore, object_id: str) -> None:
    """Destroy an object when, and only when, this transaction commits."""
    session.info.setdefault(_DOOMED, []).append((store.destroy, object_id))


def discard_after_commit(session: Session, store: EvidenceStore, object_id: str) -> None:
    """Remove an original that is still on its way in when, and only when, this commits."""
    session.info.setdefault(_DOOMED, []).append((store.discard, object_id))


def insert_unless_there(
    session: Session,
    table: type[Base],
    row: Mapping[str, Any],
    *,
    while_there: ColumnElement[bool] | None = None,
) -> Insert:
    """Make the statement that adds a row unless another transaction added it first.

    Args:
        while_there: a condition that must still hold when the statement runs.
    """
    insert = _INSERT[session.get_bind().dialect.name](table)
    if while_there is None:
        given: Insert = insert.values(row).on_conflict_do_nothing()
        return given
    columns = table.__table__.columns
    values = [literal(value, columns[name].type) for name, value in row.items()]
    chosen: Insert = insert.from_select(
        list(row), select(*values).where(while_there)
    ).on_conflict_do_nothing()
    return chosen


def add_unless_there(
    session: Session,
    table: type[Base],
    row: Mapping[str, Any],
    *,
    while_there: ColumnElement[bool] | None = None,
) -> None:
    """Add such a row at the commit, so that no lock is held until then."""
    made = insert_unless_there(session, table, row, while_there=while_there)
    session.info.setdefault(_LATE, []).append(made)


def is_dirty(session: Session) -> bool:
    """Whether something was changed and not committed."""
    return bool(
        session.new
        or session.dirty
        or session.deleted
        or custody.queued(session)
        or session.info.get(_LATE)
    )
