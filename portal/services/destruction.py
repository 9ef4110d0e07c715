"""Taking a report away for good: its keys first of all, then all that hangs on them.

Without a wrap nothing of it opens any more, also in a copy of the database made later. What the
custody log says of it stays, but for the sealed parts of its events, which nobody could open.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Table, delete, select, update
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore
from portal.models import (
    Base,
    Compartment,
    CustodyEvent,
    EvidenceItem,
    Record,
    Report,
    Upload,
)
from portal.services.transaction import destroy_after_commit, discard_after_commit

AT_ONCE = 400
"""Ids in one statement: SQLite takes no endless list."""


def destroy_contents(session: Session, report_id: str, store: EvidenceStore) -> None:
    """Delete all that belongs to a report; its own row stays, so that the case can say so."""
    found = select(EvidenceItem.object_id).where(EvidenceItem.report_id == report_id)
    objects = list(session.scalars(found))
    coming = select(Upload.object_id).where(Upload.report_id == report_id, ~Upload.finished)
    for object_id in session.scalars(coming):
        discard_after_commit(session, store, object_id)
    keys = list(session.scalars(select(Compartment.id).where(Compartment.report_id == report_id)))
    forget_sealed(session, keys)
    forget_card(session, report_id)
    delete_below(session, Report, [report_id])
    for object_id in objects:
        destroy_after_commit(session, store, object_id)


def destroy_report(session: Session, report: Report, store: EvidenceStore) -> None:
    """Delete a report that no case knows, with everything in it."""
    destroy_contents(session, report.id, store)
    session.execute(delete(Report).where(Report.id == report.id))


def forget_card(session: Session, report_id: str) -> None:
    """Delete the card of the report's case: its words may be those of what goes."""
    of_case = select(Report.case_id).where(Report.id == report_id).scalar_subquery()
    session.execute(delete(Record).where(Record.case_id == of_case, Record.kind == "card"))


def forget_sealed(session: Session, compartment_ids: Sequence[str]) -> None:
    """Drop the sealed parts of events in keys that go; the public parts stay in the log."""
    events = update(CustodyEvent).where(CustodyEvent.compartment_id.in_(compartment_ids))
    session.execute(events.values(sealed=None))


def delete_below(
    session: Session,
    model: type[Base],
    ids: Collection[str],
    *,
    keep: Collection[type[Base]] = (),
) -> None:
    """Delete the rows that refer to these rows, and those that refer to them, but not these.

    Args:
        keep: tables whose rows stay, with what hangs on them.
    """
    kept = {_table(one) for one in keep}
    table = _table(model)
    doomed: dict[Table, set[str]] = {table: set(ids)}
    waiting = [(table, set(ids))]
    while waiting:
        parent, named = waiting.pop()
        for child, column in _references(parent):
            if child in kept:
                continue
            fresh = _ids(session, child, column, named) - doomed.get(child, set())
            if fresh:
                doomed.setdefault(child, set()).update(fresh)
                waiting.append((child, fresh))
    doomed[table] -= set(ids)
    # Foreign keys are looked at when the transaction ends, so the order of the tables is free.
    for child, rows in doomed.items():
        for some in _slices(rows):
            session.execute(delete(child).where(child.c.id.in_(some)))


def _table(model: type[Base]) -> Table:
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(model)
    return table


def _references(parent: Table) -> list[tuple[Table, Any]]:
    """List the tables and columns that name the id of a table."""
    return [
        (table, element.parent)
        for table in Base.metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, ForeignKeyConstraint)
        for element in constraint.elements
        if element.column.table is parent and element.column.name == "id"
    ]


def _ids(session: Session, table: Table, column: Any, named: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in _slices(named):
        found |= set(session.scalars(select(table.c.id).where(column.in_(some))))
    return found


def _slices(ids: Collection[str]) -> list[list[str]]:
    ordered = sorted(ids)
    return [ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE)]
