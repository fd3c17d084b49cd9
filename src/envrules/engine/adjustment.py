"""Adjustments: what is learnt about a closed period is charged to one that is still open.

value(events now, frozen revision) − snapshot − earlier adjustments, a line of its own. Each later
close froze the part that was known by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from envrules import calendar as cal
from envrules.engine.account import Account, account_for
from envrules.engine.context import Close
from envrules.engine.judging import Adjustment, Bench, Inputs, Judgement
from envrules.engine.nodes import score_node
from envrules.engine.readers import target_of
from envrules.engine.registry import FOREVER
from envrules.kinds.compiled import cite
from envrules.kinds.scores import Score
from envrules.model.base import Instant
from envrules.model.decisions import Content, Slot, Step


def adjust(
    bench: Bench, score: Score, period: str, unit: str, inputs: Inputs, snapshot: Account,
    close: Close, judged: Judgement,
) -> None:  # fmt: skip
    """Charge what was learnt after the close to the period that was open when it was learnt."""
    charged, since, unfounded = snapshot, close.seq, False
    for target, cut in _open_then(bench, period, close):
        known = account_for(bench, score, period, unit, inputs, cut)
        before, after = charged.figure.printed, known.figure.printed
        if after == before:
            continue
        news = _News(bench, score, period, unit, target, close)
        learnt = _learnt(bench, inputs, charged, known, since, cut)
        if before is None:
            # Nothing was frozen that a difference could be taken from: say so, and charge nothing.
            judged.add(news.too_late(learnt))
            return
        if after is None:
            if not unfounded:  # once is enough, however many closes follow
                judged.add(news.unfounded(learnt, before))
            unfounded = True
            continue
        unfounded = False
        points = after - before
        rows = tuple(step for step in known.steps if step not in charged.steps)
        judged.add(news.adjusted(learnt, points, rows))
        judged.feed(
            score_node(bench.scheme.slug, score.id, target, unit), Adjustment(period, str(points))
        )
        charged, since = known, cut


def carry_on(
    bench: Bench, score: Score, period: str, unit: str, account: Account, close: Close,
    judged: Judgement,
) -> None:  # fmt: skip
    """Pass on to the next period the corrections that a period without a figure cannot bear."""
    if account.figure.printed is not None or not account.adjustments:
        return
    target, _ = next(_open_then(bench, period, close))
    sums: dict[str, Decimal] = {}
    for item in account.adjustments:
        sums[item.of] = sums.get(item.of, Decimal(0)) + Decimal(item.points)
    for of, points in sums.items():
        judged.add(_News(bench, score, of, unit, target, close).carried(period, points))
        judged.feed(
            score_node(bench.scheme.slug, score.id, target, unit), Adjustment(of, str(points))
        )


def _open_then(bench: Bench, period: str, close: Close) -> Iterator[tuple[str, int]]:
    """Yield the periods that were open after the close, each with the log entry that closed it."""
    latest = period
    for later in bench.context.closes_in_order:
        same = cal.period_kind(later.period) == cal.period_kind(period)
        if same and later.seq > close.seq and later.period > latest:
            yield later.period, later.seq
            latest = later.period
    yield cal.next_period(latest), FOREVER


@dataclass(frozen=True, slots=True)
class _Learnt:
    """The events that came to count, or no longer count, and when the last of them occurred."""

    events: tuple[str, ...]
    at: Instant


def _learnt(
    bench: Bench, inputs: Inputs, before: Account, after: Account, since: int, cut: int
) -> _Learnt:
    """Return what was learnt between two log entries, withdrawals included."""
    changed = {*before.evidence.sources} ^ {*after.evidence.sources}
    new = [
        e for e in (*inputs.events, *bench.context.records.events)
        if since < e.seq <= cut and (e.id in changed or target_of(e.payload) in changed)
    ]  # fmt: skip
    events = tuple(sorted(changed | {e.id for e in new}))
    return _Learnt(events, max((e.occurred_at for e in new), default=0))


@dataclass(frozen=True, slots=True)
class _News:
    """What can be decided about one unit's closed period, and the period it is charged to."""

    bench: Bench
    score: Score
    period: str
    unit: str
    target: str
    close: Close

    def adjusted(self, learnt: _Learnt, points: Decimal, rows: tuple[Step, ...]) -> Content:
        titles = "、".join(dict.fromkeys(step.title for step in rows))
        reason = (
            f"{self._name()} {self.period} 已结账，其后查明的事实更正 {points:+} 分"
            f"{f'（{titles}）' if titles else ''}，列入 {self.target}"
        )
        return self._content("adjusted", reason, learnt, points, rows)

    def carried(self, through: str, points: Decimal) -> Content:
        reason = (
            f"{self._name()} {self.period} 的更正 {points:+} 分，因 {through} 没有得分，"
            f"转入 {self.target}"
        )
        return self._content("carried", reason, _Learnt((), 0), points, (), through)

    def too_late(self, learnt: _Learnt) -> Content:
        reason = (
            f"{self._name()} {self.period} 结账时未评定得分，其后报送的事实不能再计入；"
            "如结账有误，请走申诉"
        )
        return self._content("too_late", reason, learnt)

    def unfounded(self, learnt: _Learnt, points: Decimal) -> Content:
        reason = (
            f"{self._name()} {self.period} 已按 {points} 分结账，其后考核依据被撤回，"
            "无从重算；原得分须经申诉更正"
        )
        return self._content("unfounded", reason, learnt)

    def _name(self) -> str:
        return self.bench.context.as_of(self.close.seq)[0].title(self.unit, self.close.at)

    def _content(
        self, outcome: str, reason: str, learnt: _Learnt, points: Decimal | None = None,
        rows: tuple[Step, ...] = (), through: str = "",
    ) -> Content:  # fmt: skip
        citation, slug = self.score.citation, self.bench.scheme.slug
        anchor = ">".join(filter(None, (self.period, through, self.target)))
        return Content(
            slot=Slot(slug, f"scores.{self.score.id}.adjustment", f"unit:{self.unit}", anchor),
            kind="adjustment", outcome=outcome, title=f"{citation.title}更正", reason=reason,
            at=max(self.close.at, learnt.at), unit=self.unit, period=self.target, points=points,
            events=learnt.events, steps=(cite(citation, note=reason), *rows),
            revision=self.bench.scheme.revision,
        )  # fmt: skip
