"""Times in worked cases: as in events, and 24:00 besides, as documents write it."""

from __future__ import annotations

from datetime import tzinfo

from envrules.model.base import HOUR, Instant
from envrules.wire.times import parse_instant

_MIDNIGHT = " 24:00"


def instant_of(text: str, zone: tzinfo) -> Instant:
    """Return the instant of a time; a local one is a time of `zone`. Raises `wire.Invalid`."""
    if text.endswith(_MIDNIGHT):
        return parse_instant(text.removesuffix(_MIDNIGHT) + " 23:00", zone) + HOUR
    return parse_instant(text, zone)
