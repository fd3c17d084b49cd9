"""A log judged from scratch, in memory, for one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from envrules.engine.memory import MemoryLocality
from envrules.model.base import Instant
from envrules.model.decisions import Decision
from envrules.model.entries import Arrived, Closed, Entry, Published, Tick
from envrules.model.events import AppealDecided, AppealFiled, Event, encode_event
from envrules.ruleset.compile import Scheme
from envrules.runtime.closing import check_closable
from envrules.runtime.errors import NotNow
from envrules.service.fields import Fields
from envrules.v1 import evaluation_service_pb2 as pb
from envrules.wire.events_in import read_event
from envrules.wire.limits import PROBLEM_LIMIT
from envrules.wire.problems import Invalid
from envrules.wire.times import format_instant


@dataclass(frozen=True)
class Close:
    """A close that was asked for: whether it may be is known only when its turn comes."""

    period: str


Given = Event | Tick | Close


def read_entries(entries: Sequence[pb.EvaluationEntry], fields: Fields) -> list[Given]:
    """Return the entries of a request."""
    found: list[Given] = []
    contents: dict[str, bytes] = {}
    last: Instant = 0
    for i, entry in enumerate(entries):
        path = f"entries[{i}]"
        match entry.WhichOneof("entry"):
            case "event":
                found += _event(f"{path}.event", entry, contents, fields)
            case "tick":
                now = fields.time(entry, "tick", f"{path}.tick")
                if now is not None:
                    if now < last:
                        since = format_instant(last)
                        fields.contradict(f"{path}.tick", f"goes back: it was {since} already",
                                          f"时间不得倒退，此前已是 {since}")  # fmt: skip
                    last = now
                    found.append(Tick(now))
            case "close_period":
                found.append(Close(fields.period(f"{path}.close_period", entry.close_period)))
            case _:
                fields.refuse(f"{path}.entry", "REQUIRED")
        if len(fields.problems) >= PROBLEM_LIMIT:
            break
    return found


def _event(
    path: str, entry: pb.EvaluationEntry, contents: dict[str, bytes], fields: Fields
) -> list[Given]:
    """Return the event, unless it is a repetition."""
    try:
        event = read_event(entry.event)
    except Invalid as error:
        fields.problems += error.under(path)
        return []
    content = encode_event(event)
    known = contents.setdefault(event.id, content)
    if known != content:
        fields.refuse(f"{path}.id", "ID_REUSED")
    return [event]


def evaluate(
    scheme: Scheme, given: Sequence[Given], goes_on: Callable[[], bool]
) -> MemoryLocality | None:
    """Return the locality after these entries; None if the caller has gone meanwhile.

    Raises:
        Refusal: a period may not be closed when its turn comes.
    """
    locality = MemoryLocality("", lambda _slug, _revision: scheme)
    locality.append(Published(scheme.slug, scheme.revision))
    for i, item in enumerate(given):
        if i % 100 == 0 and not goes_on():
            return None
        if isinstance(item, Close):
            _check_close(locality, scheme, item.period, i)
        locality.append(_entry(locality, scheme, item))
    return locality


def _entry(locality: MemoryLocality, scheme: Scheme, item: Given) -> Entry:
    match item:
        case Close():
            return Closed(scheme.slug, item.period)
        case Tick():
            return item
    if isinstance(item.payload, AppealFiled | AppealDecided):
        return Arrived(item, "", *_disputed(locality, item.payload.target))
    return Arrived(item)


def _disputed(locality: MemoryLocality, target: str) -> tuple[str, tuple[str, ...]]:
    """Return the node that decided the slot that an appeal disputes, if it does, and its issues."""
    decided = reversed(locality.state.changes.decisions)
    return next(
        ((node, d.content.served) for d, node in decided if d.content.slot.key() == target),
        ("", ()),
    )


def _check_close(locality: MemoryLocality, scheme: Scheme, period: str, i: int) -> None:
    state = locality.state.locality
    try:
        check_closable(state, scheme, period, state.tick)
    except NotNow as error:
        fields = Fields()
        fields.contradict(f"entries[{i}].close_period", str(error), "此时不能结账")
        fields.done()


def standing_now(locality: MemoryLocality) -> list[Decision]:
    """Return what holds, in the order in which it was emitted."""
    return sorted(locality.effective().values(), key=lambda decision: decision.decision_seq)
