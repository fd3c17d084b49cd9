"""Whether a period may be closed now."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from envrules import calendar as cal
from envrules.engine.kept import Locality
from envrules.model.base import Instant
from envrules.ruleset.compile import Scheme
from envrules.runtime.errors import NotNow


def check_closable(state: Locality, scheme: Scheme, period: str, now: Instant) -> None:
    """Do nothing if `period` of the scheme may be closed at the locality's time `now`.

    Raises:
        NotNow: the period is closed, not over, not a period that the scheme scores, or one that
            must come after it is closed already, or one that must come before it is not.
    """
    try:
        kind, end = cal.period_kind(period), scheme.over(period)
    except cal.CalendarError as error:
        raise NotNow(str(error), "NO_SUCH_PERIOD") from error
    closed = state.closes.get(scheme.slug, {})
    if kind not in scheme.closable:
        raise NotNow(f"scheme {scheme.slug} scores no {kind}", "NO_SUCH_PERIOD")
    if period in closed:
        raise NotNow(f"{period} is closed already", "CLOSED_ALREADY")
    if now < end:
        holding = [source for source, until in state.sources.items() if until < end]
        held = f"; the watermark of {', '.join(holding)} holds it" if holding else ""
        raise NotNow(f"{period} is not over yet by the locality's time{held}", "PERIOD_NOT_OVER")
    if any(cal.period_kind(p) == kind and p > period for p in closed):
        raise NotNow(f"a period after {period} is closed already", "LATER_PERIOD_CLOSED")
    for longer in (p for p in closed if _LENGTHS.index(cal.period_kind(p)) > _LENGTHS.index(kind)):
        if cal.period_around(period, cal.period_kind(longer)) == longer:
            raise NotNow(
                f"{longer}, which contains {period}, is closed already", "LATER_PERIOD_CLOSED"
            )
    for before in _must_be_closed(scheme, period, kind, closed):
        if before not in closed:
            raise NotNow(f"{before} must be closed before {period}", "EARLIER_PERIOD_OPEN")


def _must_be_closed(
    scheme: Scheme, period: str, kind: cal.PeriodKind, closed: Collection[str]
) -> Iterator[str]:
    """Yield the periods before this one and, of shorter kinds, within it: no gap after the first.

    Which period of a kind is closed first is free: a locality may begin at any time.
    """
    if any(cal.period_kind(p) == kind for p in closed):
        yield cal.previous_period(period)
    for shorter in _LENGTHS:
        if shorter not in scheme.closable or shorter == kind:
            continue
        first = min((p for p in closed if cal.period_kind(p) == shorter), default=None)
        if first is not None and _LENGTHS.index(shorter) < _LENGTHS.index(kind):
            yield from (p for p in cal.sub_periods(period, shorter) if p >= first)


_LENGTHS: tuple[cal.PeriodKind, ...] = ("day", "week", "month", "quarter", "year")
