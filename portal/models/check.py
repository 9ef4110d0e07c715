"""The weekly question to a reporter while a school checks whether its agreements hold."""

from __future__ import annotations

from datetime import date

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class CheckRound(SchoolOwned, Base):
    """One week's question to the reporter of one report. What was answered is sealed."""

    __tablename__ = "check_round"
    __table_args__ = owned_args(
        UniqueConstraint("school_id", "report_id", "opens_on"),
        refers=(("case_id", "school_case"), ("report_id", "report")),
    )

    case_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    report_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    week: Mapped[int]
    opens_on: Mapped[date]
    closes_on: Mapped[date]
    answered_on: Mapped[date | None]
    silent: Mapped[bool] = mapped_column(default=False)
