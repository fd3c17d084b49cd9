"""Every metric there is. docs/observe.md has the same table, and a test compares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What one metric is."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    meaning: str


def _metric(name: str, kind: Kind, unit: str, meaning: str, *labels: str) -> Metric:
    return Metric(f"envrules_{name}", kind, unit, labels, meaning)


INFO = _metric(
    "info", "gauge", "1", "Always 1; the label tells the version that runs", "version"
)  # fmt: skip

# ── calls, by the server itself ──

CALLS = _metric(
    "calls_total", "counter", "calls", "Calls that have ended, streams too, by status",
    "method", "code",
)  # fmt: skip
CALL_SECONDS = _metric(
    "call_seconds", "histogram", "seconds",
    "How long calls took that are no streams, waiting for decisions included", "method",
)  # fmt: skip
CALLS_OPEN = _metric(
    "calls_open", "gauge", "calls",
    "Calls under way; of `WatchDecisions`, the open watchers", "method",
)  # fmt: skip
EVENTS = _metric(
    "events_total", "counter", "events",
    "Receipts given, by result: stored, duplicate (known before), refused", "locality", "result",
)  # fmt: skip
COMMIT_SECONDS = _metric(
    "commit_seconds", "histogram", "seconds",
    "How long commits of the log took, the sync to disk included",
)  # fmt: skip
COMMIT_FAILURES = _metric(
    "commit_failures_total", "counter", "commits", "Commits of the log that failed"
)
COMMITTED = _metric("committed_total", "counter", "entries", "Log entries written")

# ── the store, as every replica sees it ──

STORE_UP = _metric(
    "store_up", "gauge", "0 or 1", "Whether the store can be read and written: what health says"
)
STORE_BYTES = _metric("store_bytes", "gauge", "bytes", "Size of the database, without SQLite's WAL")
SURVEY_AGE = _metric(
    "survey_age_seconds", "gauge", "seconds",
    "Age of what follows in this table; after 60 s it is left out until the store answers again",
)  # fmt: skip
HEAD = _metric("log_entries", "gauge", "entries", "Entries in the log", "locality")
PROJECTED = _metric(
    "projected_entries", "gauge", "entries", "Log entries that are judged", "locality"
)
LAG_ENTRIES = _metric(
    "projector_lag_entries", "gauge", "entries", "Log entries that are not judged yet", "locality"
)
LAG_SECONDS = _metric(
    "projector_lag_seconds", "gauge", "seconds",
    "Age of the oldest log entry that is not judged yet; 0: there is none", "locality",
)  # fmt: skip
STALLED = _metric(
    "locality_stalled", "gauge", "0 or 1",
    "Whether judging stands still at a log entry that cannot be judged", "locality",
)  # fmt: skip
DECISIONS = _metric(
    "decisions_total", "counter", "decisions",
    "Decisions emitted since the log began, by kind and change (issue, supersede, revoke)",
    "locality", "scheme", "kind", "change",
)  # fmt: skip
PARKED = _metric(
    "parked_decisions", "gauge", "decisions",
    "Events and findings that wait, parked: for a unit, an issue, a code that nobody knows yet",
    "locality", "scheme",
)  # fmt: skip
UNKNOWN_CODES = _metric(
    "unknown_codes", "gauge", "codes",
    "Codes of the host that no one has mapped, for which findings are parked; counted once a minute",
    "locality", "scheme",
)  # fmt: skip
SILENCE = _metric(
    "source_silence_seconds", "gauge", "seconds",
    "Time since the source last sent an event or a watermark (a source that its events do not "
    "name is the principal that sent them)", "locality", "source",
)  # fmt: skip
WATERMARK_LAG = _metric(
    "watermark_lag_seconds", "gauge", "seconds",
    "How far the source's watermark, which holds the locality's time, lies behind the clock",
    "locality", "source",
)  # fmt: skip

# ── rulesets that are watched ──

RULESET_REFUSED = _metric(
    "ruleset_refused", "gauge", "0 or 1",
    "Whether the watched file cannot be used as it is; what was good last serves on", "scheme",
)  # fmt: skip
RULESET_EDITS = _metric(
    "ruleset_edits_total", "counter", "edits",
    "Edits of watched files since the server started, by result: accepted, refused",
    "scheme", "result",
)  # fmt: skip
RULESET_CANDIDATE = _metric(
    "ruleset_candidate", "gauge", "0 or 1",
    "Whether a good edit of the watched file waits to be published", "locality", "scheme",
)  # fmt: skip

ALL: tuple[Metric, ...] = tuple(found for found in globals().values() if isinstance(found, Metric))
"""In the order of the table."""
