"""The conversation: check-week questions, notices to reporters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "005_conversation"
down_revision = "004_diary"
branch_labels = None
depends_on = None

ID = sa.String(length=26)


def upgrade() -> None:
    op.create_table(
        "check_round",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("report_id", ID, nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("school_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_check_round_school_id")
        ),
        _refers("case_id", "school_case"),
        _refers("report_id", "report"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_round")),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_check_round_school_id_id")),
        sa.UniqueConstraint(
            "school_id",
            "report_id",
            "opens_on",
            name=op.f("uq_check_round_school_id_report_id_opens_on"),
        ),
    )
    for column in ("case_id", "report_id"):
        op.create_index(
            op.f(f"ix_check_round_school_id_{column}"), "check_round", ["school_id", column]
        )
    op.add_column("school_case", sa.Column("answer_by", sa.Date(), nullable=True))
    op.add_column("school_case", sa.Column("checking_since", sa.Date(), nullable=True))
    op.add_column(
        "school_case",
        sa.Column("check_call", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    with op.batch_alter_table("outbox_mail") as batch:
        batch.alter_column("staff_id", existing_type=ID, nullable=True)
        batch.add_column(sa.Column("address", sa.String(length=255), nullable=True))


def _refers(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id", column],
        [f"{table}.school_id", f"{table}.id"],
        name=op.f(f"fk_check_round_school_id_{column}"),
        deferrable=True,
        initially="DEFERRED",
    )


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mail WHERE staff_id IS NULL")
    with op.batch_alter_table("outbox_mail") as batch:
        batch.drop_column("address")
        batch.alter_column("staff_id", existing_type=ID, nullable=False)
    for column in ("check_call", "checking_since", "answer_by"):
        op.drop_column("school_case", column)
    op.drop_table("check_round")
