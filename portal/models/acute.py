"""Whom to warn when a report cannot wait, each alarm, and each telephone that it rang."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class DutyContact(SchoolOwned, Base):
    """An address of the school's own that gets a warning without content; never deleted."""

    __tablename__ = "duty_contact"
    __table_args__ = owned_args(refers=(("staff_id", "staff_member"),))

    place: Mapped[int]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    removed_at: Mapped[datetime | None]


class AcuteAlarm(SchoolOwned, Base):
    """One urgent report or message, until somebody who may read it took notice."""

    __tablename__ = "acute_alarm"
    __table_args__ = owned_args(
        refers=(("case_id", "school_case"), ("acknowledged_by_id", "staff_member"))
    )

    case_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    raised_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))


class AcuteCall(SchoolOwned, Base):
    """One warning to one address: waiting, gone or given up. Without an alarm it is a test."""

    __tablename__ = "acute_call"
    __table_args__ = owned_args(
        UniqueConstraint("school_id", "alarm_id", "contact_id"),
        refers=(("alarm_id", "acute_alarm"), ("contact_id", "duty_contact")),
    )

    alarm_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    contact_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    made_at: Mapped[datetime]
    next_try_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
