"""How large things may be. The comments of the proto files promise the same numbers."""

from __future__ import annotations

from envrules.model.base import Instant

NAME_LIMIT = 128
"""Characters of an id, code or title."""
LINK_LIMIT = 1000
"""Characters of a reference to a photo."""
TEXT_LIMIT = 4000
"""Characters of a text that may have several lines."""
LIST_LIMIT = 1000
"""Items of a list within an event."""
MAP_LIMIT = 200
"""Entries of a map within an event."""
BATCH_LIMIT = 1000
"""Events of one call, or of one request on a stream."""
PROBLEM_LIMIT = 10
"""Problems told of one event: a thousand bad photos need no thousand messages."""
FLOW_LIMIT = 2**63 - 1
"""Largest flow sequence: what an int64 holds."""

EARLIEST: Instant = -2_208_988_800_000_000
"""1900-01-01T00:00:00Z: units may be old."""
LATEST: Instant = 7_258_118_400_000_000
"""2200-01-01T00:00:00Z: a time from here on is a unit error (milliseconds sent as seconds)."""
EARLIEST_EVENT: Instant = 946_684_800_000_000
"""2000-01-01T00:00:00Z: an event before it comes from a field that was never filled."""
