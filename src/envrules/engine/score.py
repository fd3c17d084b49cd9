"""One unit's score in one period: deductions as they come, the figure and its band at the close.

While the period is open the node issues deductions only. The close freezes what was known at its
log entry; whatever is learnt later becomes an adjustment in the earliest period still open, and
an upheld appeal alone corrects the closed period itself.
"""

from __future__ import annotations

from decimal import Decimal

from envrules import calendar as cal
from envrules.engine.account import Account, account_for
from envrules.engine.adjustment import adjust, carry_on
from envrules.engine.assessment import gather
from envrules.engine.context import Close
from envrules.engine.evidence import Unscored
from envrules.engine.judging import (
    BandFeed,
    Bench,
    ChargedFeed,
    Inputs,
    Judgement,
    SeenAgainFeed,
    StandingFeed,
)
from envrules.engine.nodes import Node, indicator_node, list_node, score_node
from envrules.engine.registry import FOREVER
from envrules.kinds.bands import Placed
from envrules.kinds.charges import Charge, Share
from envrules.kinds.compiled import cite, cite_value, plain
from envrules.kinds.consequences import Fact
from envrules.kinds.indicators import CountedBands
from envrules.kinds.lists import Standing
from envrules.kinds.scores import Score
from envrules.model.base import Instant
from envrules.model.decisions import Content, Publication, Slot
from envrules.model.values import NoValueInForce


def judge_score(bench: Bench, node: Node, inputs: Inputs) -> Judgement:
    """Return what holds of one unit's score in one period."""
    score_id, period, unit = node.parts
    score = bench.scheme.score(score_id)
    judged = Judgement()
    try:
        close = bench.context.closes.get(period)
        cut = close.seq if close is not None else FOREVER
        account = account_for(bench, score, period, unit, inputs, cut)
        _deductions(bench, score, period, unit, account, cut, judged)
        _tell_later(bench, score, period, unit, inputs, account, judged)
        if close is not None:
            _close(bench, score, period, unit, account, close, judged)
            carry_on(bench, score, period, unit, account, close, judged)
            adjust(bench, score, period, unit, inputs, account, close, judged)
    except NoValueInForce as missing:
        judged = Judgement()
        judged.add(_no_value(bench, score, period, unit, missing))
    return judged


# ── while open: deductions ──


def _deductions(
    bench: Bench, score: Score, period: str, unit: str, account: Account, cut: int,
    judged: Judgement,
) -> None:  # fmt: skip
    # What an inspection's answers cost is said once, by the decision on its checklist.
    for charge in account.evidence.charges if score.checklist is None else ():
        share = account.shares[charge.anchor]
        judged.add(_deduction(bench, score, period, unit, charge, share, cut))
    for item in account.evidence.unscored:
        judged.add(_unscored(bench, score, period, unit, item))


def _tell_later(
    bench: Bench, score: Score, period: str, unit: str, inputs: Inputs, account: Account,
    judged: Judgement,
) -> None:  # fmt: skip
    """Tell the later periods that have seen an issue again that it has been charged here.

    What a closed period has charged since then counts as well.
    """
    again = [feed for feed in inputs.fed() if isinstance(feed, SeenAgainFeed)]
    if not again:
        return
    evidence = account.evidence
    if period in bench.context.closes:
        evidence = gather(bench, score, period, unit, inputs, FOREVER)
    for feed in again:
        charged = evidence.issues.get(feed.issue)
        if charged is None:
            continue
        first = next(iter(charged.values())).event.id
        for later in feed.later:
            target = score_node(bench.scheme.slug, score.id, later, unit)
            judged.feed(target, ChargedFeed(feed.issue, period, first))


def name_at(bench: Bench, cut: int, unit: str, at: Instant) -> str:
    """Return the unit's title at a time, as known at log entry `cut`: a close freezes names too."""
    return bench.context.as_of(cut)[0].title(unit, at)


def _deduction(
    bench: Bench, score: Score, period: str, unit: str, charge: Charge, share: Share, cut: int
) -> Content:
    row, event = charge.row, charge.event
    assert score.table is not None
    day = bench.scheme.day(event.occurred_at)
    note = deduction_note(charge, share)
    since = score.table.at(day).since
    steps = [cite(row.citation, value=row.marks, since=since, note=note)]
    steps += [cite_value(flag, flag.at(day)) for flag in charge.flags]
    factors = (*charge.factors, charge.restored) if charge.restored else charge.factors
    steps += [step for factor in factors for step in factor.steps]
    return Content(
        slot=Slot(bench.scheme.slug, f"scores.{score.id}.{row.id}", f"unit:{unit}", charge.anchor),
        kind="deduction", outcome=row.id, title=f"扣分：{row.citation.title}",
        reason=f"{name_at(bench, cut, unit, event.occurred_at)}：{note}", at=event.occurred_at,
        unit=unit, period=period, points=-charge.points,
        counted=-share.counted if share.counted else Decimal(0),
        issues=(charge.issue,) if charge.issue else (), events=(event.id, *charge.causes),
        steps=tuple(steps), revision=bench.scheme.revision,
    )  # fmt: skip


def deduction_note(charge: Charge, share: Share) -> str:
    """Return what a finding cost, and what of it counted, as a sentence."""
    assert charge.row.each is not None
    note = f"{charge.said}，扣 {plain(charge.points)} 分"
    weighed = [factor.words for factor in charge.factors if factor.value != 1]
    if weighed:
        note += f"（每处 {plain(charge.row.each)} 分，{'，'.join(weighed)}）"
    return f"{note}；{share.why}，计 {plain(share.counted)} 分" if share.why else note


_UNSCORED = {
    "rejected": "不予认可", "parked": "暂存待判", "exempt": "免责", "duplicate": "重复",
    "repeat": "本次已扣", "no_row": "不扣分", "unapproved": "未经审核",
    "incomplete": "填报不全", "void": "不计", "excluded": "不作问题处理",
    "waived": "不扣分",
}  # fmt: skip


def _unscored(bench: Bench, score: Score, period: str, unit: str, item: Unscored) -> Content:
    event = item.event
    said = cite(item.citation or score.citation, note=item.reason)
    return Content(
        slot=Slot(bench.scheme.slug, f"scores.{score.id}", f"unit:{unit}", item.anchor),
        kind="finding", outcome=item.outcome, title=f"{score.citation.title}：{_UNSCORED[item.outcome]}",
        reason=item.reason, at=event.occurred_at, unit=unit, period=period, points=Decimal(0),
        events=(event.id, *item.causes), steps=item.steps or (said,),
        revision=bench.scheme.revision,
    )  # fmt: skip


# ── at the close: figure, band, what longer periods and lists read ──


def _close(
    bench: Bench, score: Score, period: str, unit: str, account: Account, close: Close,
    judged: Judgement,
) -> None:  # fmt: skip
    scheme = bench.scheme
    publication: Publication = "held" if account.held else "published"
    content = _figure_content(bench, score, period, unit, account, close, publication)
    judged.add(content)
    start, end = cal.period_bounds(scheme.timezone, period)
    known = bench.context.as_of(close.seq)[0].life(unit, score.units, start, end)
    standing = Standing(
        unit,
        known.type if known is not None else "",
        name_at(bench, close.seq, unit, end - 1),
        account.figure.status,
        account.figure.printed,
        account.band,
        account.held,
        content.events,
    )
    if any(rule.of == score.id for rule in scheme.lists):
        judged.feed(list_node(scheme.slug, score.id, period), StandingFeed(period, standing))
    for kind, longer, rules in bench.around(period):
        for whole in rules.scores:
            if whole.period == kind and score.id in whole.parts:
                target = score_node(scheme.slug, whole.id, longer, unit)
                judged.feed(target, StandingFeed(period, standing))
    if account.placed is not None:
        band = _band(bench, score, period, unit, account, account.placed, close, content)
        judged.add(band)
        name, held = f"{score.id}.{band.outcome}", content.publication == "held"
        fact = Fact("band", name, unit, period, close.at, "", band.events,
                    _band_note(score, period, account, account.placed), held)  # fmt: skip
        bench.tell(judged, fact, band.slot)
        _tell_above(bench, score, period, unit, band, close, judged)


def _figure_content(
    bench: Bench, score: Score, period: str, unit: str, account: Account, close: Close,
    publication: Publication,
) -> Content:  # fmt: skip
    figure = account.figure
    name = name_at(bench, close.seq, unit, close.at)
    if figure.status == "scored":
        reason = f"{name} {period} {score.citation.title} {figure.printed} 分"
    elif figure.status == "incomplete":
        reason = f"{name} {period} 缺{'、'.join(figure.missing)}的得分，未能评定"
    else:
        why = account.not_in
        if figure.missing:
            why = f"{'、'.join(figure.missing)}没有得分，或有考核的期数不足"
        reason = f"{name} {period} 未考核" + (f"：{why}" if why else "")
    return Content(
        slot=Slot(bench.scheme.slug, f"scores.{score.id}", f"unit:{unit}", period), kind="score",
        outcome=figure.status, title=score.citation.title, reason=reason, at=close.at, unit=unit,
        period=period, points=figure.printed, events=tuple(dict.fromkeys(account.evidence.sources)),
        steps=account.steps, publication=publication, revision=bench.scheme.revision,
    )  # fmt: skip


def _band(
    bench: Bench, score: Score, period: str, unit: str, account: Account, placed: Placed,
    close: Close, figure: Content,
) -> Content:  # fmt: skip
    title, name = account.band_title, name_at(bench, close.seq, unit, close.at)
    return Content(
        slot=Slot(bench.scheme.slug, f"bands.{score.id}", f"unit:{unit}", period), kind="band",
        outcome=placed.band.id, title=title,
        reason=f"{name} {_band_note(score, period, account, placed)}",
        at=close.at, unit=unit, period=period, points=account.figure.printed,
        events=tuple(dict.fromkeys((*figure.events, *placed.events))), steps=placed.steps,
        publication=figure.publication, revision=bench.scheme.revision,
    )  # fmt: skip


def _band_note(score: Score, period: str, account: Account, placed: Placed) -> str:
    """Return what the unit's band is and why, without naming the unit."""
    note = f"{period} {score.citation.title} {account.figure.printed} 分，{account.band_title}"
    return f"{note}（{placed.note}）" if placed.note else note


def _tell_above(
    bench: Bench, score: Score, period: str, unit: str, band: Content, close: Close,
    judged: Judgement,
) -> None:  # fmt: skip
    """Tell the indicators that count bands, of every unit above this one at the close."""
    counting = [
        item for item in bench.scheme.indicators
        if isinstance(item.origin, CountedBands) and item.origin.score == score.id
        and item.period == score.period
    ]  # fmt: skip
    if not counting:
        return
    start, end = cal.period_bounds(bench.scheme.timezone, period)
    registry = bench.context.as_of(close.seq)[0]
    known = registry.life(unit, score.units, start, end)
    line = registry.lineage(unit, min(end, known.until) - 1) if known is not None else []
    for above in line[1:]:
        for item in counting:
            if above.type in item.units:
                target = indicator_node(bench.scheme.slug, item.id, period, above.id)
                judged.feed(target, BandFeed(unit, band.outcome, band.events, band.slot))


def _no_value(
    bench: Bench, score: Score, period: str, unit: str, missing: NoValueInForce
) -> Content:
    reason = (
        f"{missing.citation.title}在 {missing.day} 没有生效的值，{score.citation.title}无法判定"
    )
    start, _ = cal.period_bounds(bench.scheme.timezone, period)
    return Content(
        slot=Slot(bench.scheme.slug, f"scores.{score.id}", f"unit:{unit}", period), kind="score",
        outcome="no_value", title="缺少生效的值", reason=reason, at=start, unit=unit, period=period,
        steps=(cite(missing.citation, note=reason),), revision=bench.scheme.revision,
    )  # fmt: skip
