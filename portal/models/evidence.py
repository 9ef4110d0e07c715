"""Evidence items: where the ciphertext lies; what it is stands in a sealed record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class EvidenceItem(SchoolOwned, Base):
    """One original as received. Its name, digest and facts are in its record.

    One that is kept for the police has its object and ``sealed_record_id`` (name and facts) in the
    sealed compartment; the record that staff open then says no more than size, time and digest.
    """

    __tablename__ = "evidence_item"
    __table_args__ = owned_args(
        UniqueConstraint("object_id"),
        refers=(
            ("report_id", "report"),
            ("compartment_id", "compartment"),
            ("record_id", "record"),
        ),
    )

    report_id: Mapped[str] = mapped_column(String(ID_LENGTH), index=True)
    compartment_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    record_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    listing_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    object_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    sealed_record_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    size: Mapped[int] = mapped_column(BigInteger)
    ciphertext_sha256: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]


class Derivative(SchoolOwned, Base):
    """A preview or cleaned copy made from an original, for readers of the case; never it."""

    __tablename__ = "derivative"
    __table_args__ = owned_args(
        UniqueConstraint("evidence_id", "kind"), refers=(("evidence_id", "evidence_item"),)
    )

    evidence_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    kind: Mapped[str] = mapped_column(String(16))
    media_type: Mapped[str] = mapped_column(String(64))
    tool: Mapped[str]
    made_at: Mapped[datetime]
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
