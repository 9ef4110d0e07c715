"""Who is away and who stands in, and whose turn a duty is; in clear, for routing and the desk."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class Absence(SchoolOwned, Base):
    """Days on which somebody is away, both ends included, and who stands in."""

    __tablename__ = "absence"
    __table_args__ = owned_args(
        refers=(("staff_id", "staff_member"), ("substitute_id", "staff_member"))
    )

    staff_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    substitute_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)


class DutyTurn(SchoolOwned, Base):
    """Days on which somebody is on duty in a role that takes turns, both ends included."""

    __tablename__ = "duty_turn"
    __table_args__ = owned_args(refers=(("staff_id", "staff_member"),))

    staff_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    role_key: Mapped[str] = mapped_column(String(64))
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
