"""Which nodes an entry touches beyond those that read it: by a unit, a clock, a close."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from envrules import calendar as cal
from envrules.engine.duty import cycles_ended
from envrules.engine.nodes import (
    Node,
    indicator_node,
    issue_node,
    list_node,
    score_node,
    sequence_node,
)
from envrules.engine.registry import FOREVER
from envrules.engine.routing import Library, Routing
from envrules.engine.settling import Settling
from envrules.engine.state import State
from envrules.model.base import Instant
from envrules.model.entries import Closed
from envrules.model.events import (
    Event,
    Exemption,
    UnitDeclared,
    UnitMerged,
    UnitRenamed,
    UnitSplit,
)


class Touched:
    """Finds the nodes of one locality that something concerns which they do not read."""

    def __init__(
        self, state: State, library: Library, routing: Routing, settling: Settling
    ) -> None:
        self.state = state
        self._library, self._routing, self._settling = library, routing, settling

    def of_scheme(self, scheme: str) -> Iterator[str]:
        """Yield all nodes of a scheme, some twice."""
        return self.state.each_with_prefix(f"{scheme}\n")

    def of_record(self, event: Event) -> set[str]:
        """Return the nodes that a unit's or an exemption's event may concern."""
        payload = event.payload
        units: tuple[str, ...] = ()
        issues: tuple[str, ...] = ()
        match payload:
            case UnitDeclared() | UnitRenamed():
                units = (payload.unit,)
            case UnitMerged():
                units = (*payload.units, payload.into)
            case UnitSplit():
                units = (payload.unit, *payload.into)
            case Exemption():
                units, issues = payload.units, payload.issues
            case _:
                pass
        if isinstance(payload, Exemption) and not units and not issues:
            return {k for s in self.state.locality.bindings for k in self.of_scheme(s)}
        if not isinstance(payload, Exemption):
            # Who answers for a unit's issues, and by which name, changes with its successors.
            registry = self._settling.records.as_of(FOREVER)[0]
            known = registry.before(units)
            if not isinstance(payload, UnitRenamed):
                known = registry.below(known)  # What units above are told changes with them.
            units = tuple(sorted(known))
        keys = {key for unit in units for key in self.state.keys_of_unit(unit)}
        if not isinstance(payload, UnitRenamed | Exemption):
            keys |= self._issued_by(units)
        keys |= {node.key() for node in self.cycles(0, frozenset(units))}
        if not isinstance(payload, Exemption):
            keys |= {key for slug in self.state.locality.bindings for key in self.sequences(slug)}
        for issue in issues:
            keys |= self._routing.readers_of(issue)
            keys |= {issue_node(slug, issue).key() for slug in self.state.locality.bindings}
        return keys

    def _issued_by(self, units: Collection[str]) -> set[str]:
        """Return the issues on which one of these units may have issued a slip, by its type.

        All of them: which ones is not kept, and such units are few and seldom declared.
        """
        types = self._settling.records.types(units)
        keys: set[str] = set()
        for slug, binding in self.state.locality.bindings.items():
            direct = self._library(slug, binding.revision).lifecycle.direct_issue
            if any(types & organs for organs in direct.values()):
                keys.update(self.state.keys_with_prefix(issue_node(slug, "").key()))
        return keys

    def sequences(self, slug: str) -> set[str]:
        """Return the nodes of a scheme's orders, which read the registry alone."""
        scheme = self._library(slug, self.state.locality.bindings[slug].revision)
        return {sequence_node(slug, item.id).key() for item in scheme.sequences}

    def cycles(self, before: Instant, units: frozenset[str] | None = None) -> Iterator[Node]:
        """Yield the duties (of these units) whose cycle has ended since `before`.

        A closed period's are those of the rules that were frozen with it.
        """
        locality = self.state.locality
        for slug, binding in locality.bindings.items():
            zone = self._library(slug, binding.revision).timezone
            closed = {
                revision for period, (_, revision, _) in locality.closes.get(slug, {}).items()
                if cal.period_bounds(zone, period)[1] > before
            }  # fmt: skip
            for revision in sorted({binding.revision, *closed}):
                bench = self._settling.bench(self._library(slug, revision))
                for node in cycles_ended(bench, before, locality.tick, units):
                    if (self._routing.frozen(node) or binding.revision) == revision:
                        yield node

    def by_close(self, entry: Closed, seq: int) -> set[str]:
        """Return the nodes of the period that is closed at this place of the log."""
        binding = self.state.locality.bindings[entry.scheme]
        scheme = self._library(entry.scheme, binding.revision)
        kind = cal.period_kind(entry.period)
        start, end = cal.period_bounds(scheme.timezone, entry.period)
        dirty: set[str] = set()
        for score in scheme.scores:
            if score.period != kind:
                continue
            prefix = "\n".join((scheme.slug, "score", score.id, entry.period, ""))
            dirty.update(self.state.keys_with_prefix(prefix))
            for unit in self._settling.records.as_of(seq)[0].of_types(score.units, start, end):
                dirty.add(score_node(scheme.slug, score.id, entry.period, unit.id).key())
            dirty.add(list_node(scheme.slug, score.id, entry.period).key())
        for indicator in scheme.indicators:
            if indicator.period == kind:
                prefix = "\n".join((scheme.slug, "indicator", indicator.id, entry.period, ""))
                dirty.update(self.state.keys_with_prefix(prefix))
                for unit in self._settling.records.as_of(seq)[0].of_types(
                    indicator.units, start, end
                ):
                    node = indicator_node(scheme.slug, indicator.id, entry.period, unit.id)
                    dirty.add(node.key())
        return dirty
