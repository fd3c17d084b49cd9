"""What is asked of the store from outside, over and over: a few cheap queries."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, case, func, select, text

from envrules.store.localities import Localities
from envrules.store.rows import DecisionTally, Progress
from envrules.store.tables import decisions, localities, log, projections

_WAITING = log.alias("waiting")
_PROGRESS = (
    select(
        localities.c.id, localities.c.head_seq, projections.c.position, projections.c.decision_seq,
        projections.c.stalled_seq, _WAITING.c.recorded_at,
    )
    .join(projections, projections.c.locality_no == localities.c.no)
    .outerjoin(
        _WAITING,
        and_(
            _WAITING.c.locality_no == localities.c.no,
            _WAITING.c.seq == projections.c.position + 1,
        ),
    )
    .order_by(localities.c.id)
)  # fmt: skip

_BEFORE = decisions.alias("before")


def _standing(version: FromClause) -> ColumnElement[int]:
    """Return the count of decisions among these versions that stand with a bound outcome."""
    stands = and_(version.c.outcome == bindparam("outcome"), version.c.change != "revoke")
    return func.coalesce(func.sum(case((stands, 1), else_=0)), 0)


_TALLY = (
    select(
        decisions.c.scheme, decisions.c.kind, decisions.c.change, func.count(),
        _standing(decisions) - _standing(_BEFORE),
    )
    .outerjoin(
        _BEFORE,
        and_(
            _BEFORE.c.locality_no == decisions.c.locality_no,
            _BEFORE.c.slot == decisions.c.slot,
            _BEFORE.c.version == decisions.c.version - 1,
        ),
    )
    .where(
        decisions.c.locality_no == bindparam("locality_no"),
        decisions.c.decision_seq > bindparam("after"),
        decisions.c.decision_seq <= bindparam("last"),
    )
    .group_by(decisions.c.scheme, decisions.c.kind, decisions.c.change)
)  # fmt: skip

_SIZE = {
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"),
    "postgresql": text("SELECT pg_database_size(current_database())"),
}


class Monitoring(Localities):
    """The part of the store that those ask who watch it."""

    def progress(self) -> list[Progress]:
        """Return of every locality how far it is projected, by id: one query for all."""
        with self._db.reading() as connection:
            return [Progress(*row) for row in connection.execute(_PROGRESS)]

    def tally(self, locality: str, after: int, last: int, outcome: str) -> list[DecisionTally]:
        """Count the decisions with a decision_seq from `after` + 1 to `last`, by what they are.

        What is counted once need not be read again: tallies of adjoining ranges add up.
        """
        values = {"locality_no": self._number(locality), "after": after, "last": last}
        with self._db.reading() as connection:
            rows = connection.execute(_TALLY, {**values, "outcome": outcome})
            return [DecisionTally(*row) for row in rows]

    def size(self) -> int:
        """Return the size of the database in bytes; SQLite's WAL is not part of it."""
        with self._db.reading() as connection:
            found: int = connection.execute(_SIZE[self._db.url.get_backend_name()]).scalar_one()
            return found
