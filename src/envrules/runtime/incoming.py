"""Events as they come in: what of each goes into the log, and what its sender gets for it."""

from __future__ import annotations

from envrules.model.base import Frozen, digest
from envrules.model.decisions import decode_decision
from envrules.model.entries import encode_arrived
from envrules.model.events import AppealDecided, AppealFiled, Event, encode_event
from envrules.store import NewEntry, Store


class Receipt(Frozen):
    """What became of a submitted event. `stored` means: durably, at place `seq` of the log."""

    event_id: str
    seq: int
    stored: bool
    """False for an event that was there already: `seq` is then the first one's."""
    conflict: bool = False
    """The id is known with other content; nothing was stored."""


def entry_of(store: Store, locality: str, event: Event, by: str) -> NewEntry:
    """Return the log entry of an event that `by` has submitted."""
    content = encode_event(event)
    if isinstance(event.payload, AppealFiled | AppealDecided):
        payload = encode_arrived(content, by, *_disputed(store, locality, event.payload.target))
    else:
        payload = encode_arrived(content, by)
    return NewEntry("event", payload, event.id, digest(content).encode(), by)


def _disputed(store: Store, locality: str, target: str) -> tuple[str, tuple[str, ...]]:
    """An appeal against a decision names its slot; it is read by the node that decided.

    The node, and the issues on a slip, go into the log, so that the replay needs no look at
    what was decided.
    """
    if "\n" not in target:  # an event, or a finding of one
        return "", ()
    history = store.slot_history(locality, target)
    if not history:
        return "", ()
    return history[-1].node, decode_decision(history[-1].payload).content.served
