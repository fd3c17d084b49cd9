"""The decisions of one period, as they were known at one place of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from envrules.engine.context import Close
from envrules.model.decisions import Decision, decode_decision
from envrules.model.entries import Closed
from envrules.service.host import Host
from envrules.service.standings_out import FIGURES
from envrules.store import DecisionFilter, DecisionRow


class PeriodDecisions:
    """Reads them from the store, or tries out what a close would decide. For one call."""

    def __init__(
        self, host: Host, locality: str, scheme: str, period: str, close: Close | None,
        known_at: int, *, is_present: bool,
    ) -> None:  # fmt: skip
        """`close` is None while the period is open; `is_present`: what is asked about is now."""
        self._runtime, self._locality = host.runtime, locality
        self._scheme, self._period, self._close = scheme, period, close
        self._known_at, self._is_present = known_at, is_present

    @cached_property
    def figures(self) -> Sequence[Decision]:
        """Scores, bands, ranks and lists: as decided, or as a close would decide them now."""
        if self._close is not None:
            latest = _latest(self._versions(FIGURES, self._close.seq))
            return [d for d in latest if d.content.slot.anchor == self._period]
        return self._preview() if self._is_present else ()

    @cached_property
    def by_unit(self) -> Mapping[str, Sequence[Decision]]:
        """The figures of each unit."""
        found: dict[str, list[Decision]] = {}
        for decision in self.figures:
            found.setdefault(decision.content.unit, []).append(decision)
        return found

    def latest(self, kinds: Sequence[str]) -> Iterator[Decision]:
        """Yield what holds of these kinds."""
        return _latest(self._versions(kinds, 1))

    def are_corrected(self) -> bool:
        """Return whether an appeal has changed a figure since the close."""
        assert self._close is not None
        first: dict[str, Decision] = {}
        for row in self._versions(("score",), self._close.seq):
            decision = decode_decision(row.payload)
            slot = decision.content.slot.key()
            before = first.setdefault(slot, decision)
            if before.content.points != decision.content.points:
                return True
        return False

    def _preview(self) -> list[Decision]:
        """Return what a close would decide now: one is tried out, and forgotten."""
        aside = self._runtime.projection(self._locality)
        decisions = aside.apply(self._known_at + 1, Closed(self._scheme, self._period))
        return [
            d for d in decisions
            if d.content.kind in FIGURES and d.content.slot.anchor == self._period
        ]  # fmt: skip

    def _versions(self, kinds: Sequence[str], since: int) -> Iterator[DecisionRow]:
        """Yield every version of the period's decisions emitted from log entry `since` on."""
        store = self._runtime.store
        filters = DecisionFilter(scheme=self._scheme, period=self._period, kind=kinds)
        after = store.emitted_by(self._locality, since - 1)
        while rows := store.decisions(self._locality, after, 1000, filters):
            yield from (row for row in rows if row.log_seq <= self._known_at)
            after = rows[-1].decision_seq


def _latest(versions: Iterable[DecisionRow]) -> Iterator[Decision]:
    """Yield the latest version of each slot, without those that no longer hold.

    A year has tens of thousands: they are kept as they are stored until their turn comes.
    """
    latest: dict[str, tuple[str, bytes]] = {}
    for row in versions:
        latest[row.slot] = row.change, row.payload
    return (decode_decision(payload) for change, payload in latest.values() if change != "revoke")
