"""Files that are kept away from the staff."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "006_protected_files"
down_revision = "005_conversation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence_item", sa.Column("sealed_record_id", sa.String(26), nullable=True))


def downgrade() -> None:
    op.drop_column("evidence_item", "sealed_record_id")
