"""The store: each locality's log, and what derives from it, in SQLite or PostgreSQL.

It knows bytes and columns, not the engine: payloads come encoded and go out as they came.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from envrules.store.database import Database
from envrules.store.log import Log
from envrules.store.migrations import bring_up_to_date
from envrules.store.monitoring import Monitoring
from envrules.store.nodes import Nodes
from envrules.store.notices import Notice, Notices
from envrules.store.projections import Projections
from envrules.store.reading import Reading
from envrules.store.rows import (
    Appended,
    Batch,
    BindingRow,
    CloseRow,
    DecisionFilter,
    DecisionIssueRow,
    DecisionRow,
    DecisionTally,
    FeedRow,
    Lease,
    LeaseLost,
    LocalityRow,
    LogRow,
    NewEntry,
    NodeRow,
    Progress,
    ProjectionChange,
    ProjectionRow,
    RevisionRow,
    StoreError,
    UnknownLocality,
    WithdrawalRow,
)

__all__ = [
    "Appended",
    "Batch",
    "BindingRow",
    "CloseRow",
    "DecisionFilter",
    "DecisionIssueRow",
    "DecisionRow",
    "DecisionTally",
    "FeedRow",
    "Lease",
    "LeaseLost",
    "LocalityRow",
    "LogRow",
    "NewEntry",
    "NodeRow",
    "Notice",
    "Notices",
    "Progress",
    "ProjectionChange",
    "ProjectionRow",
    "RevisionRow",
    "Store",
    "StoreError",
    "UnknownLocality",
    "WithdrawalRow",
]


class Store(Log, Nodes, Projections, Reading, Monitoring):
    """One process's access to a database; every method may be called from every thread.

    Every method that names a locality raises `UnknownLocality` if there is none of that id.
    """

    @classmethod
    def open(cls, url: str, *, migrate: bool = True) -> Self:
        """Open the database at `url`, for example `sqlite:///envrules.db`, and migrate it.

        Raises:
            StoreError: it cannot be reached, its schema is newer than this code, or older and
                `migrate` is false.
        """
        database = Database(url)
        try:
            bring_up_to_date(database, migrate=migrate)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def contradictions(self) -> tuple[type[Exception], ...]:
        """Return what is raised for rows that contradict stored ones: no retry will help."""
        return (IntegrityError, self._db.integrity_error)

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """The errors by which the database says that it cannot be used (now, or at all)."""
        return (DBAPIError, NoFreeConnection, self._db.driver_error)

    def notices(self, hear: Callable[[Notice], None]) -> Notices:
        """Return what tells the other processes on this database, and `hear` what they tell."""
        return self._db.notices(hear)

    def snapshot(self) -> AbstractContextManager[None]:
        """Let whatever this thread reads meanwhile see the same state, that of its first read."""
        return self._db.snapshot()

    def close(self) -> None:
        """Close the connections; nothing is left to be written."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
