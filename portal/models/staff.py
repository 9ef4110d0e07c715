"""Members of staff, the roles they hold, and the slots that open their keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, LargeBinary, String, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class StaffMember(SchoolOwned, Base):
    """An account of one person at one school; a person at two schools has two."""

    __tablename__ = "staff_member"
    __table_args__ = owned_args(
        UniqueConstraint("school_id", "code"),
        UniqueConstraint("school_id", "login"),
        refers=(("substitute_id", "staff_member"), ("confirmed_by_id", "staff_member")),
    )

    code: Mapped[str] = mapped_column(String(32))
    login: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    is_admin: Mapped[bool] = mapped_column(default=False)
    substitute_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    recipient: Mapped[str | None] = mapped_column(Text)
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_last_step: Mapped[int] = mapped_column(default=0)
    activation_hash: Mapped[str | None] = mapped_column(String(64))
    activation_until: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    disabled_at: Mapped[datetime | None]
    calendar_hash: Mapped[str | None] = mapped_column(String(64))
    shortcuts: Mapped[bool] = mapped_column(default=True, server_default=true())


class StaffRole(SchoolOwned, Base):
    """A role that someone holds: for the school, for one year or for one class."""

    __tablename__ = "staff_role"
    __table_args__ = owned_args(refers=(("staff_id", "staff_member"), ("class_id", "school_class")))

    staff_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    role_key: Mapped[str] = mapped_column(String(64))
    class_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    year: Mapped[str | None] = mapped_column(String(16))


class StaffSlot(SchoolOwned, Base):
    """One way to open a staff identity: an age file to a key derived from a secret."""

    __tablename__ = "staff_slot"
    __table_args__ = owned_args(
        UniqueConstraint("school_id", "staff_id", "kind"), refers=(("staff_id", "staff_member"),)
    )

    staff_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    kind: Mapped[str] = mapped_column(String(16))
    parameters: Mapped[dict[str, str | int]] = mapped_column(JSON)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
