"""Nodes, as the engine left them, and what they hand to one another."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, bindparam, or_

from envrules.model.base import Instant
from envrules.store.database import chunks
from envrules.store.localities import Localities
from envrules.store.rows import FeedRow, NodeRow
from envrules.store.tables import feeds, nodes, rows_of

_NODES = rows_of(nodes).where(nodes.c.key.in_(bindparam("keys", expanding=True)))
_DUE = (
    rows_of(nodes)
    .where(nodes.c.wake_at <= bindparam("until"))
    .order_by(nodes.c.wake_at, nodes.c.key)
    .limit(bindparam("limit"))
)
_FEEDS = (
    rows_of(feeds)
    .where(feeds.c.target.in_(bindparam("targets", expanding=True)))
    .order_by(feeds.c.target, feeds.c.source)
)


class Nodes(Localities):
    """The part of the store that reads nodes and feeds."""

    def nodes(self, locality: str, keys: Iterable[str]) -> dict[str, NodeRow]:
        """Return the nodes of these keys, as far as they exist."""
        number = self._number(locality)
        found: dict[str, NodeRow] = {}
        with self._db.reading() as connection:
            for some in chunks(keys):
                rows = connection.execute(_NODES, {"locality_no": number, "keys": some})
                found.update((row.key, NodeRow(*row)) for row in rows)
        return found

    def node_keys(
        self, locality: str, prefix: str, after: str = "", limit: int = 1000
    ) -> list[str]:
        """Return up to `limit` keys of nodes that start with `prefix` and come after `after`.

        Keys are in the order of their UTF-8 bytes, which is that of their code points.
        """
        query = rows_of(nodes).with_only_columns(nodes.c.key).order_by(nodes.c.key).limit(limit)
        # One lower bound alone: of two, SQLite may seek by the first, and pass over all before `after`.
        begin = nodes.c.key > after if after >= prefix else nodes.c.key >= prefix
        query = query.where(begin, *_below_the_end(prefix))
        with self._db.reading() as connection:
            values = {"locality_no": self._number(locality)}
            return list(connection.execute(query, values).scalars())

    def keys_not_over(
        self, locality: str, prefix: str, since: Instant, known_at: int | None = None
    ) -> list[str]:
        """Return the keys, in order, that start with `prefix`, but for those over before `since`.

        With `known_at`, those of which no log entry up to that one says anything are left out, too.
        """
        query = rows_of(nodes).with_only_columns(nodes.c.key).order_by(nodes.c.key)
        query = query.where(*_starts_with(prefix), or_(nodes.c.over_at.is_(None),
                                                       nodes.c.over_at >= since))  # fmt: skip
        if known_at is not None:
            first = nodes.c.first_seq
            query = query.where(or_(first.is_(None), first <= known_at))
        with self._db.reading() as connection:
            values = {"locality_no": self._number(locality)}
            return list(connection.execute(query, values).scalars())

    def due(self, locality: str, until: Instant, limit: int) -> list[NodeRow]:
        """Return up to `limit` nodes to wake at `until` or before, by (wake_at, key)."""
        values = {"locality_no": self._number(locality), "until": until, "limit": limit}
        with self._db.reading() as connection:
            return [NodeRow(*row) for row in connection.execute(_DUE, values)]

    def keys_due(self, locality: str, until: Instant) -> list[str]:
        """Return the keys of all nodes to wake at `until` or before, by (wake_at, key)."""
        query = _DUE.with_only_columns(nodes.c.key).limit(None)
        with self._db.reading() as connection:
            values = {"locality_no": self._number(locality), "until": until}
            return list(connection.execute(query, values).scalars())

    def keys_of_unit(self, locality: str, unit: str) -> list[str]:
        """Return the keys of all nodes of a unit, in order."""
        query = rows_of(nodes).with_only_columns(nodes.c.key).where(nodes.c.unit == unit)
        with self._db.reading() as connection:
            values = {"locality_no": self._number(locality)}
            return list(connection.execute(query.order_by(nodes.c.key), values).scalars())

    def feeds(self, locality: str, target: str) -> list[FeedRow]:
        """Return what other nodes hand to `target`, by source."""
        return self.feeds_of(locality, (target,))[target]

    def feeds_of(self, locality: str, targets: Iterable[str]) -> dict[str, list[FeedRow]]:
        """Return for each target what other nodes hand to it, by source."""
        number = self._number(locality)
        found: dict[str, list[FeedRow]] = {}
        with self._db.reading() as connection:
            for some in chunks(targets):
                found.update((target, []) for target in some)
                for row in connection.execute(_FEEDS, {"locality_no": number, "targets": some}):
                    found[row.target].append(FeedRow(*row))
        return found


def _starts_with(prefix: str) -> Iterator[ColumnElement[bool]]:
    """Yield what is true of a node's key that starts with `prefix`."""
    yield nodes.c.key >= prefix
    yield from _below_the_end(prefix)


def _below_the_end(prefix: str) -> Iterator[ColumnElement[bool]]:
    end = _end_of_prefix(prefix)
    if end is not None:
        yield nodes.c.key < end


def _end_of_prefix(prefix: str) -> str | None:
    """Return the least text above every text that starts with `prefix`; None if there is none."""
    stem = prefix.rstrip(chr(sys.maxunicode))
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    if following == 0xD800:  # surrogates are no characters
        following = 0xE000
    return stem[:-1] + chr(following)
