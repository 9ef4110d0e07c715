"""The conversation: check-week questions, notices to reporters."""

from __future__ import annotations

revision = "005_conversation"
down_revision = "004_diary"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
