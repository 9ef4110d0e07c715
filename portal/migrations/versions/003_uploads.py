"""Resumable uploads: where each lies, so that any worker can go on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "003_uploads"
down_revision = "002_handed_at"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("report_id", sa.String(length=26), nullable=False),
        sa.Column("session_key", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=26), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("school_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "report_id"],
            ["report.school_id", "report.id"],
            name=op.f("fk_upload_school_id_report_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_upload_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("object_id", name=op.f("uq_upload_object_id")),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_upload_school_id_id")),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_session_key"), ["session_key"])
        batch_op.create_index(
            batch_op.f("ix_upload_school_id_report_id"), ["school_id", "report_id"]
        )


def downgrade() -> None:
    op.drop_table("upload")
