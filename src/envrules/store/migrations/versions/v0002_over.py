"""What reports ask for: until when nodes may matter, not known of old ones; slips by their time."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column, which `envrules rebuild` fills for what was judged before, and an index."""
    op.add_column("nodes", Column("over_at", BigInteger))
    slips = text("kind = 'slip'")
    op.create_index(
        "decisions_slips", "decisions", ["locality_no", "at"],
        sqlite_where=slips, postgresql_where=slips,
    )  # fmt: skip
