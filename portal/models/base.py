"""Base of all tables: names of constraints, random ids, instants in UTC."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

ID_LENGTH = 26


def new_id() -> str:
    """Make an id of 128 random bits in lower-case base32; it tells neither order nor time."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC. SQLite drops zones, so naive values are refused on the way in."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Refuse a naive instant and store the others as UTC without zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a naive datetime cannot be stored"
            raise ValueError(message)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Give the instant back with its zone."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Declarative base; the naming convention lets Alembic change constraints on SQLite."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: dict[Any, Any] = {datetime: UtcDateTime, str: String(255)}  # noqa: RUF012 - read by SQLAlchemy once


def in_school(*columns_and_tables: tuple[str, str]) -> tuple[ForeignKeyConstraint, ...]:
    """Make foreign keys that carry the school, so that no row can point into another school.

    They are checked at the end of the transaction, so that rows may be added in any order.

    Args:
        columns_and_tables: pairs of a local column and the table whose ``id`` it names.
    """
    return tuple(
        ForeignKeyConstraint(
            ["school_id", column],
            [f"{table}.school_id", f"{table}.id"],
            deferrable=True,
            initially="DEFERRED",
        )
        for column, table in columns_and_tables
    )


class SchoolOwned:
    """Columns of every row that belongs to one school."""

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))


def owned_args(*extra: Any, refers: tuple[tuple[str, str], ...] = ()) -> tuple[Any, ...]:
    """Table arguments of a school-owned table: the composite key others refer to, and ours."""
    # With the school in front: SQLite otherwise walks through all rows of the school, because an
    # index on the school alone looks as good to it; also when it checks a deleted row's children.
    indexes = (Index(None, "school_id", column) for column, _table in refers)
    return (UniqueConstraint("school_id", "id"), *in_school(*refers), *indexes, *extra)
