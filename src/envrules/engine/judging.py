"""What every node's judgement takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from envrules import calendar as cal
from envrules.engine.context import Context
from envrules.engine.nodes import Node, consequence_node
from envrules.kinds.compiled import Outcome
from envrules.kinds.consequences import Fact
from envrules.kinds.indicators import Counted, Visits
from envrules.kinds.ladders import Firing
from envrules.kinds.lists import Standing
from envrules.kinds.points import PointIssue
from envrules.kinds.recurrences import Sighting
from envrules.kinds.scores import Tally
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Consequence, Content, Slot, Step
from envrules.model.entries import Act
from envrules.model.events import Event
from envrules.ruleset.compile import Scheme

if TYPE_CHECKING:
    from envrules.engine.chaining import Chainer


class Adjustment(Frozen, tag_field="@", tag=True):
    """A closed period's correction, charged to a later one."""

    of: str
    points: str
    """Exact decimal as text."""


class SlipFiring(Frozen, tag_field="@", tag=True):
    """A rung fell due for an issue; merged slips collect these."""

    firing: Firing


class FactFeed(Frozen, tag_field="@", tag=True):
    """A fact for the rules."""

    fact: Fact
    because: Slot | None = None
    """The sender's decision that says so: the fact stands, waits and falls with it."""


class StandingFeed(Frozen, tag_field="@", tag=True):
    """A unit's figure at the close of a period, or what bars it from lists."""

    period: str
    standing: Standing
    because: Slot | None = None
    """The slip that bars the unit: it does once it is published."""


class SightingFeed(Frozen, tag_field="@", tag=True):
    """An issue, for those that may come again where it was."""

    sighting: Sighting


class PointFeed(Frozen, tag_field="@", tag=True):
    """An issue at a point."""

    issue: PointIssue


class CountFeed(Frozen, tag_field="@", tag=True):
    """Something that an indicator counts."""

    counted: Counted
    because: Slot | None = None
    """The decision that says so: it is counted neither way once that is revoked."""


class RecurredFeed(Frozen, tag_field="@", tag=True):
    """A recurrence at a unit in a period, which may lower its band."""

    recurrence: str
    events: tuple[str, ...]
    note: str
    because: Slot | None = None
    """The decision that says so: an upheld appeal against it takes this back as well."""


class RectifiedFeed(Frozen, tag_field="@", tag=True):
    """How an issue stood against a deadline when an assessment saw it, for repeats and points back."""

    issue: str
    deadline: str
    due: Instant | None
    """The first instant that is too late; None: no limit has begun to run."""
    stopped: Instant | None
    """When it was put right, if that is final."""
    in_time: bool
    events: tuple[str, ...] = ()


class SeenAgainFeed(Frozen, tag_field="@", tag=True):
    """An issue that later periods of the same unit and score have seen again.

    No close keeps this: it changes nothing where it goes, which tells those periods of its charge.
    """

    issue: str
    later: tuple[str, ...]


class ChargedFeed(Frozen, tag_field="@", tag=True):
    """An issue that an earlier period has charged, for those that see it again."""

    issue: str
    period: str
    event: str


class BandFeed(Frozen, tag_field="@", tag=True):
    """The band of a unit at the close, for indicators of the units above it."""

    unit: str
    band: str
    events: tuple[str, ...] = ()
    because: Slot | None = None
    """The decision that says so: the band is counted no longer once that is revoked."""


class StruckFeed(Frozen, tag_field="@", tag=True):
    """An appeal was upheld against a decision: what it had told a closed period is taken back."""

    slot: Slot


Feed: TypeAlias = (
    Adjustment | SlipFiring | FactFeed | StandingFeed | SightingFeed | PointFeed | CountFeed
    | RecurredFeed | RectifiedFeed | SeenAgainFeed | ChargedFeed | BandFeed | StruckFeed
)  # fmt: skip


AT_THE_CLOSE = "close"
"""Source under which a close keeps what issues and slips had told by then: later tells nothing."""


def freezes(feed: Feed) -> bool:
    """Return whether a close keeps this as it was known then.

    Figures and adjustments of other periods are frozen where they come from.
    """
    if isinstance(feed, StandingFeed):
        return feed.standing.status == "barred"
    return isinstance(feed, CountFeed | RecurredFeed | RectifiedFeed | ChargedFeed)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a node reads: its events (withdrawals and other references included), acts, feeds."""

    events: Sequence[Event] = ()
    acts: Sequence[Act] = ()
    feeds: Mapping[str, Sequence[Feed]] = field(default_factory=dict)
    """Source node key → what it feeds."""
    coded: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    """Event id, or `event#finding`, whose codes the code table read → how it did."""
    tallied: Tally | Visits | None = None
    """What columns have tallied of the inspections and findings; these are not read then."""

    def fed(self) -> list[Feed]:
        """Return all feeds, by source, so that their order does not depend on arrival."""
        return [feed for source in sorted(self.feeds) for feed in self.feeds[source]]

    def told(self, *, closed: bool) -> list[Feed]:
        """Return what issues and slips tell: of a closed period, only what was known then.

        So also where it is looked at as it was while open. What an upheld appeal took back is not
        told, whenever it was decided.
        """
        kept = self.feeds.get(AT_THE_CLOSE, () if closed else None)
        if kept is not None:
            struck = (
                {feed.slot for feed in self.fed() if isinstance(feed, StruckFeed)} if kept else ()
            )
            return [feed for feed in kept if getattr(feed, "because", None) not in struck]
        return [
            feed for source in sorted(self.feeds) if source != AT_THE_CLOSE
            for feed in self.feeds[source] if freezes(feed)
        ]  # fmt: skip


@dataclass(slots=True)
class Judgement:
    """What holds of a node."""

    contents: dict[Slot, Content] = field(default_factory=dict)
    feeds: dict[Node, list[Feed]] = field(default_factory=dict)
    wake_at: Instant | None = None
    """When it would change without another entry; None: never."""
    over_at: Instant | None = None
    """Of an issue: the last instant that it may matter to, see `engine.issue`; None: not known."""

    def add(self, content: Content) -> None:
        """Record that `content` holds."""
        self.contents[content.slot] = content

    def feed(self, node: Node, item: Feed) -> None:
        """Send `item` to a node of a higher stage."""
        self.feeds.setdefault(node, []).append(item)

    def wake(self, at: Instant | None) -> None:
        """Ask to be judged again at `at`, if nothing asked for an earlier time."""
        if at is not None and (self.wake_at is None or at < self.wake_at):
            self.wake_at = at


@dataclass(frozen=True)
class Bench:
    """A scheme sitting in judgement: its rules, the locality's context, the chaining engine."""

    scheme: Scheme
    context: Context
    chainer: Chainer
    rules: Callable[[str], Scheme]
    """The rules that judge a period: those frozen with it, else today's."""

    def tell(self, judged: Judgement, fact: Fact, because: Slot | None = None) -> None:
        """Send a fact to the consequences of its unit, if any rule asks for it.

        `because` is the slot of the decision that it follows from: a revoked one tells nothing.
        """
        rules = self.rules(fact.period)
        if self.chainer.reads(rules, fact.kind, fact.name):
            node = consequence_node(rules, fact.unit, fact.period, fact.anchor)
            judged.feed(node, FactFeed(fact, because))

    def periods(self, at: Instant) -> Iterator[tuple[cal.PeriodKind, str, Scheme]]:
        """Yield the periods that figures may have and that contain `at`, each with its rules."""
        kinds: tuple[cal.PeriodKind, ...] = ("month", "quarter", "year")
        for kind in kinds:
            period = cal.period_of(self.scheme.timezone, at, kind)
            yield kind, period, self.rules(period)

    def around(self, part: str) -> Iterator[tuple[cal.PeriodKind, str, Scheme]]:
        """Yield the periods that a part belongs to, each with its rules: a week by its Thursday."""
        first = cal.period_around(part, "month") if cal.period_kind(part) == "week" else part
        yield from self.periods(cal.period_bounds(self.scheme.timezone, first)[0])

    def title(self, unit: str, at: Instant) -> str:
        """Return the unit's title at a time."""
        return self.context.registry.title(unit, at)


def consequences(outcomes: Sequence[Outcome]) -> tuple[Consequence, ...]:
    """Return the outcomes as a decision carries them."""
    return tuple(Consequence(action=o.action, words=o.words, to=o.by) for o in outcomes)
