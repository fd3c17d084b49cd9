"""The slips that a period's report tells of: those given in it, and earlier ones still open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from envrules.engine.nodes import issue_node, parse_node
from envrules.engine.projection import Projection
from envrules.model.base import Instant
from envrules.model.decisions import Decision, decode_decision
from envrules.store import DecisionRow, Store

_BEGINNING: Instant = -(1 << 62)
_TOGETHER = 512
"""Slots whose versions are read together."""


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
    ) -> Iterator[tuple[Decision, list[str]]]:
        """Yield the slips given in a span, and earlier ones with issues that wait at its end.

        Each with those of its issues that do, in order of time. A year may have tens of thousands,
        which are kept as they are stored until their turn comes.
        """
        if self.is_past:
            slots = set(self.store.slip_slots(self.locality, self.scheme, _BEGINNING, span[1]))
        else:
            slots = {*self.store.slip_slots(self.locality, self.scheme, *span), *self._of(waiting)}
        found: list[tuple[Instant, str, bytes, list[str]]] = []
        for row in self._standing(sorted(slots)):
            on_it = []
            if waiting:
                issues = decode_decision(row.payload).content.issues
                on_it = [issue for issue in issues if issue in waiting]
            if span[0] <= row.at < span[1] or (row.at < span[0] and on_it):
                found.append((row.at, row.slot, row.payload, on_it))
        for _, _, payload, on_it in sorted(found):
            yield decode_decision(payload), on_it

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

    def _standing(self, slots: Iterable[str]) -> Iterator[DecisionRow]:
        """Yield the last version of each slip, unless that has revoked it."""
        left = iter(slots)
        while some := list(islice(left, _TOGETHER)):
            for versions in self.store.slot_histories(self.locality, some).values():
                known = [row for row in versions if row.log_seq <= self.known_at]
                if known and known[-1].kind == "slip" and known[-1].change != "revoke":
                    yield known[-1]
