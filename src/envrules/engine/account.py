"""A unit's figure in one period, and everything it rests on. The one reckoning there is.

Standings, closes, adjustments and statements all read `account_for`, at their own place in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from envrules import calendar as cal
from envrules.engine.assessment import Evidence, gather
from envrules.engine.judging import Adjustment, Bench, Inputs, StandingFeed
from envrules.kinds import bands, scores
from envrules.kinds.compiled import cite, cite_value, plain
from envrules.kinds.scores import Figure, Score, Table
from envrules.model.decisions import Step


@dataclass(frozen=True, slots=True)
class Account:
    """A unit's figure and everything it rests on."""

    figure: Figure
    """Adjustments from earlier periods included."""
    evidence: Evidence
    adjustments: tuple[Adjustment, ...]
    steps: tuple[Step, ...]
    band: str = ""
    band_title: str = ""
    band_steps: tuple[Step, ...] = ()
    not_in: str = ""
    """Why the unit takes no part (不参评), if so."""


def account_for(
    bench: Bench, score: Score, period: str, unit: str, inputs: Inputs, cut: int
) -> Account:
    """Return the account as of log entry `cut`. Standings, closes and statements all read this."""
    last_day = cal.period_dates(period)[1]
    evidence = gather(bench, score, unit, inputs.events, cut)
    adjustments = tuple(f for f in inputs.fed() if isinstance(f, Adjustment))
    held_table = score.table.at(last_day) if score.table is not None else None
    fallback = held_table.value if held_table is not None else None
    not_in = _not_in(bench, score, period, unit, cut)
    steps: tuple[Step, ...] = (cite(score.citation),)
    if not_in:
        figure = Figure("not_assessed")
    elif score.mean_of:
        figure, more = _mean(bench, score, period, unit, inputs, evidence, cut)
        steps += more
    else:
        figure = scores.judge(score, evidence.tally(), fallback)
        steps += _row_steps(figure, fallback)
    figure = scores.with_adjustments(figure, (Decimal(a.points) for a in adjustments))
    steps += tuple(
        cite(score.citation, value=f"{a.points} 分", note=f"{a.of} 的更正，列入本期")
        for a in adjustments
    )
    account = Account(figure, evidence, adjustments, steps, not_in=not_in)
    return _banded(bench, score, account, period)


def _banded(bench: Bench, score: Score, account: Account, period: str) -> Account:
    defined = bench.scheme.bands.get(score.id)
    if not defined or account.figure.printed is None:
        return account
    found = bands.band_of(defined, account.figure.printed, cal.period_dates(period)[1])
    if found is None:
        return account
    band, steps = found
    return Account(account.figure, account.evidence, account.adjustments, account.steps,
                   band.id, band.citation.title, steps, account.not_in)  # fmt: skip


def _not_in(bench: Bench, score: Score, period: str, unit: str, cut: int) -> str:
    """Return why the unit takes no part in the period, or an empty string."""
    registry, _ = bench.context.as_of(cut)
    start, end = cal.period_bounds(bench.scheme.timezone, period)
    known = next((u for u in registry.of_types(score.units, start, end) if u.id == unit), None)
    if known is None:
        return "本期内未登记为考核对象"
    if score.min_presence is not None:
        held = score.min_presence.at(cal.period_dates(period)[1])
        present = Fraction(max(0, min(end, known.until) - max(start, known.since)), end - start)
        if present < Fraction(held.value):  # type: ignore[arg-type]
            return f"在期不足 {held.value}，不参评"
    return ""


def _closed_parts(
    bench: Bench, score: Score, shorter: Score, period: str, unit: str, cut: int
) -> list[str]:
    """Return the shorter periods that were closed by `cut` and in which the unit existed."""
    zone, closes = bench.scheme.timezone, bench.context.closes
    whole = cal.period_bounds(zone, period)
    units = bench.context.as_of(cut)[0].of_types(score.units, *whole)
    known = next((u for u in units if u.id == unit), None)
    return [
        p for p in cal.sub_periods(period, shorter.period)
        if known is not None and p in closes and closes[p].seq <= cut
        and cal.period_bounds(zone, p)[1] > known.since
        and cal.period_bounds(zone, p)[0] < known.until
    ]  # fmt: skip


def _mean(
    bench: Bench, score: Score, period: str, unit: str, inputs: Inputs, evidence: Evidence, cut: int
) -> tuple[Figure, tuple[Step, ...]]:
    """Return the figure of a longer period from the shorter ones that were closed by `cut`."""
    shorter = bench.scheme.score(score.mean_of)
    standings = {
        feed.period: feed.standing for feed in inputs.fed() if isinstance(feed, StandingFeed)
    }
    closed = _closed_parts(bench, score, shorter, period, unit, cut)
    parts = [(p, f) for p in closed if p in standings and (f := standings[p].figure) is not None]
    steps = [cite(shorter.citation, value=f"{figure} 分", note=p) for p, figure in parts]
    share = Decimal(0)
    if score.min_share is not None:
        held = score.min_share.at(cal.period_dates(period)[1])
        share = Decimal(str(held.value))
        steps.append(cite_value(score.min_share, held, f"{len(parts)}/{len(closed)} 期有考核"))
    if evidence.bonus and score.bonus_citation is not None:
        steps.append(
            cite(
                score.bonus_citation,
                value=f"+{plain(evidence.bonus)} 分",
                note=f"经{score.bonus_by}审核",
            )
        )
    figure = scores.mean(
        [Fraction(f) for _, f in parts], max(len(closed), 1), share, evidence.bonus
    )
    return figure, tuple(steps)


def _row_steps(figure: Figure, table: Table | None) -> tuple[Step, ...]:
    if table is None or figure.rows is None:
        return ()
    return tuple(
        cite(row.citation, value=f"{plain(figure.rows[row.id])}/{plain(row.full)} 分")
        for row in table.rows.values() if row.id in figure.rows
    )  # fmt: skip
