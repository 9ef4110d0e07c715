"""A case: who handles it, where it stands in the school's protocol, when it is due."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class Case(SchoolOwned, Base):
    """What the school does about one or more reports. The table is not called ``case``."""

    __tablename__ = "school_case"
    __table_args__ = owned_args(
        UniqueConstraint("school_id", "label"), refers=(("handler_id", "staff_member"),)
    )

    label: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16), default="report")
    protocol_key: Mapped[str] = mapped_column(String(64))
    protocol_version: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default="received")
    role_key: Mapped[str] = mapped_column(String(64))
    step_key: Mapped[str] = mapped_column(String(64))
    next_action: Mapped[str] = mapped_column(String(64), default="")
    due_on: Mapped[date | None] = mapped_column(Date)
    handler_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    classes: Mapped[str] = mapped_column(Text, default="")
    urgent: Mapped[bool] = mapped_column(default=False)
    waiting_for_staff: Mapped[bool] = mapped_column(default=True)
    answer_by: Mapped[date | None] = mapped_column(Date)
    checking_since: Mapped[date | None] = mapped_column(Date)
    check_call: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    handed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=0)

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - two hand-overs at once: one wins


class CaseReader(SchoolOwned, Base):
    """Who may read a case and as what; the wraps decide, this says it in words."""

    __tablename__ = "case_reader"
    __table_args__ = owned_args(refers=(("case_id", "school_case"), ("staff_id", "staff_member")))

    case_id: Mapped[str] = mapped_column(String(ID_LENGTH), index=True)
    staff_id: Mapped[str] = mapped_column(String(ID_LENGTH), index=True)
    part: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
