"""Figures that are made of others: of shorter periods, of several scores, of an indicator."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from envrules import calendar as cal
from envrules.engine.evidence import Evidence
from envrules.engine.judging import Bench, Inputs, StandingFeed
from envrules.engine.nodes import Node, indicator_node, score_node
from envrules.kinds import scores
from envrules.kinds.compiled import cite, cite_value, plain
from envrules.kinds.lists import Standing
from envrules.kinds.rounding import round_half_up
from envrules.kinds.scores import Figure, Score
from envrules.model.decisions import Step


@dataclass(frozen=True, slots=True)
class Whole:
    """A figure that is made of others, in one unit and period, as of log entry `cut`."""

    bench: Bench
    score: Score
    period: str
    unit: str
    inputs: Inputs
    cut: int

    def figure(self, evidence: Evidence) -> tuple[Figure, tuple[Step, ...]]:
        """Return the figure, and what it is made of."""
        if self.score.indicator:
            return self._measured(evidence)
        if self.score.weighted:
            return self._weighted()
        mean, steps = self._mean(self.bench.scheme.score(self.score.mean_of))
        return Figure("not_assessed") if mean is None else scores.figure(mean), tuple(steps)

    def _weighted(self) -> tuple[Figure, tuple[Step, ...]]:
        """Return the sum of the weighted means; without one of its parts there is none."""
        total, steps, missing = Fraction(0), list[Step](), list[str]()
        for name, weight in self.score.weighted.items():
            part = self.bench.scheme.score(name)
            mean, why = self._mean(part)
            steps += why
            held = weight.at(cal.period_dates(self.period)[1])
            if mean is None:
                missing.append(part.citation.title)
                continue
            printed = plain(round_half_up(mean))
            steps.append(cite_value(weight, held, f"{part.citation.title} {printed} 分"))
            total += weight.share(held.value) * mean
        if missing:
            return Figure("not_assessed", missing=tuple(missing)), tuple(steps)
        return scores.figure(total), tuple(steps)

    def _mean(self, part: Score) -> tuple[Fraction | None, list[Step]]:
        """Return the mean of a part's assessed periods among those closed by the cut."""
        closed = self._closed(part)
        figures = [(p, f) for p in closed if (f := self._figure_of(part, p)) is not None]
        steps = [cite(part.citation, value=f"{figure} 分", note=p) for p, figure in figures]
        share = Decimal(0)
        if self.score.min_share is not None:
            held = self.score.min_share.at(cal.period_dates(self.period)[1])
            share = Decimal(str(held.value))
            assessed = f"{len(figures)}/{len(closed)} 期有考核"
            steps.append(cite_value(self.score.min_share, held, assessed))
        return scores.mean([figure for _, figure in figures], len(closed), share), steps

    def _closed(self, part: Score) -> list[str]:
        """Return the part's periods that were closed by the cut and in which the unit existed."""
        bench, zone = self.bench, self.bench.scheme.timezone
        bounds = cal.period_bounds(zone, self.period)
        known = bench.context.as_of(self.cut)[0].life(self.unit, self.score.units, *bounds)
        closes = bench.context.closes
        return [
            p for p in cal.sub_periods(self.period, part.period)
            if known is not None and p in closes and closes[p].seq <= self.cut
            and cal.period_bounds(zone, p)[1] > known.since
            and cal.period_bounds(zone, p)[0] < known.until
        ]  # fmt: skip

    def _figure_of(self, part: Score, period: str) -> Decimal | None:
        node = score_node(self.bench.scheme.slug, part.id, period, self.unit)
        standing = self._standing(node, period)
        return standing.figure if standing is not None else None

    def _measured(self, evidence: Evidence) -> tuple[Figure, tuple[Step, ...]]:
        """Return the indicator's figure of the same period, which it tells at the close."""
        indicator = self.bench.scheme.indicator(self.score.indicator)
        node = indicator_node(self.bench.scheme.slug, indicator.id, self.period, self.unit)
        standing = self._standing(node, self.period)
        if standing is None or standing.figure is None:
            return Figure("not_assessed"), (cite(indicator.citation),)
        evidence.sources += standing.events
        step = cite(indicator.citation, value=plain(standing.figure), note=self.period)
        return scores.figure(Fraction(standing.figure)), (step,)

    def _standing(self, node: Node, period: str) -> Standing | None:
        fed = self.inputs.feeds.get(node.key(), ())
        own = (f.standing for f in fed if isinstance(f, StandingFeed) and f.period == period)
        return next(own, None)
