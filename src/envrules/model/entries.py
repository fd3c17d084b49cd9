"""Log entries: everything that a decision may depend on is one of these five."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Slot
from envrules.model.events import Event


class Tick(Frozen, tag_field="@", tag="tick"):
    """Time goes on: deadlines up to min(`now`, all watermarks) may fire."""

    now: Instant
    """The wall clock when the entry was written, or less if too much would fall due at once."""
    source: str = ""
    """Source whose watermark this sets."""
    until: Instant | None = None
    """The source has delivered all its events up to here; None: it holds nothing back any more."""


class Published(Frozen, tag_field="@", tag="published"):
    """From this place of the log on, `scheme` is judged by `revision`."""

    scheme: str
    revision: str
    overrides: dict[str, dict[str, str]] = {}
    """Dated overrides of parameters, per parameter: ISO date or `always` to value as text."""
    by: str = ""
    reason: str = ""
    at: Instant = 0


class Closed(Frozen, tag_field="@", tag="closed"):
    """A period of a score is closed; values and revision freeze here."""

    scheme: str
    period: str
    by: str = ""
    at: Instant = 0


class Act(Frozen, tag_field="@", tag="act"):
    """An operator's act on a decision, or on the projector (`skip`)."""

    action: Literal["approve", "publish", "revoke", "skip"]
    by: str
    at: Instant
    node: str = ""
    slot: Slot | None = None
    substance: str = ""
    """Digest of what was approved: a decision that changes afterwards is proposed anew."""
    issues: tuple[str, ...] = ()
    target_seq: int = 0
    """Log entry that `skip` passes over."""
    reason: str = ""


class Arrived(Frozen, tag_field="@", tag="event"):
    """An event was stored."""

    event: Event
    by: str = ""
    """Principal that submitted it: who submits does not approve."""
    node: str = ""
    """For an appeal against a decision: the node that the decision came from."""
    issues: tuple[str, ...] = ()
    """For an appeal against a slip: the issues on it, whose clocks stop if it is upheld."""


class _ArrivedAs(Frozen, tag_field="@", tag="event"):
    """The same with the event in its stored form."""

    event: msgspec.Raw
    by: str = ""
    node: str = ""
    issues: tuple[str, ...] = ()


Entry: TypeAlias = Arrived | Tick | Published | Closed | Act

encode_entry = msgspec.msgpack.Encoder(decimal_format="string").encode
decode_entry = msgspec.msgpack.Decoder(Entry).decode


def encode_arrived(
    event: bytes, by: str = "", node: str = "", issues: tuple[str, ...] = ()
) -> bytes:
    """Return `encode_entry` of an `Arrived`, given its event as `encode_event` has it."""
    return encode_entry(_ArrivedAs(msgspec.Raw(event), by, node, issues))
