"""A report, its compartments of keys, and the sealed records inside them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Date, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import ID_LENGTH, Base, SchoolOwned, owned_args


class Report(SchoolOwned, Base):
    """One telling by one reporter. Nothing readable here: what was told is in records.

    ``status`` is draft, diary (kept by its writer, not sent), sent or withdrawn. Only a diary and
    a withdrawn report have a ``kept_until``.
    """

    __tablename__ = "report"
    __table_args__ = owned_args(refers=(("case_id", "school_case"),))

    status: Mapped[str] = mapped_column(String(16), default="draft")
    case_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    language: Mapped[str] = mapped_column(String(8), default="nl")
    begun_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    kept_until: Mapped[date | None] = mapped_column(Date)
    revision: Mapped[int] = mapped_column(default=0)

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - two sendings at once: one wins


class Compartment(SchoolOwned, Base):
    """A key of its own: the public half here, the secret half only in wraps.

    ``kind`` is story, evidence, identity or sealed (of a report) or case (of a case). Removing
    a reader opens a new epoch for all that is written after.
    """

    __tablename__ = "compartment"
    __table_args__ = owned_args(refers=(("report_id", "report"), ("case_id", "school_case")))

    report_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)
    case_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    epoch: Mapped[int] = mapped_column(default=1)
    recipient: Mapped[str] = mapped_column(Text)


class Wrap(SchoolOwned, Base):
    """The secret half of a compartment, as an age file to one holder.

    ``holder_kind`` is staff, code, case (holder_id is a case compartment) or pair (holder_id
    joins two recovery holders, age inside age).
    """

    __tablename__ = "wrap"
    __table_args__ = owned_args(
        UniqueConstraint("compartment_id", "holder_kind", "holder_id"),
        Index(None, "school_id", "holder_kind", "holder_id"),
        refers=(("compartment_id", "compartment"),),
    )

    compartment_id: Mapped[str] = mapped_column(String(ID_LENGTH), index=True)
    holder_kind: Mapped[str] = mapped_column(String(8))
    holder_id: Mapped[str] = mapped_column(String(2 * ID_LENGTH + 1))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ReporterCode(SchoolOwned, Base):
    """How a code finds its report: 32 bits of an HMAC, then Argon2id with a salt of its own."""

    __tablename__ = "reporter_code"
    __table_args__ = owned_args(refers=(("report_id", "report"),))

    report_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    lookup: Mapped[int] = mapped_column(BigInteger, index=True)
    parameters: Mapped[dict[str, str | int]] = mapped_column(JSON)
    recipient: Mapped[str] = mapped_column(Text)
    retired_at: Mapped[datetime | None]


class Record(SchoolOwned, Base):
    """Canonical JSON sealed to a compartment: answers, messages, notes, steps, exclusions."""

    __tablename__ = "record"
    __table_args__ = owned_args(
        refers=(
            ("compartment_id", "compartment"),
            ("report_id", "report"),
            ("case_id", "school_case"),
        )
    )

    compartment_id: Mapped[str] = mapped_column(String(ID_LENGTH), index=True)
    report_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)
    case_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    seq: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext_sha256: Mapped[str] = mapped_column(String(64))
