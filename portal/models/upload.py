"""Uploads that may come in several goes: where each lies, so that any worker can go on."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class Upload(SchoolOwned, Base):
    """One upload of one live session. How far it is, only the stored part itself says.

    ``sealed`` (name, file key, …) opens with that session's cookie alone. A finished one stays
    until its session ends, so that a client whose answer was lost hears that all arrived.
    """

    __tablename__ = "upload"
    __table_args__ = owned_args(UniqueConstraint("object_id"), refers=(("report_id", "report"),))

    report_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    session_key: Mapped[str] = mapped_column(String(64), index=True)
    object_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    length: Mapped[int] = mapped_column(BigInteger)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    finished: Mapped[bool] = mapped_column(default=False)
