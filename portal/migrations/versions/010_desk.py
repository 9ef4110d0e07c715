"""The desk: who is away, who is on duty, and a calendar of one's own."""

from __future__ import annotations

revision = "010_desk"
down_revision = "009_casework"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
