"""Adjustments: what is learnt about a closed period is charged to one that is still open.

value(events now, frozen revision) − snapshot − earlier adjustments, a line of its own. Each later
close froze the part that was known by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from envrules import calendar as cal
from envrules.engine.account import Account, account_for
from envrules.engine.context import FOREVER, Close
from envrules.engine.judging import Adjustment, Bench, Inputs, Judgement
from envrules.engine.nodes import score_node
from envrules.kinds.compiled import cite
from envrules.kinds.scores import Score
from envrules.model.decisions import Content, Slot


def adjust(
    bench: Bench, score: Score, period: str, unit: str, inputs: Inputs, snapshot: Account,
    close: Close, judged: Judgement,
) -> None:  # fmt: skip
    """Charge what was learnt after the close to the period that was open when it was learnt."""
    before, sources = snapshot.figure.printed, snapshot.evidence.sources
    for target, cut in _open_then(bench, period, close):
        known = account_for(bench, score, period, unit, inputs, cut)
        after = known.figure.printed
        if after == before:
            continue
        learnt = tuple(sorted({*sources} ^ {*known.evidence.sources}))
        if after is None or before is None:
            # Nothing was frozen that a difference could be taken from: say so, and charge nothing.
            judged.add(_too_late(bench, score, period, target, unit, learnt, close))
            return
        points = after - before
        before, sources = after, known.evidence.sources
        judged.add(_adjustment(bench, score, period, target, unit, points, learnt, close))
        judged.feed(
            score_node(bench.scheme.slug, score.id, target, unit), Adjustment(period, str(points))
        )


def _open_then(bench: Bench, period: str, close: Close) -> Iterator[tuple[str, int]]:
    """Yield the periods that were open after the close, each with the log entry that closed it."""
    latest = period
    for later in bench.context.closes_in_order:
        if later.seq > close.seq and cal.period_kind(later.period) == cal.period_kind(period):
            yield later.period, later.seq
            latest = later.period
    yield cal.next_period(latest), FOREVER


def _adjustment(
    bench: Bench, score: Score, period: str, target: str, unit: str, points: Decimal,
    learnt: tuple[str, ...], close: Close,
) -> Content:  # fmt: skip
    """`learnt`: the events that came to count, or no longer count, since the close."""
    name = bench.title(unit, close.at)
    reason = f"{name} {period} 已结账，其后查明的事实更正 {points:+} 分，列入 {target}"
    return _content(bench, score, period, target, unit, "adjusted", reason, points, learnt, close)


def _too_late(
    bench: Bench, score: Score, period: str, target: str, unit: str, learnt: tuple[str, ...],
    close: Close,
) -> Content:  # fmt: skip
    name = bench.title(unit, close.at)
    reason = f"{name} {period} 结账时未评定得分，其后报送的事实不能再计入；如结账有误，请走申诉"
    return _content(bench, score, period, target, unit, "too_late", reason, None, learnt, close)


def _content(
    bench: Bench, score: Score, period: str, target: str, unit: str, outcome: str, reason: str,
    points: Decimal | None, learnt: tuple[str, ...], close: Close,
) -> Content:  # fmt: skip
    return Content(
        slot=Slot(
            bench.scheme.slug, f"scores.{score.id}.adjustment", f"unit:{unit}", f"{period}>{target}"
        ),
        kind="adjustment", outcome=outcome, title=f"{score.citation.title}更正", reason=reason,
        at=close.at, unit=unit, period=target, points=points, events=learnt,
        steps=(cite(score.citation, note=reason),), revision=bench.scheme.revision,
    )  # fmt: skip
