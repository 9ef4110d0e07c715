"""Resumable uploads: where each stands, so that any worker can go on."""

from __future__ import annotations

revision = "003_uploads"
down_revision = "002_handed_at"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
