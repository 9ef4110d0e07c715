"""What a school shows of itself: colour, logo, people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "007_school_face"
down_revision = "006_protected_files"
branch_labels = None
depends_on = None

ADDED = ("accent", "opening", "logo", "contact_staff_id")


def upgrade() -> None:
    for column in (
        sa.Column("accent", sa.String(7), nullable=False, server_default=""),
        sa.Column("opening", sa.Text(), nullable=False, server_default=""),
        sa.Column("logo", sa.String(64), nullable=False, server_default=""),
        sa.Column("contact_staff_id", sa.String(26), nullable=True),
    ):
        op.add_column("school", column)
    _make_pictures()


def _make_pictures() -> None:
    table = "school_picture"
    op.create_table(
        table,
        sa.Column("staff_id", sa.String(26), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=f"fk_{table}_school_id"),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=f"fk_{table}_school_id_staff_id",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("school_id", "id", name=f"uq_{table}_school_id_id"),
        sa.UniqueConstraint("school_id", "staff_id", name=f"uq_{table}_school_id_staff_id"),
    )
    op.create_index(f"ix_{table}_school_id_staff_id", table, ["school_id", "staff_id"])


def downgrade() -> None:
    op.drop_table("school_picture")
    for name in reversed(ADDED):
        op.drop_column("school", name)
