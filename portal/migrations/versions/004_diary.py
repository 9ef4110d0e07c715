"""Kept reports: how long a diary stays."""

from __future__ import annotations

revision = "004_diary"
down_revision = "003_uploads"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
