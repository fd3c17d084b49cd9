"""What waits for an office's approval or publication, among all that never had to wait."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add an index."""
    waiting = text("publication IN ('proposed', 'approved')")
    op.create_index(
        "decisions_waiting", "decisions", ["locality_no", "publication", "decision_seq"],
        sqlite_where=waiting, postgresql_where=waiting,
    )  # fmt: skip
