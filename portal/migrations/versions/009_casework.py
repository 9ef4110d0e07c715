"""Casework: tasks with their dates, and notes of one's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.models.base import UtcDateTime

revision = "009_casework"
down_revision = "008_acute"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make(
        "case_task",
        sa.Column("case_id", sa.String(26), nullable=False),
        sa.Column("owner_id", sa.String(26), nullable=False),
        sa.Column("record_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        refers=(
            ("case_id", "school_case"),
            ("owner_id", "staff_member"),
            ("record_id", "record"),
        ),
    )
    _make(
        "own_note",
        sa.Column("case_id", sa.String(26), nullable=False),
        sa.Column("staff_id", sa.String(26), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        refers=(("case_id", "school_case"), ("staff_id", "staff_member")),
    )


def _make(table: str, *parts: sa.schema.SchemaItem, refers: tuple[tuple[str, str], ...]) -> None:
    """Make a table of a school, with the keys and indexes that every such table has."""
    op.create_table(
        table,
        *parts,
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=f"fk_{table}_school_id"),
        *(
            sa.ForeignKeyConstraint(
                ["school_id", column],
                [f"{other}.school_id", f"{other}.id"],
                name=f"fk_{table}_school_id_{column}",
                deferrable=True,
                initially="DEFERRED",
            )
            for column, other in refers
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("school_id", "id", name=f"uq_{table}_school_id_id"),
    )
    for column, _other in refers:
        op.create_index(f"ix_{table}_school_id_{column}", table, ["school_id", column])


def downgrade() -> None:
    for table in ("own_note", "case_task"):
        op.drop_table(table)
