"""The exact side: the engine that serves everyone, over the whole log, under one revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from envrules import calendar as cal
from envrules.engine.chaining import Chainer
from envrules.model.base import Instant
from envrules.model.decisions import Content
from envrules.model.entries import Closed
from envrules.ruleset.compile import Scheme
from envrules.whatif.history import History
from envrules.whatif.locality import ReplayedLocality, Tallies
from envrules.whatif.model import Question

Progress = Callable[[int, int], None]
"""Told how many log entries of how many have been replayed; it may raise `Stopped`."""

_STRIDE = 500
"""Entries between two judgements: how soon one who has heard enough is obeyed."""


class Stopped(Exception):
    """Whoever asked does not want to know any more."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A locality as one scheme would have judged it under one revision."""

    scheme: Scheme
    locality: ReplayedLocality
    as_if_closed: tuple[str, ...]

    def held(self) -> dict[str, Content]:
        """Return what holds by the scheme's rules: slot key → content."""
        return {
            slot: content for slot, content in self.locality.effective().items()
            if content.slot.scheme == self.scheme.slug
        }  # fmt: skip


def asked(
    scheme: Scheme, question: Question, held: Mapping[str, Content]
) -> dict[str, Content]:  # fmt: skip
    """Return what belongs to the periods asked about, less what has been revoked."""
    start, end = span(scheme, question)
    return {
        slot: content for slot, content in held.items()
        if content.publication != "revoked" and _within(scheme, content, start, end)
    }  # fmt: skip


def replay(
    history: History, scheme: Scheme, question: Question, chainer: Chainer, progress: Progress,
    tallied: Tallies | None = None,
) -> Replayed:  # fmt: skip
    """Replay the log under `scheme`, and close what is open of the periods asked about.

    `tallied`: what columns have tallied of the sightings that the history leaves out.
    """
    locality = ReplayedLocality(history.locality, scheme, chainer, tallied)
    for n, (seq, entry, applied) in enumerate(history.under(scheme.slug, scheme.revision)):
        locality.take(seq, entry, apply=applied)
        if n % _STRIDE == _STRIDE - 1:
            locality.settle()
            progress(seq, history.position)
    locality.settle()
    progress(history.position, history.position)
    now = locality.state.locality.tick
    closed = locality.state.locality.closes.get(scheme.slug, {})
    begun = history.begun
    still_open = [
        p for p in periods(scheme, question, begun, now)
        if p not in closed and not any(_comes_before(p, one) for one in closed)
    ]  # fmt: skip
    for place, period in enumerate(still_open, start=history.position + 1):
        locality.take(place, Closed(scheme.slug, period, at=now))
    return Replayed(scheme, locality, tuple(still_open))


def _comes_before(period: str, closed: str) -> bool:
    """Return whether a period could be closed no more once `closed` was, as the runtime has it."""
    if cal.period_kind(period) == cal.period_kind(closed):
        return period < closed
    (first, last), (begin, end) = cal.period_dates(period), cal.period_dates(closed)
    return begin <= first and last <= end


def span(scheme: Scheme, question: Question) -> tuple[Instant, Instant]:
    """Return the half-open time from the begin of the first to the end of the last period."""
    start = cal.period_bounds(scheme.timezone, question.first)[0]
    return start, cal.period_bounds(scheme.timezone, question.last)[1]


def periods(scheme: Scheme, question: Question, begun: Instant, now: Instant) -> Iterator[str]:
    """Yield the scheme's periods asked about from `begun` to `now`, the shorter ones first.

    A quarter is made of months: they must be closed before it.
    """
    start, end = span(scheme, question)
    if begun > now:
        return
    start = max(start, begun)
    order: tuple[cal.PeriodKind, ...] = ("day", "week", "month", "quarter", "year")
    for kind in order:
        if kind not in scheme.closable:
            continue
        period = cal.period_of(scheme.timezone, start, kind)
        while True:
            begin, until = cal.period_bounds(scheme.timezone, period)
            if until > end or begin > now:
                break
            yield period
            period = cal.next_period(period)


def _within(scheme: Scheme, content: Content, start: Instant, end: Instant) -> bool:
    """Return whether a decision belongs to the time asked about: by its period, or when it fell."""
    try:
        until = cal.period_bounds(scheme.timezone, content.period)[1] if content.period else None
    except cal.CalendarError:
        until = None
    return start <= content.at < end if until is None else start < until <= end
