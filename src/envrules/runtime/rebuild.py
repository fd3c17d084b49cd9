"""Rebuild: drop all derived state of a locality and project its log again, to the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from envrules.engine.memory import MemoryLocality
from envrules.engine.projection import Library
from envrules.model.base import Instant
from envrules.model.decisions import Decision, decode_decision
from envrules.model.entries import decode_entry
from envrules.runtime.leases import Leases
from envrules.runtime.projector import Projector, skips
from envrules.store import Store


class RebuildDiffers(Exception):
    """The log projects to other decisions than those emitted: the code or data has changed."""


def rebuild(
    store: Store, locality: str, library: Library, clock: Callable[[], Instant]
) -> tuple[str, str]:
    """Drop and rebuild; return the digest of all derived state before and after.

    Emitted decisions are compared, never rewritten: first the log is replayed aside, and if it
    decides anything else, RebuildDiffers says where they part and nothing is dropped.
    """
    _compare(store, locality, library)
    before = store.derived_digest(locality)
    store.drop_derived(locality)
    with Leases(store) as leases:
        projector = Projector(
            store, locality, library, leases, clock, lambda _locality, _position: None
        )
        while projector.step():
            pass
        projector.stop()
    return before, store.derived_digest(locality)


def _compare(store: Store, locality: str, library: Library) -> None:
    """Replay up to where the locality is projected and compare every decision."""
    position = store.projection(locality).position
    skipped = skips(store, locality, 0)
    aside = MemoryLocality(locality, library)
    emitted = _emitted(store, locality)
    after = 0
    while after < position and (rows := store.read_log(locality, after, 1000)):
        after = rows[-1].seq
        for row in rows:
            if row.seq > position:
                break
            for decision in aside.append(decode_entry(row.payload), apply=row.seq not in skipped):
                _same(next(emitted, None), decision)
    leftover = next(emitted, None)
    if leftover is not None:
        raise RebuildDiffers(
            f"decision {leftover.id} ({leftover.content.reason}) is not decided again"
        )


def _same(old: Decision | None, new: Decision) -> None:
    if old is None:
        raise RebuildDiffers(f"the replay decides {new.id} ({new.content.reason}) besides")
    if old != new:
        raise RebuildDiffers(
            f"decision {old.decision_seq} was {old.id} ({old.content.reason}), and is now {new.id} "
            f"({new.content.reason})"
        )


def _emitted(store: Store, locality: str) -> Iterator[Decision]:
    after = 0
    while rows := store.decisions(locality, after, 1000):
        yield from (decode_decision(row.payload) for row in rows)
        after = rows[-1].decision_seq
