"""What a school shows of itself: colour, logo, people."""

from __future__ import annotations

revision = "007_school_face"
down_revision = "006_protected_files"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
