"""A school, its classes, and the holders of its recovery keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, new_id, owned_args


class School(Base):
    """One school. It opens for reports when every route ends in two activated readers."""

    __tablename__ = "school"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    protocol_key: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(default="")
    contact: Mapped[str] = mapped_column(Text, default="")
    answer_days: Mapped[int] = mapped_column(default=2)
    holidays: Mapped[str] = mapped_column(Text, default="")
    reading_hours: Mapped[str] = mapped_column(Text, default="", server_default="")
    acute_on: Mapped[bool] = mapped_column(default=False, server_default=false())
    acute_minutes: Mapped[int] = mapped_column(default=10, server_default="10")
    acute_hours: Mapped[str] = mapped_column(Text, default="", server_default="")
    opened_at: Mapped[datetime | None]
    accent: Mapped[str] = mapped_column(String(7), default="", server_default="")
    opening: Mapped[str] = mapped_column(Text, default="", server_default="")
    logo: Mapped[str] = mapped_column(String(64), default="", server_default="")
    # No foreign key: staff refer to their school. Pages leave out somebody who is gone.
    contact_staff_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))


class SchoolPicture(SchoolOwned, Base):
    """A picture that everybody may see, as re-encoded here: the logo, or somebody's photo.

    A photo is there only as long as that person wants it.
    """

    __tablename__ = "school_picture"
    __table_args__ = owned_args(
        UniqueConstraint("school_id", "staff_id"), refers=(("staff_id", "staff_member"),)
    )

    staff_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    digest: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class SchoolClass(SchoolOwned, Base):
    """A class (stamgroep) of a school year."""

    __tablename__ = "school_class"
    __table_args__ = owned_args()

    name: Mapped[str] = mapped_column(String(64))
    year: Mapped[str] = mapped_column(String(16), default="")
    location: Mapped[str] = mapped_column(default="")


class RecoveryHolder(SchoolOwned, Base):
    """Someone who keeps a printed recovery key; only the public half is known here."""

    __tablename__ = "recovery_holder"
    __table_args__ = owned_args(refers=(("staff_id", "staff_member"),))

    name: Mapped[str]
    recipient: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))


class ProtocolSnapshot(Base):
    """A protocol as it was when a case began under it; the id is the SHA-256 of its tables."""

    __tablename__ = "protocol_snapshot"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    tables: Mapped[str] = mapped_column(Text)
