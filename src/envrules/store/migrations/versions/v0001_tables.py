"""Create every table."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_name = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _key(name: str) -> Column[str]:
    return Column(name, _name, nullable=False)


def _int(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _locality() -> Column[int]:
    return Column("locality_no", Integer, nullable=False)


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "localities",
        Column("no", Integer, primary_key=True),
        _key("id"),
        _text("title"),
        _text("timezone"),
        _int("head_seq"),
        _int("created_at"),
        UniqueConstraint("id"),
    )
    op.create_table(
        "log",
        _locality(),
        _int("seq"),
        _text("kind"),
        Column("event_id", _name),
        _bytes("digest"),
        _int("recorded_at"),
        _text("submitted_by"),
        _bytes("payload"),
        PrimaryKeyConstraint("locality_no", "seq"),
        UniqueConstraint("locality_no", "event_id", name="log_event"),
    )
    op.create_table(
        "revisions",
        _key("scheme"),
        _key("revision"),
        _int("created_at"),
        _bytes("payload"),
        PrimaryKeyConstraint("scheme", "revision"),
    )
    _create_projections()
    _create_decisions()
    _create_schedule()


def _create_projections() -> None:
    op.create_table(
        "projections",
        _locality(),
        _int("position"),
        _int("decision_seq"),
        _int("tick"),
        _int("fence"),
        _text("owner"),
        _int("leased_until"),
        Column("stalled_seq", BigInteger),
        _text("stalled_reason"),
        PrimaryKeyConstraint("locality_no"),
    )
    op.create_table(
        "nodes",
        _locality(),
        _key("key"),
        _key("unit"),
        Column("wake_at", BigInteger),
        _bytes("payload"),
        PrimaryKeyConstraint("locality_no", "key"),
    )
    op.create_index(
        "nodes_due", "nodes", ["locality_no", "wake_at", "key"],
        sqlite_where=text("wake_at IS NOT NULL"),
        postgresql_where=text("wake_at IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "feeds",
        _locality(),
        _key("target"),
        _key("source"),
        _bytes("payload"),
        PrimaryKeyConstraint("locality_no", "target", "source"),
    )


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        _locality(),
        _int("decision_seq"),
        _key("id"),
        _key("slot"),
        Column("version", Integer, nullable=False),
        _text("change"),
        _int("log_seq"),
        _key("scheme"),
        _key("rule"),
        _text("kind"),
        _text("outcome"),
        _key("subject"),
        _key("unit"),
        _key("period"),
        _text("publication"),
        _int("at"),
        _key("node"),
        _bytes("payload"),
        PrimaryKeyConstraint("locality_no", "decision_seq"),
        UniqueConstraint("locality_no", "slot", "version", name="decisions_slot"),
        UniqueConstraint("locality_no", "id", name="decisions_id"),
    )
    op.create_index("decisions_unit", "decisions", ["locality_no", "unit", "decision_seq"])


def _create_schedule() -> None:
    op.create_table(
        "closes",
        _locality(),
        _key("scheme"),
        _key("period"),
        _int("seq"),
        _key("revision"),
        PrimaryKeyConstraint("locality_no", "scheme", "period"),
    )
    op.create_table(
        "withdrawals",
        _locality(),
        _key("target_event_id"),
        _int("seq"),
        PrimaryKeyConstraint("locality_no", "target_event_id"),
    )
    op.create_table(
        "bindings",
        _locality(),
        _key("scheme"),
        _key("revision"),
        _int("seq"),
        _bytes("payload"),
        PrimaryKeyConstraint("locality_no", "scheme", "seq"),
    )
