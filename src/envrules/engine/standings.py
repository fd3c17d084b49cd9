"""What the units of a locality stand at in one score and period, open or closed.

Two clocks. `as_of` leaves out what occurred later, `known_at` what was stored later. A withdrawal
or a decided appeal says what has been true all along: only `known_at` leaves it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from envrules import calendar as cal
from envrules.engine.account import Account
from envrules.engine.judging import Bench
from envrules.engine.projection import Projection
from envrules.engine.registry import Unit
from envrules.engine.view import View
from envrules.kinds import lists
from envrules.kinds.lists import Standing
from envrules.model.base import Instant

Status = Literal["scored", "not_assessed", "incomplete", "not_participating"]


@dataclass(frozen=True, slots=True)
class Row:
    """One unit's standing, with the account that it rests on."""

    unit: Unit
    title: str
    account: Account
    held: bool
    """An appeal that bears on the figure is pending (申诉中)."""
    partition: str = ""
    """Unit type within which it is ranked; empty where there is one ranking of all."""
    rank: int | None = None
    """Equal figures share a rank (1, 2, 2, 4); None without a figure."""
    ranked: int = 0
    """Units ranked in the partition."""

    @property
    def figure(self) -> Decimal | None:
        """The printed figure, adjustments included, or None."""
        return self.account.figure.printed

    @property
    def status(self) -> Status:
        """Whether there is a figure, and if not, why."""
        return "not_participating" if self.account.not_in else self.account.figure.status

    @property
    def band(self) -> str:
        """Id of the band that the figure falls in; empty without bands or figure."""
        return self.account.band

    @property
    def adjusted(self) -> Decimal:
        """Sum of the corrections of earlier, closed periods that the figure includes."""
        return sum((Decimal(a.points) for a in self.account.adjustments), Decimal(0))


def standings(
    projection: Projection, scheme: str, score: str, period: str, *,
    as_of: Instant | None = None, known_at: int | None = None,
) -> list[Row]:  # fmt: skip
    """Return the units' standings by partition and rank, those without a figure last.

    A period is judged by the rules that govern it today: its frozen ones if it is closed, else
    the published ones. A closed period is read as frozen, whatever `as_of`; with `known_at`
    before its close it is read as it was while open. An open one shows the band and the rank
    that a close would give now.

    Args:
        projection: the locality's projection; it is only read.
        scheme: the scheme's slug.
        score: id of the score in the ruleset.
        period: name of a period of the score's kind, in the scheme's time zone.
        as_of: last instant at which events count; None: no limit.
        known_at: last log entry that is known; None: no limit.

    Raises:
        KeyError: the locality does not use the scheme.
        StopIteration: the scheme has no such score.
        NoValueInForce: a parameter or table has no value on the period's last day.
    """
    view = View(projection, scheme, period, as_of, known_at)
    bench = view.bench(score)
    _, end = cal.period_bounds(bench.scheme.timezone, period)
    seen_at = end - 1 if as_of is None else min(end - 1, as_of)
    names = bench.context.as_of(bench.context.closes[period].seq)[0]
    accounts = [(unit, view.account(score, unit.id)) for unit in view.units(score)]
    rows = [
        Row(unit, names.title(unit.id, seen_at), account, account.held)
        for unit, account in accounts
    ]  # fmt: skip
    return _ranked(bench, score, period, rows)


def _ranked(bench: Bench, score: str, period: str, rows: Sequence[Row]) -> list[Row]:
    """Return the rows with their ranks, in the partitions of the score's lists."""
    by_unit = {row.unit.id: row for row in rows}
    figures = [
        Standing(row.unit.id, row.unit.type, row.title, row.status, row.figure) for row in rows
    ]
    rule = next((rule for rule in bench.scheme.lists if rule.of == score), None)
    groups = {"": figures}
    if rule is not None:
        groups = lists.partitions(rule, figures, cal.period_dates(period)[1])
    found: list[Row] = []
    for partition, group in sorted(groups.items()):
        ranked = {r.standing.unit: r for r in lists.rank(group)}
        for unit in [*ranked, *sorted(s.unit for s in group if s.unit not in ranked)]:
            place = ranked.get(unit)
            found.append(Row(
                by_unit[unit].unit, by_unit[unit].title, by_unit[unit].account,
                by_unit[unit].held, partition, place.rank if place else None, len(ranked),
            ))  # fmt: skip
    return found
