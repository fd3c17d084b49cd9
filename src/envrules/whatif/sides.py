"""One figure on both sides of a question: the tallies of plain units, and who is not plain."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

from envrules import calendar as cal
from envrules.engine.nodes import indicator_node, score_node
from envrules.kinds.indicators import Visits
from envrules.kinds.scores import Score, Tally
from envrules.kinds.tables import Number, Table, as_number
from envrules.model.base import Instant
from envrules.model.values import ALWAYS
from envrules.ruleset.compile import Scheme
from envrules.whatif.columnar import Sighted, numbered
from envrules.whatif.costs import Costs
from envrules.whatif.model import Question
from envrules.whatif.parquet import polars
from envrules.whatif.plain import Facts, Key, not_plain, plain
from envrules.whatif.replay import span


class OfScore:
    """One score on both sides, as columns have it."""

    def __init__(
        self, log: Any, facts: Facts, sighted: Sighted, schemes: tuple[Scheme, Scheme],
        scores: tuple[Score, Score],
    ) -> None:  # fmt: skip
        """Tell the plain units' groups by what the engine makes of them.

        Args:
            log: lazy frame of the sightings that count.
            facts: the rest of the log.
            sighted: what columns have grouped.
            schemes: the rules of the two sides.
            scores: the score in each of them.
        """
        self._schemes, self._scores, self._sighted = schemes, scores, sighted
        kinds, groups = numbered(sighted, "cost")
        first, second = (Costs(*one) for one in zip(schemes, scores, strict=True))
        self._costs = [(first.of(k), second.of(k)) for k in kinds.iter_rows(named=True)]
        units = scores[0].units & scores[1].units
        self.exact = not_plain(log, sighted, facts, units, ("score", scores[0].id))
        self.exact |= self._decided_otherwise(groups)
        kept = plain(
            Sighted(sighted.reading, sighted.periods, sighted.kind, groups, sighted.issues),
            self.exact,
        )
        self._groups = kept.select("period", "unit", "inspection", "cost", "n", "at")

    def _decided_otherwise(self, groups: Any) -> set[Key]:
        """Return where some finding is decided otherwise on the two sides, or lacks a value."""
        pl = polars()
        wrong = [
            n for n, (one, other) in enumerate(self._costs)
            if one.said != other.said or not (one.known and other.known)
        ]  # fmt: skip
        where = groups.filter(pl.col("cost").is_in(wrong)).select("period", "unit").unique()
        return {(self._sighted.periods[p], unit) for p, unit in where.iter_rows()}

    def tallies(self, side: int) -> Iterator[tuple[str, Tally]]:
        """Yield the tallies of plain units, by node key."""
        scheme, score = self._schemes[side], self._scores[side]
        counts, assessments = self._counts(side), self._assessments(side)
        none: dict[tuple[str, str], Number] = {}
        for place, seen in assessments.items():
            period, unit = place
            node = score_node(scheme.slug, score.id, self._sighted.periods[period], unit)
            yield node.key(), Tally(counts.get(place, none), seen, {})

    def _counts(self, side: int) -> dict[tuple[int, str], dict[tuple[str, str], Number]]:
        """Return how many findings there are by assessment and row, each by its weight."""
        pl = polars()
        weights: dict[Fraction, int] = {}
        charges = [
            (cost, row, weights.setdefault(weight, len(weights)))
            for cost, known in enumerate(self._costs) for row, weight in known[side].charges
        ]  # fmt: skip
        by_cost = pl.DataFrame(
            charges, schema={"cost": pl.Int32, "row": pl.String, "weight": pl.Int32}, orient="row"
        )
        keys = ["period", "unit", "inspection", "row", "weight"]
        rows = self._groups.join(by_cost, on="cost").group_by(keys).agg(pl.col("n").sum())
        found: dict[tuple[int, str], dict[tuple[str, str], Number]] = {}
        worth = [as_number(weight) for weight in weights]
        for period, unit, visits, names, which, numbers in (
            rows.group_by("period", "unit").agg("inspection", "row", "weight", "n").iter_rows()
        ):
            places = zip(visits, names, strict=True)
            if worth == [1]:
                found[period, unit] = dict(zip(places, numbers, strict=True))
                continue
            sums = found[period, unit] = {}
            for place, n, weight in zip(places, numbers, which, strict=True):
                sums[place] = sums.get(place, 0) + n * worth[weight]
        return found

    def _assessments(self, side: int) -> dict[tuple[int, str], dict[str, tuple[Instant, Table]]]:
        """Return the assessments in the order of time, with the table that was in force."""
        pl = polars()
        scheme, dated = self._schemes[side], self._scores[side].table
        assert dated is not None
        changes = sorted(
            ((cal.day_bounds(scheme.timezone, date.fromisoformat(held.since))[0], held.value)
            for held in dated.all() if held.since != ALWAYS), key=lambda change: change[0]
        )  # fmt: skip
        since = [at for at, _ in changes]
        first = next((held.value for held in dated.all() if held.since == ALWAYS), None)
        tables = [first, *(table for _, table in changes)]
        counting = [n for n, known in enumerate(self._costs) if known[side].assesses]
        keys = ["period", "unit", "inspection"]
        visits = self._groups.filter(pl.col("cost").is_in(counting)).group_by(keys).agg(
            pl.col("at").min()
        ).sort("at")  # fmt: skip
        found: dict[tuple[int, str], dict[str, tuple[Instant, Table]]]
        found = {place: {} for place in self._seen()}
        for period, unit, inspection, at in visits.iter_rows():
            table = tables[bisect_right(since, at)]
            assert table is not None  # else some cost would not be known
            found[period, unit][inspection] = at, table
        return found

    def _seen(self) -> Iterator[tuple[int, str]]:
        """Yield the plain units and periods that have sightings."""
        yield from self._groups.select("period", "unit").unique().iter_rows()

    def decisions(self, side: int, question: Question) -> Counter[tuple[str, str]]:
        """Return how many decisions there are on single findings, in the periods asked about."""
        pl = polars()
        scheme, found = self._schemes[side], Counter[tuple[str, str]]()
        start, end = span(scheme, question)
        inside = [
            place for place, period in enumerate(self._sighted.periods)
            if start < cal.period_bounds(scheme.timezone, period)[1] <= end
        ]  # fmt: skip
        asked = self._groups.filter(pl.col("period").is_in(inside))
        for cost, number in asked.group_by("cost").agg(pl.col("n").sum()).iter_rows():
            for decision in self._costs[cost][side].decisions:
                found[decision] += number
        return found


class OfVisits:
    """One comparison of visits, which both sides make alike."""

    def __init__(
        self, log: Any, facts: Facts, sighted: Sighted, scheme: Scheme, units: frozenset[str],
        indicator: str,
    ) -> None:  # fmt: skip
        """Count the visits of plain units, see `OfScore`."""
        pl = polars()
        self._scheme, self._indicator, self._sighted = scheme, indicator, sighted
        self.exact = not_plain(log, sighted, facts, units, ("indicator", indicator))
        inspected = pl.col("type") == "inspection"
        found = pl.col("category").is_not_null() & ~pl.col("duplicate").fill_null(True)
        visits = sighted.groups.group_by("period", "unit", "inspection").agg(
            known=pl.col("announced").filter(inspected).any(),
            other=pl.col("announced").filter(inspected).all(),
            visited=inspected.any(),
            found=pl.col("n").filter(found).sum(),
        )
        self.exact |= {
            (sighted.periods[period], unit)
            for period, unit in visits.filter(pl.col("known") != pl.col("other"), pl.col("visited"))
            .select("period", "unit").unique().iter_rows()
        }  # fmt: skip
        self._visits = visits.filter(pl.col("visited"))
        self._seen = sighted.groups.select("period", "unit").unique()

    def tallies(self) -> Iterator[tuple[str, Visits]]:
        """Yield the tallies of plain units, by node key."""
        made: dict[tuple[int, str], list[int]] = {
            (period, unit): [0, 0, 0, 0] for period, unit in self._seen.iter_rows()
            if (self._sighted.periods[period], unit) not in self.exact
        }  # fmt: skip
        columns = ("period", "unit", "known", "found")
        for period, unit, announced, found in self._visits.select(columns).iter_rows():
            counts = made.get((period, unit))
            if counts is not None:
                place = 0 if announced else 2
                counts[place] += 1
                counts[place + 1] += found
        for (period, unit), counts in made.items():
            name = self._sighted.periods[period]
            node = indicator_node(self._scheme.slug, self._indicator, name, unit)
            yield node.key(), Visits(*counts)
