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
from envrules.engine.assessment import Unscored
from envrules.engine.context import FOREVER, Close
from envrules.engine.judging import Bench, Inputs, Judgement, StandingFeed
from envrules.engine.nodes import Node, list_node, score_node
from envrules.kinds.compiled import cite, cite_value, plain
from envrules.kinds.consequences import Fact
from envrules.kinds.lists import Standing
from envrules.kinds.scores import Charge, Score, Share
from envrules.model.base import Instant
from envrules.model.decisions import Content, Publication, Slot
from envrules.model.events import Inspection, IssueFound
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
    for charge in account.evidence.charges:
        share = account.shares[charge.anchor]
        judged.add(_deduction(bench, score, period, unit, charge, share, cut))
    for item in account.evidence.unscored:
        judged.add(_unscored(bench, score, period, unit, item))


def name_at(bench: Bench, cut: int, unit: str, at: Instant) -> str:
    """Return the unit's title at a time, as known at log entry `cut`: a close freezes names too."""
    return bench.context.as_of(cut)[0].title(unit, at)


def _deduction(
    bench: Bench, score: Score, period: str, unit: str, charge: Charge, share: Share, cut: int
) -> Content:
    row, event = charge.row, charge.event
    assert row.each is not None
    assert score.table is not None
    day = bench.scheme.day(event.occurred_at)
    _, issue = described(charge)
    note = deduction_note(charge, share)
    steps = [cite(row.citation, value=f"每处 {plain(row.each)} 分，满分 {plain(row.full)} 分",
                  since=score.table.at(day).since, note=note)]  # fmt: skip
    steps += [cite_value(flag, flag.at(day)) for flag in charge.flags]
    return Content(
        slot=Slot(bench.scheme.slug, f"scores.{score.id}.{row.id}", f"unit:{unit}", charge.anchor),
        kind="deduction", outcome=row.id, title=f"扣分：{row.citation.title}",
        reason=f"{name_at(bench, cut, unit, event.occurred_at)}：{note}", at=event.occurred_at,
        unit=unit, period=period, points=-row.each,
        counted=-share.counted if share.counted else Decimal(0),
        issues=(issue,) if issue else (), events=(event.id,), steps=tuple(steps),
        revision=bench.scheme.revision,
    )  # fmt: skip


def deduction_note(charge: Charge, share: Share) -> str:
    """Return what a finding cost, and what of it counted, as a sentence."""
    row = charge.row
    assert row.each is not None
    note = f"{row.citation.title}发现{described(charge)[0]}，扣 {plain(row.each)} 分"
    return f"{note}；{share.why}，计 {plain(share.counted)} 分" if share.why else note


def described(charge: Charge) -> tuple[str, str]:
    """Return the category and the issue of a finding."""
    payload = charge.event.payload
    if isinstance(payload, IssueFound):
        return payload.category, payload.issue
    assert isinstance(payload, Inspection)
    finding = next(f for f in payload.findings if f.id == charge.finding)
    return finding.category, finding.issue


_UNSCORED = {
    "rejected": "不予认可", "parked": "暂存待判", "exempt": "免责", "duplicate": "重复",
    "repeat": "本次已扣", "no_row": "不扣分", "unapproved": "未经审核",
    "incomplete": "填报不全", "void": "不计", "excluded": "不作问题处理",
}  # fmt: skip


def _unscored(bench: Bench, score: Score, period: str, unit: str, item: Unscored) -> Content:
    event = item.event
    anchor = f"{event.id}#{item.finding}" if item.finding else event.id
    return Content(
        slot=Slot(bench.scheme.slug, f"scores.{score.id}", f"unit:{unit}", anchor),
        kind="finding", outcome=item.outcome, title=f"{score.citation.title}：{_UNSCORED[item.outcome]}",
        reason=item.reason, at=event.occurred_at, unit=unit, period=period, points=Decimal(0),
        events=(event.id,),
        steps=(item.flag or cite(item.citation or score.citation, note=item.reason),),
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
    for longer in scheme.scores:
        if longer.mean_of == score.id:
            whole = cal.period_of(scheme.timezone, start, longer.period)
            target = score_node(scheme.slug, longer.id, whole, unit)
            judged.feed(target, StandingFeed(period, standing))
    if account.band:
        _band(bench, score, period, unit, account, close, content, judged)


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
        reason = f"{name} {period} 未考核" + (f"：{account.not_in}" if account.not_in else "")
    return Content(
        slot=Slot(bench.scheme.slug, f"scores.{score.id}", f"unit:{unit}", period), kind="score",
        outcome=figure.status, title=score.citation.title, reason=reason, at=close.at, unit=unit,
        period=period, points=figure.printed, events=tuple(dict.fromkeys(account.evidence.sources)),
        steps=account.steps, publication=publication, revision=bench.scheme.revision,
    )  # fmt: skip


def _band(
    bench: Bench, score: Score, period: str, unit: str, account: Account, close: Close,
    figure: Content, judged: Judgement,
) -> None:  # fmt: skip
    scheme = bench.scheme
    note = f"{period} {score.citation.title} {account.figure.printed} 分，{account.band_title}"
    content = Content(
        slot=Slot(scheme.slug, f"bands.{score.id}", f"unit:{unit}", period), kind="band",
        outcome=account.band, title=account.band_title,
        reason=f"{name_at(bench, close.seq, unit, close.at)} {note}",
        at=close.at, unit=unit, period=period, points=account.figure.printed, events=figure.events,
        steps=account.band_steps, publication=figure.publication, revision=scheme.revision,
    )  # fmt: skip
    judged.add(content)
    name = f"{score.id}.{account.band}"
    held = figure.publication == "held"
    fact = Fact("band", name, unit, period, close.at, "", content.events, note, held)
    bench.tell(judged, fact, content.slot)


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
