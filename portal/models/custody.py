"""The custody log of a school: leaves of a Merkle tree, its head, signed checkpoints."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class CustodyEvent(SchoolOwned, Base):
    """One event: public JSON in the tree, salt and particulars sealed to a compartment.

    The log outlives what it tells of, so it has no foreign keys into reports and cases.
    """

    __tablename__ = "custody_event"
    __table_args__ = owned_args(
        UniqueConstraint("school_id", "position"),
        Index(None, "school_id", "case_id"),
        Index(None, "school_id", "report_id"),
    )

    position: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(48))
    at: Mapped[datetime]
    public: Mapped[str] = mapped_column(Text)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))
    case_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)
    report_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)
    compartment_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    owner_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class CustodyHead(SchoolOwned, Base):
    """The compact head of a school's tree; locked last in every writing transaction."""

    __tablename__ = "custody_head"
    __table_args__ = owned_args(UniqueConstraint("school_id"))

    size: Mapped[int] = mapped_column(BigInteger, default=0)
    frontier: Mapped[str] = mapped_column(Text)


class CustodyCheckpoint(SchoolOwned, Base):
    """A signed head (C2SP checkpoint), to be kept off this machine."""

    __tablename__ = "custody_checkpoint"
    __table_args__ = owned_args()

    size: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)
