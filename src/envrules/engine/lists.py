"""All lists of one score in one period: ranking and places, at the close."""

from __future__ import annotations

from collections.abc import Sequence

from envrules import calendar as cal
from envrules.engine.judging import Bench, Inputs, Judgement, StandingFeed, consequences
from envrules.engine.nodes import Node
from envrules.kinds import lists
from envrules.kinds.compiled import cite
from envrules.kinds.consequences import Fact
from envrules.kinds.lists import ListRule, Place, Ranked, Standing
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot


def judge_lists(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return ranks and list places of a closed period; nothing while it is open."""
    score_id, period = node.parts
    judged = Judgement()
    close = bench.context.closes.get(period)
    if close is None:
        return judged
    standings = [
        f.standing for f in inputs.fed()
        if isinstance(f, StandingFeed) and f.standing.status != "barred"
    ]  # fmt: skip
    bars: dict[str, frozenset[str]] = {}
    for feed in inputs.told(closed=True):
        if isinstance(feed, StandingFeed):
            bar = feed.standing
            bars[bar.unit] = bars.get(bar.unit, frozenset()) | {bar.title}
    for standing in standings:
        if standing.band:
            own = bars.get(standing.unit, frozenset())
            bars[standing.unit] = own | {f"{score_id}.{standing.band}"}
    day = cal.period_dates(period)[1]
    listed: dict[str, frozenset[str]] = {}
    rules = [rule for rule in bench.scheme.lists if rule.of == score_id]
    for rule in rules:
        members: set[str] = set()
        for partition, group in lists.partitions(rule, standings, day).items():
            ranked = lists.rank(group)
            if rule is rules[0]:
                _rank(bench, score_id, period, partition, ranked, close.at, judged)
            others = listed.get(rule.never_with, frozenset())
            for place in lists.places(rule, ranked, day, others, bars):
                content = _place(bench, rule, period, place, close.at)
                judged.add(content)
                if not place.barred:
                    members.add(place.ranked.standing.unit)
                    _feed(bench, rule, place, content, judged)
        listed[rule.id] = frozenset(members)
    return judged


def _rank(
    bench: Bench, score: str, period: str, partition: str, ranked: Sequence[Ranked], at: Instant,
    judged: Judgement,
) -> None:  # fmt: skip
    citation = bench.scheme.score(score).citation
    kind = bench.scheme.unit_types.get(partition, "")
    for r in ranked:
        s = r.standing
        reason = f"{s.title} {period} {citation.title} {s.figure} 分，{kind}{r.size} 个单位中第 {r.rank} 名"
        judged.add(Content(
            slot=Slot(bench.scheme.slug, f"ranks.{score}", f"unit:{s.unit}", period), kind="rank",
            outcome="ranked", title=f"{citation.title}名次", reason=reason, at=at, unit=s.unit,
            period=period, points=s.figure, rank=r.rank, events=s.events,
            steps=(cite(citation, note=reason),), publication="held" if s.held else "published",
            revision=bench.scheme.revision,
        ))  # fmt: skip


def _place(bench: Bench, rule: ListRule, period: str, place: Place, at: Instant) -> Content:
    s = place.ranked.standing
    # How many were ranked is a step: an approval of this place must not lapse because another
    # unit gained or lost its figure.
    listed = rule.citation.title
    reason = f"{s.title} {period} {s.figure} 分，第 {place.ranked.rank} 名，列入{listed}"
    if place.barred:
        why = _titles(bench, place.barred)
        reason = f"{s.title} {period} 名次在{listed}之内，因 {why} 不列入，名额不递补"
    waiting = rule.needs_approval and not place.barred
    return Content(
        slot=Slot(bench.scheme.slug, f"lists.{rule.id}", f"unit:{s.unit}", period), kind="list",
        outcome="barred" if place.barred else rule.id, title=rule.citation.title, reason=reason,
        at=at, unit=s.unit, period=period, points=s.figure, rank=place.ranked.rank, events=s.events,
        consequences=() if place.barred else consequences(rule.then), steps=place.steps,
        publication="held" if s.held else "proposed" if waiting else "published",
        revision=bench.scheme.revision,
    )  # fmt: skip


def _titles(bench: Bench, barred: str) -> str:
    """Return the titles of the slips and bands that bar a unit."""
    titles = {
        f"{ladder.id}.{rung.id}": rung.citation.title
        for ladder in bench.scheme.ladders for rung in ladder.rungs
    }  # fmt: skip
    for score, defined in bench.scheme.bands.items():
        titles.update((f"{score}.{band.id}", band.citation.title) for band in defined)
    return "、".join(titles.get(name, name) for name in barred.split("、"))


def _feed(bench: Bench, rule: ListRule, place: Place, content: Content, judged: Judgement) -> None:
    standing: Standing = place.ranked.standing
    note = f"{content.period} 列入{rule.citation.title}"
    fact = Fact("list", rule.id, standing.unit, content.period, content.at, "", standing.events,
                note, standing.held)  # fmt: skip
    bench.tell(judged, fact, content.slot)
