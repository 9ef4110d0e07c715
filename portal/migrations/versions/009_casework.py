"""Casework: tasks with their dates, and what a case is about."""

from __future__ import annotations

revision = "009_casework"
down_revision = "008_acute"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
