"""When a case was handed to its handler, until that person opens it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.models.base import UtcDateTime

revision = "002_handed_at"
down_revision = "001_foundations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("school_case", sa.Column("handed_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("school_case", "handed_at")
