"""The desk: who is away, who is on duty, and a calendar of one's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "010_desk"
down_revision = "009_casework"
branch_labels = None
depends_on = None

ADDED = ("calendar_hash", "shortcuts")


def upgrade() -> None:
    op.add_column("staff_member", sa.Column("calendar_hash", sa.String(64), nullable=True))
    op.add_column(
        "staff_member",
        sa.Column("shortcuts", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    _make(
        "absence",
        sa.Column("staff_id", sa.String(26), nullable=False),
        sa.Column("substitute_id", sa.String(26), nullable=False),
        refers=("staff_id", "substitute_id"),
    )
    _make(
        "duty_turn",
        sa.Column("staff_id", sa.String(26), nullable=False),
        sa.Column("role_key", sa.String(64), nullable=False),
        refers=("staff_id",),
    )


def _make(table: str, *parts: sa.schema.SchemaItem, refers: tuple[str, ...]) -> None:
    """Make a table of days of staff, with the keys and indexes that every such table has."""
    op.create_table(
        table,
        *parts,
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=f"fk_{table}_school_id"),
        *(
            sa.ForeignKeyConstraint(
                ["school_id", column],
                ["staff_member.school_id", "staff_member.id"],
                name=f"fk_{table}_school_id_{column}",
                deferrable=True,
                initially="DEFERRED",
            )
            for column in refers
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("school_id", "id", name=f"uq_{table}_school_id_id"),
    )
    for column in refers:
        op.create_index(f"ix_{table}_school_id_{column}", table, ["school_id", column])


def downgrade() -> None:
    for table in ("duty_turn", "absence"):
        op.drop_table(table)
    for name in reversed(ADDED):
        op.drop_column("staff_member", name)
