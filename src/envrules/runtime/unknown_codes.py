"""The codes of a host that nobody has mapped yet, and the findings that wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from envrules.engine.unknown import Unknown, unknowns
from envrules.model.base import Instant
from envrules.model.entries import Arrived, decode_entry
from envrules.model.events import Event, IssueFound
from envrules.ruleset.compile import Scheme
from envrules.store import DecisionFilter, Store

_BATCH = 1000
_EXAMPLES = 3


@dataclass(frozen=True, order=True, slots=True)
class Waiting:
    """A finding that waits."""

    at: Instant
    name: str
    """Id of its event, or `event#finding`."""
    issue: str


@dataclass(slots=True)
class Findings:
    """The findings that wait for one code."""

    count: int = 0
    last: Instant = 0
    earliest: list[Waiting] = field(default_factory=list)
    """The first few of them, in order of time."""

    def add(self, found: Waiting) -> None:
        """Count a finding."""
        self.count += 1
        self.last = max(self.last, found.at)
        self.earliest = sorted((*self.earliest, found))[:_EXAMPLES]


def unknown_codes(store: Store, locality: str, scheme: Scheme) -> dict[Unknown, Findings]:
    """Return what keeps findings parked because the scheme, as it is now, cannot read it.

    Only findings whose parking stands are counted: what is withdrawn or mapped is gone. One that
    is parked in a closed period counts until its code is mapped, though it stays parked there.
    """
    found: dict[Unknown, Findings] = {}
    for unknown, waiting in _waiting(store, locality, scheme):
        found.setdefault(unknown, Findings()).add(waiting)
    return dict(sorted(found.items()))


def _waiting(store: Store, locality: str, scheme: Scheme) -> Iterator[tuple[Unknown, Waiting]]:
    """Yield each finding that is parked, once, with each thing in it that nobody knows."""
    seen: set[str] = set()  # a finding may be parked as an issue and in several scores
    for name, event in _parked(store, locality, scheme.slug):
        if name in seen:
            continue
        seen.add(name)
        issue = event.payload.issue if isinstance(event.payload, IssueFound) else ""
        for finding, unknown in unknowns(scheme, event):
            if finding == name.partition("#")[2]:
                yield unknown, Waiting(event.occurred_at, name, issue)


def _parked(store: Store, locality: str, scheme: str) -> Iterator[tuple[str, Event]]:
    """Yield what is parked, as it stands: event id or `event#finding`, and the event."""
    wanted = DecisionFilter(outcome="parked", scheme=scheme, current_only=True)
    after = 0
    while rows := store.decisions(locality, after, _BATCH, wanted):
        after = rows[-1].decision_seq
        names = [row.slot.rpartition("\n")[2] for row in rows]  # what ties the decision down
        stored = store.event_rows(locality, {name.partition("#")[0] for name in names})
        for name in names:
            row = stored.get(name.partition("#")[0])
            entry = decode_entry(row.payload) if row is not None else None
            if isinstance(entry, Arrived):
                yield name, entry.event
