"""What a rung that fell due says, and what follows from it: the same for one issue or several."""

from __future__ import annotations

from collections.abc import Sequence

from envrules import calendar as cal
from envrules.engine.judging import Bench, Judgement, StandingFeed
from envrules.engine.nodes import list_node
from envrules.kinds.consequences import Fact
from envrules.kinds.ladders import Firing, Ladder, Rung
from envrules.kinds.lists import Standing
from envrules.model.base import Instant


def rung_of(ladder: Ladder, rung: str) -> Rung:
    """Return a ladder's rung by its id."""
    return next(r for r in ladder.rungs if r.id == rung)


def show_time(zone: str, instant: Instant) -> str:
    """Return an instant as local time for people: 2026-07-03 17:30."""
    return f"{cal.local_datetime(zone, instant):%Y-%m-%d %H:%M}"


def slip_note(bench: Bench, rung: Rung, firings: Sequence[Firing]) -> str:
    """Return what happened, in Chinese, without naming the unit."""
    issues = "、".join(f.issue for f in firings)
    when = show_time(bench.scheme.timezone, firings[0].at)
    words = "、".join(o.words for o in rung.then) or rung.citation.title
    if rung.clock == "start":
        return f"案件 {issues} 于 {when} 发现，下达{rung.citation.title}（{words}）"
    cause = "经督导直接下发" if all(f.direct for f in firings) else "未在时限内办结"
    return f"案件 {issues} 至 {when} {cause}，下达{rung.citation.title}（{words}）"


def slip_follows(
    bench: Bench, judged: Judgement, ladder: str, rung: str, unit: str, anchor: str, note: str,
    at: Instant, events: tuple[str, ...],
) -> None:  # fmt: skip
    """Tell the rules of a slip, and the lists that it keeps its unit off."""
    scheme, name = bench.scheme, f"{ladder}.{rung}"
    month = cal.period_of(scheme.timezone, at, "month")
    bench.tell(judged, Fact("slip", name, unit, month, at, anchor, events, note))
    for rule in scheme.lists:
        if name in rule.unless:
            period = cal.period_of(scheme.timezone, at, scheme.score(rule.of).period)
            barred = Standing(unit, "", name, "barred", events=events)
            judged.feed(list_node(scheme.slug, rule.of, period), StandingFeed(period, barred))
