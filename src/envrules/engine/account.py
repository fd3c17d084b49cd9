"""A unit's figure in one period, and everything it rests on. The one reckoning there is.

Standings, closes, adjustments and statements all read `account_for`, at their own place in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from envrules import calendar as cal
from envrules.engine.appeals import Appeals
from envrules.engine.assessment import Evidence, exempt_throughout, gather
from envrules.engine.context import live
from envrules.engine.judging import Adjustment, Bench, Inputs, StandingFeed
from envrules.kinds import bands, scores
from envrules.kinds.compiled import cite, cite_value, plain
from envrules.kinds.scores import Figure, Score, Share, Table
from envrules.model.decisions import Step
from envrules.model.events import Exemption


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
    shares: Mapping[str, Share] = field(default_factory=dict)
    """What of each deduction reaches the figure, by the charge's anchor."""
    held: bool = False
    """An appeal that bears on the figure, or on one that it is the mean of, is pending (申诉中)."""


def account_for(
    bench: Bench, score: Score, period: str, unit: str, inputs: Inputs, cut: int
) -> Account:
    """Return the account as of log entry `cut`. Standings, closes and statements all read this."""
    last_day = cal.period_dates(period)[1]
    evidence = gather(bench, score, period, unit, inputs.events, cut)
    adjustments = tuple(f for f in inputs.fed() if isinstance(f, Adjustment))
    held_table = score.table.at(last_day) if score.table is not None else None
    fallback = held_table.value if held_table is not None else None
    not_in, why = _not_in(bench, score, period, unit, cut, evidence)
    steps: tuple[Step, ...] = (cite(score.citation), *why)
    if not_in:
        figure = Figure("not_assessed")
    elif score.mean_of:
        figure, more = _mean(bench, score, period, unit, inputs, evidence, cut)
        steps += more
    else:
        figure = scores.judge(score, evidence.tally(), fallback)
        steps += _row_steps(figure, fallback)
    figure = scores.with_adjustments(figure, (Decimal(a.points) for a in adjustments))
    listed = "列入本期" if figure.printed is not None else "本期没有得分，转入下期"
    steps += tuple(
        cite(score.citation, value=f"{a.points} 分", note=f"{a.of} 的更正，{listed}")
        for a in adjustments
    )
    shares = scores.counted(score, evidence.tally(), evidence.charges)
    held = bool(Appeals(bench, unit, live(inputs.events)).pending()) or any(
        feed.standing.held for feed in inputs.fed() if isinstance(feed, StandingFeed)
    )
    account = Account(figure, evidence, adjustments, steps, not_in=not_in, shares=shares, held=held)
    return _banded(bench, score, account, period)


def _banded(bench: Bench, score: Score, account: Account, period: str) -> Account:
    defined = bench.scheme.bands.get(score.id)
    if not defined or account.figure.printed is None:
        return account
    found = bands.band_of(defined, account.figure.printed, cal.period_dates(period)[1])
    if found is None:
        return account
    band, steps = found
    return replace(account, band=band.id, band_title=band.citation.title, band_steps=steps)


def _not_in(
    bench: Bench, score: Score, period: str, unit: str, cut: int, evidence: Evidence
) -> tuple[str, tuple[Step, ...]]:
    """Return why the unit takes no part in the period, or an empty string, and what says so."""
    registry, exemptions = bench.context.as_of(cut)
    start, end = cal.period_bounds(bench.scheme.timezone, period)
    known = registry.life(unit, score.units, start, end)
    if known is None:
        return "本期内未登记为考核对象", ()
    if score.min_presence is not None:
        held = score.min_presence.at(cal.period_dates(period)[1])
        present = Fraction(max(0, min(end, known.until) - max(start, known.since)), end - start)
        if present < Fraction(held.value):  # type: ignore[arg-type]
            least = "不足半期" if held.value == Decimal("0.5") else "所占比例不足"
            share = f"{held.citation.title}为 {score.min_presence.text(held.value)}"
            return f"在期{least}（{share}），不参评", (cite_value(score.min_presence, held),)
    exempt = exempt_throughout(exemptions, unit, start, end)
    if exempt:
        evidence.sources += [event.id for event in exempt]
        bases = [e.payload.basis for e in exempt if isinstance(e.payload, Exemption)]
        return f"全期免于考核（{'、'.join(dict.fromkeys(filter(None, bases)))}）", ()
    return "", ()


def _closed_parts(
    bench: Bench, score: Score, shorter: Score, period: str, unit: str, cut: int
) -> list[str]:
    """Return the shorter periods that were closed by `cut` and in which the unit existed."""
    zone, closes = bench.scheme.timezone, bench.context.closes
    known = bench.context.as_of(cut)[0].life(unit, score.units, *cal.period_bounds(zone, period))
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
