"""Whom to warn when nobody reads, and who took notice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.models.base import UtcDateTime

revision = "008_acute"
down_revision = "007_school_face"
branch_labels = None
depends_on = None

ADDED = ("reading_hours", "acute_on", "acute_minutes", "acute_hours")


def upgrade() -> None:
    for column in (
        sa.Column("reading_hours", sa.Text(), nullable=False, server_default=""),
        sa.Column("acute_on", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("acute_minutes", sa.Integer(), nullable=False, server_default="10"),
        sa.Column("acute_hours", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("school", column)
    _make(
        "duty_contact",
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.String(26), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        refers=(("staff_id", "staff_member"),),
    )
    _make(
        "acute_alarm",
        sa.Column("case_id", sa.String(26), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by_id", sa.String(26), nullable=True),
        refers=(("case_id", "school_case"), ("acknowledged_by_id", "staff_member")),
    )
    _make(
        "acute_call",
        sa.Column("alarm_id", sa.String(26), nullable=True),
        sa.Column("contact_id", sa.String(26), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.UniqueConstraint(
            "school_id",
            "alarm_id",
            "contact_id",
            name="uq_acute_call_school_id_alarm_id_contact_id",
        ),
        refers=(("alarm_id", "acute_alarm"), ("contact_id", "duty_contact")),
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
    for table in ("acute_call", "acute_alarm", "duty_contact"):
        op.drop_table(table)
    for name in reversed(ADDED):
        op.drop_column("school", name)
