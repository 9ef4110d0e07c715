"""Casework: what somebody shall do or approve by when, and notes for nobody but their writer."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class CaseTask(SchoolOwned, Base):
    """A task or an agreement to check: who, by when, how it stands. Its words are the record's."""

    __tablename__ = "case_task"
    __table_args__ = owned_args(
        refers=(
            ("case_id", "school_case"),
            ("owner_id", "staff_member"),
            ("record_id", "record"),
        )
    )

    case_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    owner_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    record_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    kind: Mapped[str] = mapped_column(String(16))
    due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(16), default="open")


class OwnNote(SchoolOwned, Base):
    """A note of one member of staff in a case, sealed to that person's own key."""

    __tablename__ = "own_note"
    __table_args__ = owned_args(refers=(("case_id", "school_case"), ("staff_id", "staff_member")))

    case_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    staff_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    at: Mapped[datetime]
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


class Approval(SchoolOwned, Base):
    """A question to one member of staff to approve something at a gate; its words are a record."""

    __tablename__ = "approval"
    __table_args__ = owned_args(
        refers=(
            ("case_id", "school_case"),
            ("approver_id", "staff_member"),
            ("record_id", "record"),
        )
    )

    case_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    approver_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    record_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    gate_key: Mapped[str] = mapped_column(String(64))
    due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(16), default="open")
