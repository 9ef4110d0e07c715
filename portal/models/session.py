"""Live sessions; what they hold is sealed under a cookie that no table has."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base


class LiveSession(Base):
    """Row key = SHA-256("id" ‖ cookie); the sealing key comes from the cookie by HKDF."""

    __tablename__ = "live_session"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    staff_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)
    report_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)
    begun_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
