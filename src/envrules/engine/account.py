"""A unit's figure in one period, and everything it rests on. The one reckoning there is.

Standings, closes, adjustments and statements all read `account_for`, at their own place in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from envrules import calendar as cal
from envrules.engine.appeals import Appeals
from envrules.engine.assessment import exempt_throughout, gather
from envrules.engine.context import live
from envrules.engine.evidence import Evidence
from envrules.engine.judging import Adjustment, Bench, Inputs, StandingFeed
from envrules.engine.parts import Whole
from envrules.engine.told import Told
from envrules.kinds import bands, charges, scores
from envrules.kinds.bands import Cause, Placed
from envrules.kinds.charges import Share
from envrules.kinds.compiled import cite, cite_value, plain
from envrules.kinds.scores import Figure, Score
from envrules.kinds.tables import Table
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
    placed: Placed | None = None
    """The band that the figure comes to, and why; None without bands or figure."""
    not_in: str = ""
    """Why the unit takes no part (不参评), if so."""
    shares: Mapping[str, Share] = field(default_factory=dict)
    """What of each deduction reaches the figure, by the charge's anchor."""
    held: bool = False
    """An appeal that bears on the figure, or on one that it is made of, is pending (申诉中)."""

    @property
    def band(self) -> str:
        """Id of the band; empty without bands or figure."""
        return self.placed.band.id if self.placed is not None else ""

    @property
    def band_title(self) -> str:
        """Title of the band; empty without bands or figure."""
        return self.placed.band.citation.title if self.placed is not None else ""


def account_for(
    bench: Bench, score: Score, period: str, unit: str, inputs: Inputs, cut: int
) -> Account:
    """Return the account as of log entry `cut`. Standings, closes and statements all read this."""
    last_day = cal.period_dates(period)[1]
    evidence = gather(bench, score, period, unit, inputs, cut)
    adjustments = tuple(f for f in inputs.fed() if isinstance(f, Adjustment))
    held_table = score.table.at(last_day) if score.table is not None else None
    fallback = held_table.value if held_table is not None else None
    not_in, why = _not_in(bench, score, period, unit, cut, evidence)
    steps: tuple[Step, ...] = (cite(score.citation), *why)
    if not_in:
        figure = Figure("not_assessed")
    elif score.parts or score.indicator:
        figure, more = Whole(bench, score, period, unit, inputs, cut).figure(evidence)
        steps += more
    else:
        figure = scores.judge(score, evidence.tally(), fallback)
        steps += _row_steps(figure, fallback)
    steps += _extra_steps(score, evidence, adjustments, figure)
    extra = (evidence.bonus, *(Decimal(a.points) for a in adjustments))
    figure = scores.with_extra(figure, extra)
    shares = charges.counted(score, evidence.tally(), evidence.charges)
    held = bool(Appeals(bench, unit, live(inputs.events)).pending()) or any(
        feed.standing.held for feed in inputs.fed() if isinstance(feed, StandingFeed)
    )
    account = Account(figure, evidence, adjustments, steps, not_in=not_in, shares=shares, held=held)
    return _banded(bench, score, account, period, inputs)


def _extra_steps(
    score: Score, evidence: Evidence, adjustments: Sequence[Adjustment], figure: Figure
) -> tuple[Step, ...]:
    """Return what is added outside every cap: an approved bonus, corrections of closed periods."""
    steps: list[Step] = []
    scored = figure.printed is not None
    if scored and evidence.bonus and score.bonus_citation is not None:
        value, note = f"+{plain(evidence.bonus)} 分", f"经{score.bonus_by}审核"
        steps.append(cite(score.bonus_citation, value=value, note=note))
    listed = "列入本期" if scored else "本期没有得分，转入下期"
    steps += [
        cite(score.citation, value=f"{a.points} 分", note=f"{a.of} 的更正，{listed}")
        for a in adjustments
    ]
    return tuple(steps)


def _banded(bench: Bench, score: Score, account: Account, period: str, inputs: Inputs) -> Account:
    """Return the account with its band: of the figure, what the band needs, and recurrences."""
    scheme = bench.scheme
    defined = scheme.bands.get(score.id)
    if not defined or account.figure.printed is None:
        return account
    demotion, causes = scheme.demotions.get(score.id), list[Cause]()
    if demotion is not None:
        citation = scheme.recurrence(demotion.recurred).citation
        told = Told(inputs.told(closed=period in bench.context.closes))
        causes = [
            Cause(citation, feed.events, feed.note)
            for feed in told.recurred if feed.recurrence == demotion.recurred
        ]  # fmt: skip
    placed = bands.place(
        defined, account.figure.printed, cal.period_dates(period)[1], account.evidence.needs,
        demotion, causes,
    )  # fmt: skip
    return replace(account, placed=placed)


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


def _row_steps(figure: Figure, table: Table | None) -> tuple[Step, ...]:
    if table is None or figure.rows is None:
        return ()
    return tuple(
        cite(row.citation, value=f"{plain(figure.rows[row.id])}/{plain(row.full)} 分")
        for row in table.rows.values() if row.id in figure.rows
    )  # fmt: skip
