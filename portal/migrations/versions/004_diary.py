"""Kept reports: how long a diary stays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "004_diary"
down_revision = "003_uploads"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report", sa.Column("kept_until", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("report", "kept_until")
