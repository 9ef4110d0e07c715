"""Files that are kept away from the staff."""

from __future__ import annotations

revision = "006_protected_files"
down_revision = "005_conversation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
