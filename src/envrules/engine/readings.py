"""What an indicator reads of one unit and period: a tally, what it rests on, what does not count.

The close freezes what was known at its log entry, units and exemptions included. What an upheld
appeal struck out is left out whenever that was decided, and may be measured anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from envrules import calendar as cal
from envrules.engine.appeals import Appeals
from envrules.engine.aside import Aside, unfit
from envrules.engine.assessment import exempt_throughout
from envrules.engine.context import Close, live
from envrules.engine.judging import BandFeed, Bench, CountFeed, Inputs
from envrules.engine.registry import FOREVER
from envrules.engine.routing import OUT_MOVES
from envrules.kinds.indicators import (
    ComparedVisits,
    Counted,
    CountedBands,
    CountedDuties,
    CountedIssues,
    Indicator,
    Measured,
    Tally,
    Visits,
    among,
    count,
    visits,
)
from envrules.model.events import (
    Event,
    IndicatorMeasured,
    Inspection,
    IssueFound,
    IssueMoved,
    order_key,
)


@dataclass(slots=True)
class Taken:
    """What an indicator reads of one unit and period."""

    tally: Tally = None
    sources: list[str] = field(default_factory=list)
    """Ids of the events that the tally rests on, and of the decisions on appeals."""
    aside: list[Aside] = field(default_factory=list)
    won: frozenset[str] = frozenset()
    """What upheld appeals are about."""
    held: bool = False
    """An appeal that bears on the figure is pending (申诉中)."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Whose indicator, and what is known of it: the events in Order, up to a log entry."""

    bench: Bench
    indicator: Indicator
    period: str
    unit: str
    known: Sequence[Event]
    cut: int


def take(
    bench: Bench, indicator: Indicator, period: str, unit: str, inputs: Inputs, close: Close | None
) -> Taken:
    """Return what is known at the close; of an open period, only what does not count so far."""
    cut = close.seq if close is not None else FOREVER
    alive = live(inputs.events)
    appeals = Appeals(bench, unit, alive)
    won = appeals.won()
    known = live([event for event in inputs.events if event.seq <= cut])
    known = sorted((*known, *_again(alive, won, cut)), key=order_key)
    taken = Taken(
        sources=sorted({by for target, by in won.items() if "\n" not in target}),
        aside=[Aside(event, "rejected", why) for event, why in appeals.void],
        won=frozenset(won), held=bool(appeals.pending()),
    )  # fmt: skip
    place = _Place(bench, indicator, period, unit, [e for e in known if e.id not in won], cut)
    match indicator.origin:
        case Measured() as origin:
            _measured(place, origin, taken)
            taken.aside += _too_late(alive, {e.id for e in known})
        case ComparedVisits() if isinstance(inputs.tallied, Visits):
            taken.tally = inputs.tallied
        case ComparedVisits():
            _visits(place, taken)
        case CountedBands() as origin if close is not None:
            _count(list(_bands(place, origin, inputs)), origin.bands, taken)
        case CountedIssues() as origin:
            _count(among(_told(inputs), origin.of), origin.count, taken)
        case CountedDuties():
            _count(_told(inputs), frozenset({"met"}), taken)
    return taken


def _again(alive: Sequence[Event], won: Collection[str], cut: int) -> list[Event]:
    """Return what was measured after the close by organs whose figure an appeal struck out."""
    organs = {
        e.payload.organ for e in alive
        if isinstance(e.payload, IndicatorMeasured) and e.id in won
    }  # fmt: skip
    return [
        e for e in alive
        if e.seq > cut and isinstance(e.payload, IndicatorMeasured) and e.payload.organ in organs
    ]  # fmt: skip


# ── measured ──


def _measured(place: _Place, origin: Measured, taken: Taken) -> None:
    """Take the last figure that is acceptable."""
    measured = None
    for event in place.known:
        if not isinstance(event.payload, IndicatorMeasured):
            continue
        problem = _problem(place, origin, event, event.payload)
        if problem is None:
            measured, taken.tally = event, event.payload
        else:
            taken.aside.append(problem)
    if measured is not None:
        taken.sources.append(measured.id)


def _problem(
    place: _Place, origin: Measured, event: Event, given: IndicatorMeasured
) -> Aside | None:
    """Return why a figure is not accepted, or None."""
    title = place.indicator.citation.title
    start, end = cal.period_bounds(place.bench.scheme.timezone, place.period)
    registry, _ = place.bench.context.as_of(place.cut)
    if registry.life(given.unit, place.indicator.units, start, end) is None:
        if registry.knows(given.unit):
            return Aside(event, "rejected", f"{given.unit} 在 {place.period} 不是{title}的对象")
        return Aside(event, "parked", f"单位 {given.unit} 未登记")
    if given.period != place.period:
        reason = f"{title}按 {place.period} 这样的考核期报数，不能只报 {given.period}"
    elif origin.organ and given.organ != origin.organ:
        who = given.organ or "（未写单位）"
        reason = f"{title}由{origin.organ}报数，{who}报的不算"
    elif origin.form == "headcount" and given.numerator is None:
        reason = f"{title}须报实有人数和服务人数，不能只报一个数"
    elif origin.form == "value" and given.value is None:
        reason = f"{title}须报数值，不报分子、分母"
    elif min(given.numerator or _ZERO, given.denominator or _ZERO) < 0:
        reason = "分子、分母不能是负数"
    else:
        return None
    return Aside(event, "rejected", reason)


_ZERO = Decimal(0)


def _too_late(alive: Sequence[Event], known: Collection[str]) -> Iterator[Aside]:
    for event in alive:
        if isinstance(event.payload, IndicatorMeasured) and event.id not in known:
            reason = "该期已结账，其后报送的数值不再计入；原数值如有误，请走申诉"
            yield Aside(event, "too_late", reason)


# ── visits ──


def _visits(place: _Place, taken: Taken) -> None:
    """Count visits and what they found; an issue once in a visit, however it was reported."""
    registry, exemptions = place.bench.context.as_of(place.cut)
    announced: dict[str, bool] = {}
    found: set[tuple[str, str]] = set()
    for event in place.known:
        payload = event.payload
        if not isinstance(payload, Inspection | IssueFound):
            continue
        problem = unfit(event, place.unit, registry, exemptions, place.indicator.units)
        if problem is not None:
            taken.aside.append(problem)
            continue
        if isinstance(payload, Inspection):
            announced.setdefault(payload.inspection, payload.announced)
        found.update((payload.inspection, one) for one in _findings(event, taken.won))
        taken.sources.append(event.id)
    out = _taken_out(place.known)
    taken.sources += [move for issue, move in out.items() if any(one == issue for _, one in found)]
    taken.tally = visits(announced, (visit for visit, one in found if one not in out))


def _findings(event: Event, won: Collection[str]) -> Iterator[str]:
    """Yield what an event found, each by its issue if it has one: no duplicates, nothing struck."""
    if isinstance(event.payload, IssueFound) and not event.payload.duplicate_of:
        yield event.payload.issue
    elif isinstance(event.payload, Inspection):
        for finding in event.payload.findings:
            anchor = f"{event.id}#{finding.id}"
            if not finding.duplicate_of and anchor not in won:
                yield finding.issue or anchor


def _taken_out(events: Sequence[Event]) -> dict[str, str]:
    """Return the issues that were taken out of judgement, and by which event."""
    out: dict[str, str] = {}
    for event in events:
        if isinstance(event.payload, IssueMoved) and event.payload.move in OUT_MOVES:
            if event.payload.move == "called_back":
                out.pop(event.payload.issue, None)
            else:
                out[event.payload.issue] = event.id
    return out


# ── counted ──


def _count(things: Sequence[Counted], counting: frozenset[str], taken: Taken) -> None:
    taken.tally = count(things, counting)
    taken.sources += [event for thing in things for event in thing.events]


def _told(inputs: Inputs) -> list[Counted]:
    """Return what issues and duties had told by the close."""
    return [feed.counted for feed in inputs.told(closed=True) if isinstance(feed, CountFeed)]


def _bands(place: _Place, origin: CountedBands, inputs: Inputs) -> Iterator[Counted]:
    """Yield the units below that the indicator is about, each with its band if it has one.

    A unit that is exempt all through the period is in no denominator.
    """
    zone = place.bench.scheme.timezone
    start, end = cal.period_bounds(zone, place.period)
    registry, exemptions = place.bench.context.as_of(place.cut)
    feeds = {feed.unit: feed for feed in inputs.fed() if isinstance(feed, BandFeed)}
    for unit in registry.of_types(origin.units, start, end):
        last = min(unit.until, end) - 1
        if (
            any(above.id == place.unit for above in registry.lineage(unit.id, last)[1:])
            and all(unit.attributes.get(k) in values for k, values in origin.among.items())
            and not exempt_throughout(exemptions, unit.id, start, end)
        ):
            feed = feeds.get(unit.id)
            yield Counted(unit.id, (feed.band,), feed.events) if feed else Counted(unit.id, ())
