"""The difference between what the host's tables say and what has been sent.

Each event has a key, and a version of it: when its row says something else, the version sent
before is withdrawn and the next one goes out under an id of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from envrules.v1 import events_pb2 as pb
from envrules_grid_platform.fields import TableName
from envrules_grid_platform.translate import Draft


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of an event's key."""

    key: str
    about: str
    """Case number, or `unit:<code>`."""
    version: int
    fingerprint: str
    """Of the content sent."""
    occurred: int
    """Microseconds UTC."""
    live: bool
    """Not withdrawn."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An event to be sent."""

    key: str
    table: TableName
    row: str
    event: pb.Event
    withdraws: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to be sent, and what is known afterwards."""

    letters: list[Letter]
    sent: list[Sent]
    """Only what changed."""


def difference(
    about: str, drafts: Iterable[Draft], known: Mapping[str, Sent], source: str
) -> Difference:
    """Return how to get from what was sent about a case or unit to its drafts.

    Args:
        about: the case number, or `unit:<code>`.
        drafts: all events that its rows ask for now.
        known: what was sent about it, and under the keys of the drafts, by key.
        source: the start of all event ids.
    """
    out = Difference([], [])
    wanted = {draft.key: draft for draft in drafts}
    now = dict(known)
    # What an appeal is against comes before it: its version is part of the appeal's content.
    for draft in sorted(wanted.values(), key=lambda draft: bool(draft.targets)):
        event = pb.Event()
        event.CopyFrom(draft.event)
        if draft.targets:
            payload = event.appeal_filed if event.HasField("appeal_filed") else event.appeal_decided
            payload.target = event_id(source, draft.targets, now[draft.targets].version)
        before = known.get(draft.key)
        now[draft.key] = after = _next(about, draft.key, event, before)
        if after is before:
            continue
        event.id = event_id(source, draft.key, after.version)
        letters = [Letter(draft.key, draft.table, draft.row, event)]
        if before is not None and before.live:
            gone = _withdrawn(source, before, draft.table, draft.row)
            letters = [*letters, gone] if draft.overlaps else [gone, *letters]
        out.letters.extend(letters)
        out.sent.append(after)
    for key, before in known.items():
        if before.live and before.about == about and key not in wanted:
            table, _, row = key.partition(":")
            out.letters.append(_withdrawn(source, before, table, row))  # type: ignore[arg-type]  # keys begin so
            out.sent.append(replace(before, live=False))
    return out


def _next(about: str, key: str, event: pb.Event, before: Sent | None) -> Sent:
    """Return what is known of a key once this content is sent."""
    # Maps are sorted, too. Were a later protobuf to write it otherwise, the event would go out once
    # more under its next version: work, but nothing wrong.
    print_ = hashlib.sha256(event.SerializeToString(deterministic=True)).hexdigest()
    if before is not None and before.live and before.fingerprint == print_:
        return before
    version = 1 if before is None else before.version + 1
    return Sent(key, about, version, print_, event.occurred_at.ToMicroseconds(), live=True)


def _withdrawn(source: str, before: Sent, table: TableName, row: str) -> Letter:
    target = event_id(source, before.key, before.version)
    event = pb.Event(
        id=f"{target}~void", source=source,
        event_withdrawn=pb.EventWithdrawn(target=target, reason="平台更正"),
    )  # fmt: skip
    event.occurred_at.FromMicroseconds(before.occurred)
    return Letter(before.key, table, row, event, withdraws=True)


def event_id(source: str, key: str, version: int) -> str:
    """Return the id of one version of an event."""
    return f"{source}:{key}" if version == 1 else f"{source}:{key}~{version}"
