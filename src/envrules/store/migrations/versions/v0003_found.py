"""By what is looked for among very many: decisions by issue, period, gap; issues by when known."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text, text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_name = Text().with_variant(Text(collation="C"), "postgresql")
_INDEXES = {
    "decisions_period": ("period", "period != ''"),
    "decisions_gaps": ("outcome", "outcome IN ('incomplete', 'parked')"),
}
_FILL = {
    "sqlite": """
        INSERT INTO decision_issues (locality_no, issue, decision_seq)
        SELECT DISTINCT d.locality_no, named.value, d.decision_seq
        FROM decisions AS d, json_each(CAST(d.payload AS TEXT), '$.content.issues') AS named
    """,
    "postgresql": """
        INSERT INTO decision_issues (locality_no, issue, decision_seq)
        SELECT DISTINCT d.locality_no, named.value, d.decision_seq
        FROM decisions AS d, LATERAL jsonb_array_elements_text(
            convert_from(d.payload, 'UTF8')::jsonb #> '{content,issues}'
        ) AS named (value)
    """,
}
"""Decisions are stored as JSON."""


def upgrade() -> None:
    """Add the indexes, the table with what decisions say of themselves, and a column.

    `envrules rebuild` fills the column for what was judged before.
    """
    for name, (column, condition) in _INDEXES.items():
        op.create_index(
            name, "decisions", ["locality_no", column, "decision_seq"],
            sqlite_where=text(condition), postgresql_where=text(condition),
        )  # fmt: skip
    op.add_column("nodes", Column("first_seq", BigInteger))
    op.create_table(
        "decision_issues",
        Column("locality_no", Integer, nullable=False),
        Column("issue", _name, nullable=False),
        Column("decision_seq", BigInteger, nullable=False),
        PrimaryKeyConstraint("locality_no", "issue", "decision_seq"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    connection.exec_driver_sql(_FILL[connection.dialect.name])
