"""Names of the periods whose standings are written back: 2026W30, 2026-07, 2026Q3, 2026."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from envrules_grid_platform.bridge_tables import BridgeTables, add_rows
from envrules_grid_platform.config import Config, StandingPart

_SHAPES = {
    "week": r"\d{4}W\d\d", "month": r"\d{4}-\d\d", "quarter": r"\d{4}Q\d", "year": r"\d{4}",
}  # fmt: skip

Due = tuple[str, str]
"""`scheme.score`, and a period."""


def period_at(kind: str, local: datetime) -> str:
    """Return the period of a kind that a local time falls in."""
    if kind == "week":
        year, week, _ = local.isocalendar()
        return f"{year:04d}W{week:02d}"
    if kind == "month":
        return f"{local:%Y-%m}"
    return (
        f"{local.year:04d}Q{(local.month + 2) // 3}" if kind == "quarter" else f"{local.year:04d}"
    )


def due_at(config: Config, times: Iterable[datetime]) -> set[Due]:
    """Return the standings that something at these times may have changed."""
    locals_ = {
        at.astimezone(config.timezone).date(): at.astimezone(config.timezone) for at in times
    }
    return {
        (named(s), period_at(s.period, at)) for s in config.standings for at in locals_.values()
    }


def due_for(config: Config, periods: Iterable[str]) -> set[Due]:
    """Return the standings of periods by name, as far as they are of the kinds that are wanted."""
    return {
        (named(s), period) for period in periods for s in config.standings
        if re.fullmatch(_SHAPES[s.period], period)
    }  # fmt: skip


def named(standing: StandingPart) -> str:
    """Return the name of a score that has standings."""
    return f"{standing.scheme}.{standing.score}"


def mark(connection: Connection, tables: BridgeTables, due: set[Due]) -> None:
    """Note that standings are to be written back."""
    if due:
        noted = connection.execute(select(tables.due.c.score, tables.due.c.period))
        missing = due - {(score, period) for score, period in noted}
        add_rows(connection, tables.due, [{"score": s, "period": p} for s, p in sorted(missing)])
