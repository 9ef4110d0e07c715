"""Approvals that are asked of somebody, in that person's own session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "011_approvals"
down_revision = "010_desk"
branch_labels = None
depends_on = None

TABLE = "approval"
REFERS = (("case_id", "school_case"), ("approver_id", "staff_member"), ("record_id", "record"))


def upgrade() -> None:
    op.create_table(
        TABLE,
        *(sa.Column(column, sa.String(26), nullable=False) for column, _other in REFERS),
        sa.Column("gate_key", sa.String(64), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=f"fk_{TABLE}_school_id"),
        *(
            sa.ForeignKeyConstraint(
                ["school_id", column],
                [f"{other}.school_id", f"{other}.id"],
                name=f"fk_{TABLE}_school_id_{column}",
                deferrable=True,
                initially="DEFERRED",
            )
            for column, other in REFERS
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{TABLE}"),
        sa.UniqueConstraint("school_id", "id", name=f"uq_{TABLE}_school_id_id"),
    )
    for column, _other in REFERS:
        op.create_index(f"ix_{TABLE}_school_id_{column}", TABLE, ["school_id", column])


def downgrade() -> None:
    op.drop_table(TABLE)
