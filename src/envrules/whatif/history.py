"""The recorded history of one locality, as the replay takes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from envrules.engine.context import CONTEXT_PAYLOADS
from envrules.engine.registry import FOREVER
from envrules.model.base import Instant
from envrules.model.entries import Act, Arrived, Closed, Entry, Published, decode_entry
from envrules.runtime.library import Revision
from envrules.store import Store

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Thin:
    """What is known of a log of which some entries are not here."""

    places: Sequence[int]
    """Where the entries stand that are here."""
    position: int
    begun: Instant
    """When the first thing happened that is not about units."""


@dataclass(frozen=True, slots=True)
class History:
    """A log up to a place: entry n is the n-th, unless `thin` says otherwise."""

    locality: str
    entries: Sequence[Entry]
    revisions: dict[tuple[str, str], Revision] = field(default_factory=dict)
    """(scheme, revision) → the sources of what the log published."""
    thin: Thin | None = None
    """Where the entries stand in a log that is not all here; None: all of it is."""

    @property
    def position(self) -> int:
        """The last log entry."""
        return len(self.entries) if self.thin is None else self.thin.position

    def numbered(self) -> Iterator[tuple[int, Entry]]:
        """Yield the entries, each with its place."""
        places = range(1, len(self.entries) + 1) if self.thin is None else self.thin.places
        yield from zip(places, self.entries, strict=True)

    @property
    def skipped(self) -> frozenset[int]:
        """The log entries that operators' acts pass over."""
        return frozenset(
            e.target_seq for e in self.entries if isinstance(e, Act) and e.action == "skip"
        )

    @property
    def begun(self) -> Instant:
        """When the first thing happened that is not about units: no period before is judged."""
        if self.thin is not None:
            return self.thin.begun
        return min(
            (
                e.event.occurred_at for e in self.entries
                if isinstance(e, Arrived) and not isinstance(e.event.payload, CONTEXT_PAYLOADS)
            ),
            default=FOREVER,
        )  # fmt: skip

    def in_force(self, scheme: str) -> str | None:
        """Return the revision of a scheme in force at the end, or None if none was published."""
        found = None
        for entry in self.entries:
            if isinstance(entry, Published) and entry.scheme == scheme:
                found = entry.revision
        return found

    def source(self, scheme: str, revision: str) -> Revision:
        """Return the sources of a published revision."""
        return self.revisions[scheme, revision]

    def under(self, scheme: str, revision: str) -> list[tuple[int, Entry, bool]]:
        """Return the log as one scheme would have read it under one revision throughout.

        Each entry with its place before it, and after it whether it is applied. What concerns other schemes
        only is passed over, and so are later publications: there is but one revision.
        """
        skipped, bound = self.skipped, False
        found: list[tuple[int, Entry, bool]] = []
        for seq, entry in self.numbered():
            applied = seq not in skipped
            match entry:
                case Published():
                    applied = applied and entry.scheme == scheme and not bound
                    if applied:
                        bound, entry = True, Published(scheme, revision, at=entry.at)
                case Closed():
                    applied = applied and entry.scheme == scheme
                case Act():
                    applied = applied and (entry.slot is None or entry.slot.scheme == scheme)
                case Arrived() if entry.node and entry.node.partition("\n")[0] != scheme:
                    entry = Arrived(entry.event, entry.by)
                case _:
                    pass
            found.append((seq, entry, applied))
        return found


def from_store(store: Store, locality: str) -> History:
    """Return a locality's history up to where it is judged now.

    Raises:
        UnknownLocality: there is none.
    """
    position = store.projection(locality).position
    entries: list[Entry] = []
    while len(entries) < position:
        rows = store.read_log(locality, len(entries), min(_BATCH, position - len(entries)))
        entries += [decode_entry(row.payload) for row in rows]
    return History(locality, entries, revisions_of(store, entries))


def revisions_of(store: Store, entries: Iterable[Entry]) -> dict[tuple[str, str], Revision]:
    """Return the sources of every revision that the log publishes."""
    named = {(e.scheme, e.revision) for e in entries if isinstance(e, Published)}
    found: dict[tuple[str, str], Revision] = {}
    for scheme, revision in sorted(named):
        payload = store.get_revision(scheme, revision)
        assert payload is not None  # the log names only what was stored before
        found[scheme, revision] = Revision.decode(payload)
    return found
