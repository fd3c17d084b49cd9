"""The localities: each one a tenant with a log and a projection of its own."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from envrules.model.base import Instant
from envrules.store.database import Database
from envrules.store.rows import LocalityRow, StoreError, UnknownLocality
from envrules.store.tables import localities, projections


class Localities:
    """What every part of the store needs: the database, and the localities' numbers in it."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._numbers: dict[str, int] = {}

    def create_locality(self, id: str, title: str, timezone: str, at: Instant) -> None:
        """Create a locality with an empty log; do nothing if it exists with the same values.

        Raises:
            StoreError: it exists with another title or time zone.
        """
        new = {"id": id, "title": title, "timezone": timezone, "head_seq": 0, "created_at": at}
        with self._db.writing() as connection:
            insert = self._db.insert(localities).on_conflict_do_nothing()
            connection.execute(insert, new)
            found = self._find(connection, id)
            if (found.title, found.timezone) != (title, timezone):
                raise StoreError(
                    f"locality {id!r} exists already, as {found.title!r} in {found.timezone}"
                )
            connection.execute(
                self._db.insert(projections).on_conflict_do_nothing(),
                {
                    "locality_no": found.no, "position": 0, "decision_seq": 0, "tick": 0,
                    "fence": 0, "owner": "", "leased_until": 0, "stalled_reason": "",
                },
            )  # fmt: skip

    def localities(self) -> list[LocalityRow]:
        """Return every locality, in order of id."""
        with self._db.reading() as connection:
            rows = connection.execute(select(localities).order_by(localities.c.id))
            return [LocalityRow(*row) for row in rows]

    def locality(self, id: str) -> LocalityRow:
        """Return one locality.

        Raises:
            UnknownLocality: there is none of this id.
        """
        with self._db.reading() as connection:
            return self._find(connection, id)

    def require_locality(self, id: str) -> None:
        """Do nothing if the locality exists; once seen, that costs no query.

        Raises:
            UnknownLocality: there is none of this id.
        """
        self._number(id)

    def ping(self) -> None:
        """Write something that nobody reads, durably: raise what is raised if that cannot be."""
        with self._db.writing() as connection:
            connection.execute(update(localities).where(localities.c.no < 0).values(title=""))
            self._db.touch(connection)

    def now(self) -> Instant:
        """Return the database's time: the one clock that all replicas share."""
        return self._db.now()

    def _find(self, connection: Connection, id: str) -> LocalityRow:
        row = connection.execute(select(localities).where(localities.c.id == id)).one_or_none()
        if row is None:
            raise UnknownLocality(id)
        return LocalityRow(*row)

    def _number(self, id: str) -> int:
        """Return the locality's number; kept, for localities are never deleted.

        Raises:
            UnknownLocality: there is none of this id.
        """
        number = self._numbers.get(id)
        if number is None:
            number = self._numbers[id] = self.locality(id).no
        return number
