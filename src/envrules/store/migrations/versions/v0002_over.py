"""Say of nodes until when they may matter; of those that are there already it is not known."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; `envrules rebuild` fills it for what was judged before."""
    op.add_column("nodes", Column("over_at", BigInteger))
