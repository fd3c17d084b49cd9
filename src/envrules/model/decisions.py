"""Decisions: what envrules answers. Content is a pure value; versions number its changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec
from msgspec.structs import replace

from envrules.model.base import Frozen, Instant, canonical_json, digest

Publication = Literal["proposed", "approved", "published", "held", "revoked"]
"""`held`: an appeal is pending (申诉中), nothing is made public meanwhile."""

Change = Literal["issue", "supersede", "revoke"]


class Slot(Frozen, order=True):
    """What a decision is about; never a counter, so it is the same on every replay."""

    scheme: str
    rule: str
    """Rule id in the ruleset, e.g. `deadlines.closing` or `lists.red`."""
    subject: str
    """`issue:GD-1`, `unit:zhao` or `partition:villages`."""
    anchor: str
    """Event id or period that ties the decision down."""

    def key(self) -> str:
        """Return the slot as one line of text, unique because ids may not hold a newline."""
        return "\n".join((self.scheme, self.rule, self.subject, self.anchor))


class Step(Frozen):
    """One line of reasoning: which rule or value was applied and where it is written."""

    rule: str
    title: str
    location: str
    value: str = ""
    """The value in force, as printed, with its unit."""
    since: str = ""
    """`always`, or the ISO date since when the value has been in force."""
    ref: str = ""
    not_from_source: str = ""
    note: str = ""
    """What this step concluded, in Chinese."""


class Consequence(Frozen):
    """What follows: the catalogue's action and the scheme's own words for it."""

    action: str
    words: str
    to: str = ""
    due: Instant | None = None


class Content(Frozen):
    """All that a decision says. Two equal contents are the same decision."""

    slot: Slot
    kind: str
    """Rule kind: lifecycle, deadline, slip, deduction, score, band, list, consequence, duty ..."""
    outcome: str
    """Machine-readable result, e.g. `on_time`, `overdue`, `rejected`, `red`, `warned`."""
    title: str
    """Title for people, Chinese, in the scheme's own words."""
    reason: str
    """The reason as a sentence, Chinese."""
    at: Instant
    """When it became true (a deadline that passed, an event's time, a period's end)."""
    unit: str = ""
    period: str = ""
    points: Decimal | None = None
    """Change of points (deduction) or the figure itself (score)."""
    counted: Decimal | None = None
    """Part of `points` that counts after the cap."""
    rank: int | None = None
    due: Instant | None = None
    issues: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    """Ids of the causing events."""
    consequences: tuple[Consequence, ...] = ()
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    publication: Publication = "published"
    revision: str = ""
    """Revision of the ruleset that judged it."""

    @property
    def served(self) -> tuple[str, ...]:
        """The issues whose clocks this decision drives: those on a slip."""
        return self.issues if self.kind == "slip" else ()

    def essence(self) -> str:
        """Return the digest of what is said, apart from where the ruleset's lines stand today.

        A new revision that changes nothing for this decision leaves its essence as it is.
        """
        steps = tuple(replace(step, location="") for step in self.steps)
        return digest(canonical_json(replace(self, steps=steps, revision="")))

    def substance(self) -> str:
        """Return the digest of what an approval approves: what is said, apart from the reasoning.

        More evidence for the same statement (steps, events, warnings) does not undo an approval.
        A slip says the same to each of its issues; which of them an approval covers, it names.
        """
        said = replace(self, publication="published", steps=(), events=(), warnings=())
        if self.kind == "slip":
            said = replace(said, issues=(), reason="", at=0)
        return said.essence()


class Decision(Frozen):
    """An emitted decision: version `version` of its slot."""

    id: str
    locality: str
    decision_seq: int
    log_seq: int
    """Log entry after which it was emitted."""
    version: int
    change: Change
    content: Content
    """For a revocation: the content that no longer holds, publication `revoked`."""
    supersedes: str = ""
    """Id of the version before this one."""


def decision_id(locality: str, content: bytes, version: int) -> str:
    """Return the decision's id, derived from its content, so that a replay gives the same."""
    return digest(locality.encode() + b"\0" + str(version).encode() + b"\0" + content, 12)


def encode_decision(decision: Decision) -> bytes:
    """Return the stored form of a decision: canonical JSON."""
    return canonical_json(decision)


decode_decision = msgspec.json.Decoder(Decision).decode
