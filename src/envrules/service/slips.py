"""The slips that a period's report tells of: those given in it, and earlier ones still open."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from envrules.engine.nodes import issue_node, parse_node
from envrules.engine.projection import Projection
from envrules.model.base import Instant
from envrules.model.decisions import Decision, decode_decision
from envrules.store import Store

_BEGINNING: Instant = -(1 << 62)


@dataclass(frozen=True)
class Slips:
    """Finds the slips of a scheme in a locality, as known at a log entry."""

    store: Store
    locality: str
    scheme: str
    projection: Projection
    known_at: int
    is_past: bool
    """Whether that entry was asked for: what has since been taken off slips was on them then."""

    def told(
        self, span: tuple[Instant, Instant], waiting: Collection[str]
    ) -> list[tuple[Decision, list[str]]]:
        """Return the slips given in a span, and earlier ones with issues that wait at its end.

        Each with those of its issues that do, in order of time.
        """
        if self.is_past:
            slots = set(self.store.slip_slots(self.locality, self.scheme, _BEGINNING, span[1]))
        else:
            slots = {*self.store.slip_slots(self.locality, self.scheme, *span), *self._of(waiting)}
        found: list[tuple[Decision, list[str]]] = []
        for slip in self._standing(sorted(slots)):
            on_it = [issue for issue in slip.content.issues if issue in waiting]
            at = slip.content.at
            if span[0] <= at < span[1] or (at < span[0] and on_it):
                found.append((slip, on_it))
        return sorted(found, key=lambda one: (one[0].content.at, one[0].content.slot.key()))

    def _of(self, issues: Iterable[str]) -> set[str]:
        """Return the slots of the issues' own nodes and of the merged slips that they are on."""
        state = self.projection.state
        keys = [issue_node(self.scheme, issue).key() for issue in issues]
        state.load_nodes(keys)
        slips = {
            target for key in keys for target in state.node(key).targets
            if parse_node(target).kind == "slip"
        }  # fmt: skip
        state.load_nodes(sorted(slips))
        return {slot for key in (*keys, *slips) for slot in state.node(key).slots}

    def _standing(self, slots: Iterable[str]) -> Iterable[Decision]:
        """Yield the last version of each slip, unless that has revoked it."""
        for versions in self.store.slot_histories(self.locality, slots).values():
            known = [row for row in versions if row.log_seq <= self.known_at]
            if known and known[-1].kind == "slip" and known[-1].change != "revoke":
                yield decode_decision(known[-1].payload)
