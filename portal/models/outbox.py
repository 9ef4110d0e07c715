"""Mail waiting to go, and the lease that lets one worker send it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class OutboxMail(SchoolOwned, Base):
    """A content-free notice to one member of staff, or to one reporter who asked for it.

    The key stops a second copy. A reporter's address stands here only until the mail went.
    """

    __tablename__ = "outbox_mail"
    __table_args__ = owned_args(
        UniqueConstraint("school_id", "dedupe_key"), refers=(("staff_id", "staff_member"),)
    )

    staff_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    address: Mapped[str | None]
    template: Mapped[str] = mapped_column(String(32))
    dedupe_key: Mapped[str] = mapped_column(String(128))
    queued_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]


class WorkerLease(Base):
    """Which worker holds the background work, so that several hosts may start one."""

    __tablename__ = "worker_lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]
