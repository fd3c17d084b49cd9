"""Reading the host's tables: new flow records, and all that belongs to the cases they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    TableClause,
    column,
    inspect,
    select,
    table,
)

from envrules_grid_platform.bridge_tables import chunks
from envrules_grid_platform.config import Config, HostTable
from envrules_grid_platform.fields import Raw
from envrules_grid_platform.host_tables import CASE, FLOW, UNIT


class Mismatch(Exception):
    """The host's tables are not as the configuration says: `problems` are (path in it, what)."""

    def __init__(self, problems: Sequence[tuple[tuple[str, ...], str]]) -> None:
        super().__init__("; ".join(what for _, what in problems))
        self.problems = problems


class _View:
    """One of the host's tables with our names for its columns."""

    def __init__(
        self, config: HostTable, known: Table, schema: str | None, extra: dict[str, str]
    ) -> None:
        names = {ours: config.column(ours) for ours in known.columns.keys()} | extra  # noqa: SIM118 - columns, not names
        self.host = {ours: theirs for ours, theirs in names.items() if theirs is not None}
        self.table: TableClause = table(config.name, *map(column, self._columns()), schema=schema)
        self._missing = [ours for ours, theirs in names.items() if theirs is None]
        self._values = config.values
        self._key = [c.name for c in known.primary_key]

    def _columns(self) -> list[str]:
        return sorted({*self.host.values()})

    def c(self, ours: str) -> ColumnElement[Any]:
        """Return a column by our name."""
        return self.table.c[self.host[ours]]

    def select(self) -> Select[Any]:
        """Return the start of a query for rows with our names."""
        return select(*(self.c(ours).label(ours) for ours in self.host))

    def rows(self, connection: Connection, query: Select[Any]) -> Iterator[Raw]:
        """Yield rows, with what the host's own words mean in place of them."""
        for found in connection.execute(query).mappings():
            row = {**found, **dict.fromkeys(self._missing)}
            for ours, words in self._values.items():
                said = "" if row[ours] is None else str(row[ours]).strip()
                row[ours] = words.get(said, row[ours])
            yield row

    def needs(self) -> set[str]:
        """Return the columns of ours that the host must have."""
        return {*self._key, *({"case_no", "action"} & {*self.host, *self._missing})}


class Host:
    """A host's tables."""

    def __init__(self, engine: Engine, config: Config) -> None:
        """Look at the tables that the configuration names; raises Mismatch."""
        self.engine, self.config = engine, config
        tables, schema = config.tables, config.database.schema_
        self._case = _View(tables.case, CASE, schema, _named("ledger", tables.case.ledger))
        self._flow = _View(tables.flow, FLOW, schema, _named("ledger", tables.flow.ledger))
        self._unit = (
            _View(tables.unit, UNIT, schema, _named("attribute", tables.unit.attributes))
            if tables.unit is not None else None
        )  # fmt: skip
        self._check()

    def _check(self) -> None:
        there = inspect(self.engine)
        problems: list[tuple[tuple[str, ...], str]] = []
        for part, view in (("case", self._case), ("flow", self._flow), ("unit", self._unit)):
            if view is None:
                continue
            name, schema = view.table.name, self.config.database.schema_
            if not (there.has_table(name, schema=schema) or name in there.get_view_names(schema)):
                problems.append(
                    (("tables", part, "name"), f"the database has no table or view {name}")
                )
                continue
            known = {c["name"] for c in there.get_columns(name, schema=schema)}
            for ours, theirs in view.host.items():
                if theirs not in known:
                    problems.append((_path(part, ours), f"{name} has no column {theirs}"))
            problems += [
                (_path(part, ours), "cannot be null: the bridge needs it")
                for ours in sorted(view.needs() - {*view.host})
            ]
        if problems:
            raise Mismatch(problems)

    def new_flows(
        self, connection: Connection, seen: Column[int], after: int, limit: int
    ) -> list[Raw]:
        """Return the first flow records numbered above `after` that are not among those seen."""
        number = self._flow.c("flow_id")
        unseen = ~select(seen).where(seen == number).exists()
        query = self._flow.select().where(number > after, unseen).order_by(number).limit(limit)
        return list(self._flow.rows(connection, query))

    def last_flow(self, connection: Connection) -> int:
        """Return the highest number of a flow record, or 0."""
        number = self._flow.c("flow_id")
        return connection.scalar(select(number).order_by(number.desc()).limit(1)) or 0

    def flows(self, connection: Connection, numbers: Iterable[int]) -> list[Raw]:
        """Return flow records by number."""
        return list(self._by(connection, self._flow, "flow_id", numbers))

    def flows_of(self, connection: Connection, cases: Iterable[str]) -> dict[str, list[Raw]]:
        """Return the flow records of cases, in the order in which they were written."""
        found: dict[str, list[Raw]] = defaultdict(list)
        for row in self._by(connection, self._flow, "case_no", cases):
            found[str(row["case_no"]).strip()].append(row)
        for rows in found.values():
            rows.sort(key=lambda row: row["flow_id"])
        return found

    def cases(self, connection: Connection, numbers: Iterable[str]) -> dict[str, Raw]:
        """Return cases by number."""
        rows = self._by(connection, self._case, "case_no", numbers)
        return {str(row["case_no"]).strip(): row for row in rows}

    def case_numbers(self, connection: Connection, after: str, limit: int) -> list[str]:
        """Return the first case numbers above `after`."""
        number = self._case.c("case_no")
        query = select(number).where(number > after).order_by(number).limit(limit)
        return [str(found) for found in connection.scalars(query)]

    def units(self, connection: Connection) -> list[Raw]:
        """Return all units."""
        return [] if self._unit is None else list(self._unit.rows(connection, self._unit.select()))

    def _by(
        self, connection: Connection, view: _View, ours: str, values: Iterable[Any]
    ) -> Iterator[Raw]:
        for some in chunks(values):
            yield from view.rows(connection, view.select().where(view.c(ours).in_(some)))


def _named(kind: str, names: dict[str, str]) -> dict[str, str]:
    """Return host columns under names that no column of ours has."""
    return {f"{kind}:{name}": theirs for name, theirs in names.items()}


def _path(part: str, ours: str) -> tuple[str, ...]:
    """Return where the configuration names a column."""
    kind, colon, name = ours.partition(":")
    where = {"ledger": "ledger", "attribute": "attributes"}[kind] if colon else "columns"
    return "tables", part, where, name or ours
