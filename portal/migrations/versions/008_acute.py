"""Whom to warn when nobody reads, and who took notice."""

from __future__ import annotations

revision = "008_acute"
down_revision = "007_school_face"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
