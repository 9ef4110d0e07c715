"""Signed checkpoints of a school's custody log: heads that are to leave the machine."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence_store.custody import Checkpoint, sign_checkpoint
from portal.models import CustodyCheckpoint, CustodyHead, School, new_id
from portal.services.custody import SqlLog
from portal.services.instance_keys import InstanceKeys
from portal.services.records import whole_hour

ORIGIN = "veilig-melden/{school_id}"


def make(
    session: Session, *, school_id: str, keys: InstanceKeys, now: datetime
) -> CustodyCheckpoint | None:
    """Sign the present head of a school's log; None when it has not grown since the last."""
    head = session.scalar(select(CustodyHead).where(CustodyHead.school_id == school_id))
    latest = newest(session, school_id)
    if head is None or (latest is not None and latest.size == head.size):
        return latest if head is not None else None
    frontier = SqlLog(session, school_id).peek()
    origin = origin_of(school_id)
    checkpoint = Checkpoint(origin=origin, size=frontier.size, root=frontier.root())
    row = CustodyCheckpoint(
        id=new_id(),
        school_id=school_id,
        size=frontier.size,
        made_at=whole_hour(now),
        note=sign_checkpoint(checkpoint, keys.checkpoint_key(school_id), origin),
    )
    session.add(row)
    return row


def make_all(session: Session, *, keys: InstanceKeys, now: datetime) -> None:
    """Sign the head of every school whose log has grown."""
    for school_id in session.scalars(select(School.id)):
        make(session, school_id=school_id, keys=keys, now=now)


def newest(session: Session, school_id: str) -> CustodyCheckpoint | None:
    """Give the checkpoint of the largest tree of a school."""
    return session.scalar(
        select(CustodyCheckpoint)
        .where(CustodyCheckpoint.school_id == school_id)
        .order_by(CustodyCheckpoint.size.desc())
        .limit(1)
    )


def origin_of(school_id: str) -> str:
    """Name the log of a school in its checkpoints."""
    return ORIGIN.format(school_id=school_id)
