"""What waits for somebody today: approvals, appeals, unread codes, gaps in ledgers, limits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta

from envrules import calendar as cal
from envrules.engine.projection import Projection
from envrules.engine.registry import Registry
from envrules.engine.rungs import show_time
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Content, decode_decision
from envrules.model.entries import Arrived, decode_entry
from envrules.model.events import AppealDecided, AppealFiled
from envrules.runtime.unknown_codes import unknown_codes
from envrules.store import DecisionFilter, DecisionRow
from envrules.workbench.desk import Desk

_BATCH = 1000


class Waiting(Frozen):
    """A decision that waits, or that somebody should look at."""

    id: str
    title: str
    unit: str
    reason: str
    when: str
    """When it became true, or when its limit ends."""
    publication: str
    issues: str = ""
    """The cases that it is about."""


class Appeal(Frozen):
    """An appeal that nobody has decided."""

    unit: str
    about: str
    when: str


class Code(Frozen):
    """A code of the host that keeps findings waiting."""

    scheme: str
    what: str
    count: int
    examples: str


class Todo(Frozen):
    """One locality's list for one day."""

    day: str
    time: str
    """The locality's own time."""
    approvals: tuple[Waiting, ...]
    appeals: tuple[Appeal, ...]
    codes: tuple[Code, ...]
    ledgers: tuple[Waiting, ...]
    limits: tuple[Waiting, ...]
    stall: str
    """Why the locality is not judged any further; empty: it is."""


class PendingAppeals:
    """The appeals of each locality that are pending; reads on in the log where it stopped."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._read: dict[str, tuple[int, dict[str, tuple[AppealFiled, Instant]]]] = {}
        self._turn = threading.Lock()

    def of(self, locality: str) -> list[tuple[AppealFiled, Instant]]:
        """Return the pending appeals, and when each was filed."""
        with self._turn:
            after, pending = self._read.get(locality, (0, {}))
            while rows := self._desk.store.read_log(locality, after, _BATCH):
                after = rows[-1].seq
                for row in rows:
                    # Most events are about something else: do not read them for that.
                    if row.kind == "event" and b"appeal_" in row.payload:
                        _note(pending, row.payload)
            self._read[locality] = after, pending
            return sorted(pending.values(), key=lambda found: found[1])


def _note(pending: dict[str, tuple[AppealFiled, Instant]], payload: bytes) -> None:
    entry = decode_entry(payload)
    if isinstance(entry, Arrived) and isinstance(entry.event.payload, AppealFiled):
        pending[entry.event.payload.appeal] = entry.event.payload, entry.event.occurred_at
    elif isinstance(entry, Arrived) and isinstance(entry.event.payload, AppealDecided):
        pending.pop(entry.event.payload.appeal, None)


def todo(desk: Desk, appeals: PendingAppeals, locality: str) -> Todo:
    """Return what waits in a locality. Raises NotFound."""
    _, projection, _ = desk.runtime.locality(locality)
    place, now = desk.place(locality), desk.now(locality)
    judged = desk.runtime.projection(locality)
    day, zone = cal.local_date(place.timezone, now), place.timezone

    def waiting(found: DecisionFilter) -> tuple[Waiting, ...]:
        return tuple(
            _waiting(row, content, judged.registry, show_time(zone, content.at))
            for row in _rows(desk, locality, found)
            for content in [decode_decision(row.payload).content]
        )

    proposed = DecisionFilter(publication=("proposed", "approved"), current_only=True)
    gaps = DecisionFilter(outcome="incomplete", kind="lifecycle", current_only=True)
    return Todo(
        day.isoformat(), show_time(zone, now),
        approvals=waiting(proposed),
        appeals=tuple(_appeal(one, at, judged.registry, zone) for one, at in appeals.of(locality)),
        codes=tuple(_codes(desk, locality, [b.scheme for b in place.bound])),
        ledgers=waiting(gaps),
        limits=tuple(
            _waiting(row, content, judged.registry, when)
            for when, row, content in sorted(_ending(desk, locality, judged, zone, day), key=_first)
        ),
        stall="" if projection.stalled_seq is None
        else f"第 {projection.stalled_seq} 条记录无法判定：{projection.stalled_reason}",
    )  # fmt: skip


def _rows(desk: Desk, locality: str, wanted: DecisionFilter) -> Iterator[DecisionRow]:
    after = 0
    while rows := desk.store.decisions(locality, after, _BATCH, wanted):
        yield from rows
        after = rows[-1].decision_seq


def _ending(
    desk: Desk, locality: str, judged: Projection, zone: str, day: date
) -> Iterator[tuple[str, DecisionRow, Content]]:
    """Yield what runs out on a day, at 24:00 at the latest, and has not yet; and when.

    What decides it asked to be judged again by then; of all that ever ran most is over.
    """
    begin, end = cal.local_instant(zone, day), cal.local_instant(zone, day + timedelta(days=1))
    nodes = judged.state.load_nodes(judged.state.keys_due(end + 1)).values()
    slots = [slot for node in nodes for slot, known in node.slots.items() if known.holds]
    for history in desk.store.slot_histories(locality, slots).values():
        row = history[-1]
        if row.outcome == "running" and row.kind in ("deadline", "duty"):
            content = decode_decision(row.payload).content
            if content.due is not None and begin < content.due <= end:
                yield cal.limit_text(zone, content.due), row, content


def _first(ending: tuple[str, DecisionRow, Content]) -> tuple[str, int]:
    when, row, _ = ending
    return when, row.decision_seq


def _waiting(row: DecisionRow, content: Content, registry: Registry, when: str) -> Waiting:
    unit = registry.title(content.unit, content.at) if content.unit else ""
    return Waiting(
        row.id,
        content.title,
        unit,
        content.reason,
        when,
        content.publication,
        "、".join(content.issues),
    )


def _appeal(one: AppealFiled, at: Instant, registry: Registry, timezone: str) -> Appeal:
    parts = one.target.split("\n")
    about = f"{parts[1]}（{parts[3]}）" if len(parts) == 4 else one.target
    return Appeal(
        registry.title(one.unit, at), f"申诉 {one.appeal}：{about}", show_time(timezone, at)
    )


def _codes(desk: Desk, locality: str, schemes: list[str]) -> Iterator[Code]:
    for slug in schemes:
        binding = desk.runtime.locality(locality)[2].bindings[slug]
        scheme = desk.runtime.library(slug, binding.revision)
        for unknown, found in unknown_codes(desk.store, locality, scheme).items():
            examples = "、".join(w.issue or w.name for w in found.earliest)
            what = f"地点 {unknown.place}" if unknown.place else str(unknown.code)
            yield Code(slug, what, found.count, examples)
