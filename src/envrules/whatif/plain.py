"""Which units' sightings are plain: where columns alone say what they come to.

Plain is a unit that is there throughout, once declared, and exempt from nothing; whose sightings
are neither withdrawn nor disputed nor late for a close, see no issue twice in one assessment and
none that is taken out. All else is told apart, for the exact engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from envrules import calendar as cal
from envrules.engine.context import CONTEXT_PAYLOADS, Records
from envrules.engine.nodes import parse_node
from envrules.engine.readers import target_of
from envrules.engine.registry import FOREVER
from envrules.engine.routing import OUT_MOVES
from envrules.model.base import Instant
from envrules.model.entries import Act, Arrived, Closed, Entry, Published
from envrules.model.events import Event, Exemption, IssueMoved, UnitDeclared, UnitRenamed
from envrules.whatif.columnar import Sighted, sight
from envrules.whatif.parquet import polars

Key = tuple[str, str]
"""Period and unit."""


@dataclass(frozen=True)
class Facts:
    """What of a log is read whole: all but the sightings, each with its place."""

    entries: Sequence[tuple[int, Entry]]
    scheme: str
    records: Records = field(init=False)

    def __post_init__(self) -> None:
        known = (e for e in self.events if isinstance(e.payload, CONTEXT_PAYLOADS))
        object.__setattr__(self, "records", Records(known))

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events, in the order of the log."""
        return tuple(
            replace(e.event, seq=seq) for seq, e in self.entries
            if isinstance(e, Arrived) and seq not in self.skipped
        )  # fmt: skip

    @cached_property
    def skipped(self) -> frozenset[int]:
        """Log entries that operators' acts pass over."""
        return frozenset(
            e.target_seq for _, e in self.entries if isinstance(e, Act) and e.action == "skip"
        )

    @cached_property
    def closes(self) -> Mapping[str, int]:
        """Closed period of the scheme → the log entry that closed it."""
        found: dict[str, int] = {}
        bound = False
        for seq, entry in self.entries:
            if seq in self.skipped:
                continue
            if isinstance(entry, Published) and entry.scheme == self.scheme:
                bound = True
            elif bound and isinstance(entry, Closed) and entry.scheme == self.scheme:
                found.setdefault(entry.period, seq)
        return found

    @cached_property
    def targets(self) -> frozenset[str]:
        """Ids of the events that others are about."""
        named = {target_of(event.payload) for event in self.events}
        return frozenset(target for target in named if target and "\n" not in target)

    @cached_property
    def acted_on(self) -> frozenset[str]:
        """Nodes whose decisions somebody has acted on, or appealed against."""
        return frozenset(
            entry.node for _, entry in self.entries
            if isinstance(entry, Act | Arrived) and entry.node
        )  # fmt: skip

    @cached_property
    def taken_out(self) -> frozenset[str]:
        """Issues that somebody took out of judgement, or back into it."""
        return frozenset(
            e.payload.issue for e in self.events
            if isinstance(e.payload, IssueMoved) and e.payload.move in OUT_MOVES
        )  # fmt: skip

    @cached_property
    def steady(self) -> Mapping[str, tuple[int, Instant, Instant, str]]:
        """Unit → log entry, begin, end and type, of the units that are declared once for all."""
        declared: Counter[str] = Counter()
        found: dict[str, tuple[int, Instant, Instant, str]] = {}
        unsteady: set[str] = set()
        for event in self.records.events:
            payload = event.payload
            if isinstance(payload, UnitDeclared):
                declared[payload.unit] += 1
                since = event.occurred_at if payload.since is None else payload.since
                until = FOREVER if payload.until is None else payload.until
                found[payload.unit] = (event.seq, since, until, payload.type)
                if event.id in self.targets:
                    unsteady.add(payload.unit)
            elif not isinstance(payload, Exemption | UnitRenamed):
                unsteady.update(getattr(payload, "units", ()) or (getattr(payload, "unit", ""),))
                into = getattr(payload, "into", ())
                unsteady.update((into,) if isinstance(into, str) else into)
        return {u: known for u, known in found.items() if declared[u] == 1 and u not in unsteady}

    def free(self, unit: str, start: Instant, end: Instant) -> bool:
        """Return whether nothing exempts anything of the unit in this time."""
        return not any(
            given.since < end and given.until > start and (not given.units or unit in given.units)
            for given in self._exemptions
        )

    @cached_property
    def _exemptions(self) -> tuple[Exemption, ...]:
        return tuple(e.payload for e in self.records.events if isinstance(e.payload, Exemption))


def not_plain(
    log: Any, sighted: Sighted, facts: Facts, units: frozenset[str], name: tuple[str, str]
) -> set[Key]:  # fmt: skip
    """Return the periods and units of which columns alone do not say what they come to.

    Args:
        log: lazy frame of the log's columns.
        sighted: what columns have grouped of it.
        facts: what of it is read whole.
        units: types of unit that the figure is about.
        name: whether it is a `score` or an `indicator`, and its id.
    """
    places = set(_by_unit(sighted, facts, units))
    places |= _by_issue(sighted, facts)
    if sighted.reading.several in ("latest", "worst"):
        places |= _at_one_time(sighted)
    found = {(sighted.periods[period], unit) for period, unit in places}
    found |= _disputed(log, sighted, facts)
    for key in facts.acted_on:
        node = parse_node(key)
        if (node.kind, *node.parts[:1]) == name and node.scheme == facts.scheme:
            found.add((node.parts[1], node.parts[2]))
    return found


def _by_unit(sighted: Sighted, facts: Facts, units: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield where the unit is not steady, not there throughout, exempt, or a sighting came late."""
    pl = polars()
    seen = sighted.groups.group_by("period", "unit").agg(pl.col("last").max())
    bounds = [cal.period_bounds(sighted.reading.timezone, p) for p in sighted.periods]
    closes = [facts.closes.get(p, FOREVER) for p in sighted.periods]
    for period, unit, last in seen.iter_rows():
        start, end = bounds[period]
        known = facts.steady.get(unit)
        if known is not None:
            seq, since, until, kind = known
            there = kind in units and since <= start and until >= end and seq < closes[period]
            if there and last < closes[period] and facts.free(unit, start, end):
                continue
        yield period, unit


def _by_issue(sighted: Sighted, facts: Facts) -> set[tuple[int, str]]:
    """Return where an issue was seen twice in one assessment, or was taken out."""
    pl = polars()
    wrong = (pl.col("n") > 1) | pl.col("issue").is_in(sorted(facts.taken_out))
    return _places(sighted.issues.filter(wrong))


def _at_one_time(sighted: Sighted) -> set[tuple[int, str]]:
    """Return where two assessments began at one time, of which but one counts."""
    pl = polars()
    visits = sighted.groups.group_by("period", "unit", "inspection").agg(pl.col("at").min())
    return _places(visits.filter(pl.struct("period", "unit", "at").is_duplicated()))


def _places(frame: Any) -> set[tuple[int, str]]:
    return set(frame.select("period", "unit").unique().iter_rows())


def _disputed(log: Any, sighted: Sighted, facts: Facts) -> set[Key]:
    """Return where a sighting is withdrawn, or appealed against."""
    if not facts.targets:
        return set()
    pl = polars()
    about = log.filter(pl.col("event_id").is_in(sorted(facts.targets)))
    found = sight(about, sighted.reading, sighted.periods, ())
    return {(found.periods[p], unit) for p, unit in _places(found.groups)}


def plain(sighted: Sighted, exact: Collection[Key]) -> Any:
    """Return the groups that are not among the exact ones."""
    pl = polars()
    places = {period: place for place, period in enumerate(sighted.periods)}
    told = [(places[period], unit) for period, unit in exact if period in places]
    if not told:
        return sighted.groups
    schema = {"period": pl.Int16, "unit": pl.String}
    return sighted.groups.join(
        pl.DataFrame(told, schema=schema, orient="row"), on=["period", "unit"], how="anti"
    )
