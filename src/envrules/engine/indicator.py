"""One unit's indicator in one period: nothing before the close, then a figure and its target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from envrules import calendar as cal
from envrules.engine.aside import set_aside
from envrules.engine.assessment import exempt_throughout
from envrules.engine.context import Close
from envrules.engine.judging import Bench, Inputs, Judgement, StandingFeed
from envrules.engine.nodes import Node, score_node
from envrules.engine.readings import Taken, take
from envrules.kinds import indicators
from envrules.kinds.compiled import cite, plain
from envrules.kinds.consequences import Fact
from envrules.kinds.indicators import (
    ComparedVisits,
    CountedIssues,
    Indicator,
    Origin,
    Reading,
    is_share,
)
from envrules.kinds.lists import Standing
from envrules.model.decisions import Content, Slot, Step
from envrules.model.events import Event, Exemption


def judge_indicator(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return the verdict on a closed period; of an open one, only which events do not count."""
    name, period, unit = node.parts
    indicator = bench.scheme.indicator(name)
    close = bench.context.closes.get(period)
    taken = take(bench, indicator, period, unit, inputs, close)
    judged = Judgement()
    for aside in taken.aside:
        judged.add(set_aside(bench, indicator.citation, unit, period, aside))
    if close is not None:
        _close(_Closing(bench, indicator, period, unit, close, taken), judged)
    return judged


@dataclass(frozen=True, slots=True)
class _Closing:
    """A unit's indicator at the close of its period."""

    bench: Bench
    indicator: Indicator
    period: str
    unit: str
    close: Close
    taken: Taken


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What an indicator comes to, why, and what that rests on."""

    outcome: str
    said: str
    """What follows the indicator's title in a sentence."""
    figure: Decimal | None = None
    steps: tuple[Step, ...] = ()
    events: tuple[str, ...] = ()


def _close(at: _Closing, judged: Judgement) -> None:
    """Judge the figure, and tell it to rules and scores."""
    registry, exemptions = at.bench.context.as_of(at.close.seq)
    start, end = cal.period_bounds(at.bench.scheme.timezone, at.period)
    known = registry.life(at.unit, at.indicator.units, start, end)
    if known is None:
        return
    exempt = exempt_throughout(exemptions, at.unit, start, end)
    verdict = _exempt(exempt) if exempt else _judge(at)
    note = f"{at.period} {at.indicator.citation.title}{verdict.said}"
    content = _content(at, verdict, f"{registry.title(at.unit, at.close.at)} {note}")
    judged.add(content)
    if verdict.outcome in ("met", "missed", "not_measured"):
        name = f"{at.indicator.id}.{verdict.outcome}"
        fact = Fact("indicator", name, at.unit, at.period, at.close.at, "", content.events, note,
                    at.taken.held)  # fmt: skip
        at.bench.tell(judged, fact, content.slot)
    # An upheld appeal against the verdict takes the figure from whatever is made of it.
    figure = None if content.slot.key() in at.taken.won else content.points
    standing = Standing(
        at.unit, known.type, registry.title(at.unit, end - 1),
        "not_assessed" if figure is None else "scored", figure, "", at.taken.held, content.events,
    )  # fmt: skip
    for score in at.bench.scheme.scores:
        if score.indicator == at.indicator.id:
            target = score_node(at.bench.scheme.slug, score.id, at.period, at.unit)
            judged.feed(target, StandingFeed(at.period, standing))


def _exempt(exemptions: Sequence[Event]) -> _Verdict:
    bases = [e.payload.basis for e in exemptions if isinstance(e.payload, Exemption)]
    said = f"：全期免于考核（{'、'.join(dict.fromkeys(filter(None, bases)))}），不适用"
    return _Verdict("not_applicable", said, events=tuple(e.id for e in exemptions))


def _judge(at: _Closing) -> _Verdict:
    """Return what the tally comes to by the values in force on the period's last day."""
    indicator, day = at.indicator, cal.period_dates(at.period)[1]
    reading = indicators.judge(indicator.origin, at.taken.tally, day)
    events = tuple(dict.fromkeys(at.taken.sources))
    if reading.missing == "not_measured":
        return _Verdict("not_measured", "：到结账时没有报数", events=events)
    if reading.figure is None:
        compared = isinstance(indicator.origin, ComparedVisits)
        why = "明查、暗访缺其一，无从比较" if compared else "分母为 0"
        return _Verdict("not_applicable", f"：{why}，不适用", events=events)
    outcome, steps = indicators.on_target(indicator, reading, day)
    said = _said(indicator, reading, day) + _OUTCOMES[outcome]
    steps = (*_campaigns(indicator.origin, at.period), *reading.steps, *steps)
    return _Verdict(outcome, said, reading.figure, steps, events)


def _campaigns(origin: Origin, period: str) -> Iterator[Step]:
    """Yield the windows of the period that issues had to be found in to be counted."""
    if not isinstance(origin, CountedIssues):
        return
    first, last = cal.period_dates(period)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for window in origin.where.campaigns:
        inside = next(filter(window.covers, days), None)
        if inside is not None:
            yield from window.steps(inside)


_OUTCOMES = {"met": "，达标", "missed": "，未达标", "reported": ""}
_BOUNDS = {"at_least": "不低于", "above": "高于", "at_most": "不高于", "below": "低于"}


def _said(indicator: Indicator, reading: Reading, day: date) -> str:
    """Return the figure, how it is made up and what it must be, as part of a sentence."""
    figure = reading.figure
    assert figure is not None
    if reading.required is not None:
        missing = f"，缺 {plain(-figure)}" if figure < 0 else ""
        return f"：应配 {reading.required}，实配 {plain(reading.required + figure)}{missing}"
    said = f" {_shown(indicator, figure)}"
    if reading.denominator is not None and reading.numerator is not None:
        said += f"（{plain(reading.numerator)}/{plain(reading.denominator)}）"
    bounds = [
        f"{_BOUNDS[how]} {bound.text(bound.at(day).value)}" for how, bound in indicator.bounds
    ]
    return f"{said}，要求{'、'.join(bounds)}" if bounds else said


def _shown(indicator: Indicator, figure: Decimal) -> str:
    """Return the figure with its unit: percent for a share, else the unit of its bounds."""
    if is_share(indicator.origin):
        return f"{plain(figure)}%"
    return indicator.bounds[0][1].text(figure) if indicator.bounds else plain(figure)


def _content(at: _Closing, verdict: _Verdict, reason: str) -> Content:
    citation = at.indicator.citation
    value = _shown(at.indicator, verdict.figure) if verdict.figure is not None else ""
    return Content(
        slot=Slot(at.bench.scheme.slug, citation.id, f"unit:{at.unit}", at.period),
        kind="indicator", outcome=verdict.outcome, title=citation.title, reason=reason,
        at=at.close.at, unit=at.unit, period=at.period, points=verdict.figure,
        events=verdict.events, publication="held" if at.taken.held else "published",
        steps=(cite(citation, value=value, note=reason), *verdict.steps),
        revision=at.bench.scheme.revision,
    )  # fmt: skip
