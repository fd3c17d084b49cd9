"""What goes into the store and comes out of it: plain rows, and the errors.

Payloads and digests are bytes that the store keeps and never reads. Instants are microseconds
since the Unix epoch, UTC. Text may hold any character but NUL, which PostgreSQL refuses.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from envrules.model.base import Instant


class StoreError(Exception):
    """The store cannot do what was asked; the message says why."""


class UnknownLocality(StoreError):
    """No locality of this id exists."""

    def __init__(self, locality: str) -> None:
        super().__init__(f"unknown locality {locality!r}")
        self.locality = locality


class LeaseLost(StoreError):
    """Another projector took the locality over, or its derived state was dropped: read anew."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """Base of the rows: immutable, compared by content, no work for the garbage collector."""


class LocalityRow(Row, frozen=True):
    """A tenant. `head_seq` is the seq of its last log entry, 0 for an empty log."""

    no: int
    """The database's own number of the locality; it differs from database to database."""
    id: str
    title: str
    timezone: str
    """IANA name."""
    head_seq: int
    created_at: Instant


class NewEntry(Row, frozen=True):
    """An entry to append. Only events have an `event_id`; `digest` tells equal content."""

    kind: str
    """`event`, `tick`, `published`, `closed` or `act`."""
    payload: bytes
    event_id: str | None = None
    digest: bytes = b""
    submitted_by: str = ""


class Batch(msgspec.Struct, frozen=True):
    """Entries for one locality, all recorded at the instant `at`."""

    locality: str
    entries: Sequence[NewEntry]
    at: Instant


class Appended(Row, frozen=True):
    """What became of an entry: stored at `seq`, unless its event id is known already.

    Then nothing is stored and `seq` is the first one's: `duplicate` if the digests are equal,
    `conflict` if they differ.
    """

    seq: int
    duplicate: bool = False
    conflict: bool = False


class LogRow(Row, frozen=True):
    """A stored entry of a locality's log."""

    seq: int
    kind: str
    event_id: str | None
    digest: bytes
    recorded_at: Instant
    submitted_by: str
    payload: bytes


class Lease(Row, frozen=True):
    """The right to project a locality until `until`; `fence` tells it from every other lease."""

    locality: str
    owner: str
    fence: int
    until: Instant


class ProjectionRow(Row, frozen=True):
    """How far a locality's log is projected, and by whom."""

    position: int
    """Seq of the last projected entry."""
    decision_seq: int
    """Number of decisions emitted."""
    tick: Instant
    fence: int
    owner: str
    """Empty when nobody holds the lease."""
    leased_until: Instant
    stalled_seq: int | None
    """Entry that the projector cannot pass, with the reason."""
    stalled_reason: str


class NodeRow(Row, frozen=True):
    """State of one key of the engine."""

    key: str
    """Never empty."""
    unit: str
    wake_at: Instant | None
    """When the next timer is due, if any."""
    payload: bytes
    over_at: Instant | None = None
    """The last instant that it may matter to, if that is known."""
    first_seq: int | None = None
    """The first log entry that it reads, if that is known."""


class FeedRow(Row, frozen=True):
    """A fact that the node `source` hands to the node `target`."""

    target: str
    source: str
    payload: bytes


class DecisionRow(Row, frozen=True):
    """An emitted decision: its payload and the fields by which decisions are found."""

    decision_seq: int
    id: str
    slot: str
    version: int
    change: str
    log_seq: int
    scheme: str
    rule: str
    kind: str
    outcome: str
    subject: str
    unit: str
    period: str
    publication: str
    at: Instant
    node: str
    """Key of the node that emitted it."""
    payload: bytes


class DecisionIssueRow(Row, frozen=True):
    """A decision concerns an issue."""

    issue: str
    decision_seq: int


class CloseRow(Row, frozen=True):
    """A closed period: the log entry that closed it, and the revision frozen with it."""

    scheme: str
    period: str
    seq: int
    revision: str


class WithdrawalRow(Row, frozen=True):
    """An event that was withdrawn, and the log entry that did it."""

    target_event_id: str
    seq: int


class BindingRow(Row, frozen=True):
    """From `seq` on, the locality's `scheme` is judged by `revision`; payload: its overrides."""

    scheme: str
    revision: str
    seq: int
    payload: bytes


class RevisionRow(Row, frozen=True):
    """A stored revision of a scheme's ruleset, without its sources."""

    scheme: str
    revision: str
    created_at: Instant


class ProjectionChange(msgspec.Struct, frozen=True):
    """All that projecting the entries `base` + 1 to `position` changes, as one transaction.

    Nodes and feeds replace rows of the same key, after `feeds_gone` (target, source) are
    deleted. Decisions continue the locality's `decision_seq` without a gap. The first withdrawal
    of an event stands. A stall is cleared by every change that does not repeat it.
    """

    base: int
    position: int
    tick: Instant
    nodes: Sequence[NodeRow] = ()
    feeds: Sequence[FeedRow] = ()
    feeds_gone: Sequence[tuple[str, str]] = ()
    decisions: Sequence[DecisionRow] = ()
    issues: Sequence[DecisionIssueRow] = ()
    """The issues that the decisions concern."""
    closes: Sequence[CloseRow] = ()
    withdrawals: Sequence[WithdrawalRow] = ()
    bindings: Sequence[BindingRow] = ()
    stalled_seq: int | None = None
    stalled_reason: str = ""


class DecisionFilter(Row, frozen=True):
    """Which decisions to list: every field given must hold the decision's value, or be it."""

    unit: str | Sequence[str] | None = None
    rule: str | Sequence[str] | None = None
    """`lists.red`; `lists` means all rules below it."""
    kind: str | Sequence[str] | None = None
    scheme: str | Sequence[str] | None = None
    period: str | Sequence[str] | None = None
    outcome: str | Sequence[str] | None = None
    publication: str | Sequence[str] | None = None
    subject: str | Sequence[str] | None = None
    issue: str | Sequence[str] | None = None
    """Decisions that concern the issue, whatever else: slips of several, consequences."""
    current_only: bool = False
    """Only what stands: the latest version of each slot, unless that one revokes it."""


class Progress(Row, frozen=True):
    """How far a locality is, for those who watch it."""

    locality: str
    head: int
    """Seq of the last log entry."""
    position: int
    """Seq of the last projected one."""
    decision_seq: int
    stalled_seq: int | None
    waiting_since: Instant | None
    """When the oldest entry that is not projected was recorded; None: there is none."""


class DecisionTally(Row, frozen=True):
    """Decisions of a range that have this much in common."""

    scheme: str
    kind: str
    change: str
    count: int
    standing: int
    """By how many they change the number of decisions that stand with the outcome asked for."""
