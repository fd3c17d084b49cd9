"""Whether a period may be closed now."""

from __future__ import annotations

from envrules import calendar as cal
from envrules.engine.state import Locality
from envrules.model.base import Instant
from envrules.ruleset.compile import Scheme
from envrules.runtime.errors import NotNow


def check_closable(state: Locality, scheme: Scheme, period: str, now: Instant) -> None:
    """Do nothing if `period` of the scheme may be closed at the locality's time `now`.

    Raises:
        NotNow: the period is closed, not over, not a period that the scheme scores, or one that
            must come after it is closed already.
    """
    try:
        kind, (_, end) = cal.period_kind(period), cal.period_bounds(scheme.timezone, period)
    except cal.CalendarError as error:
        raise NotNow(str(error), "NO_SUCH_PERIOD") from error
    closed = state.closes.get(scheme.slug, {})
    if kind not in {score.period for score in scheme.scores}:
        raise NotNow(f"scheme {scheme.slug} scores no {kind}", "NO_SUCH_PERIOD")
    if period in closed:
        raise NotNow(f"{period} is closed already", "CLOSED_ALREADY")
    if now < end:
        holding = [source for source, until in state.sources.items() if until < end]
        held = f"; the watermark of {', '.join(holding)} holds it" if holding else ""
        raise NotNow(f"{period} is not over yet by the locality's time{held}", "PERIOD_NOT_OVER")
    later = [p for p in closed if cal.period_kind(p) == kind and p > period]
    if later:
        raise NotNow(
            f"{min(later)} is closed already: periods are closed in order", "LATER_PERIOD_CLOSED"
        )
    for longer in (p for p in closed if cal.period_kind(p) != kind):
        start, stop = cal.period_bounds(scheme.timezone, longer)
        if start < end <= stop:
            raise NotNow(
                f"{longer}, which contains {period}, is closed already", "LATER_PERIOD_CLOSED"
            )
