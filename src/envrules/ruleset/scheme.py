"""The compiled scheme: everything that the engine asks of a locality's document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from envrules import calendar as cal
from envrules.kinds.appeals import AppealLimit
from envrules.kinds.bands import Band, Demotion
from envrules.kinds.campaigns import Campaign
from envrules.kinds.checklists import Checklist
from envrules.kinds.compiled import Parameter
from envrules.kinds.consequences import Rule
from envrules.kinds.deadlines import Deadline
from envrules.kinds.duties import Duty
from envrules.kinds.gates import Gate
from envrules.kinds.indicators import ComparedVisits, CountedDuties, Indicator, Measured
from envrules.kinds.ladders import Ladder
from envrules.kinds.lifecycle import Lifecycle
from envrules.kinds.lists import ListRule
from envrules.kinds.points import Points
from envrules.kinds.priorities import Priority, Sequence
from envrules.kinds.recurrences import Recurrence
from envrules.kinds.scores import Score
from envrules.kinds.taxonomy import Class, Exclusion
from envrules.model.base import Instant
from envrules.model.events import Event
from envrules.model.values import Citation
from envrules.ruleset.code_table import CodeTable

Classify = Callable[[Event], Event]


@dataclass(frozen=True)
class Scheme:
    """A compiled ruleset. Immutable."""

    slug: str
    title: str
    timezone: str
    revision: str
    calendar: cal.WorkCalendar
    parameters: Mapping[str, Parameter]
    unit_types: Mapping[str, str]
    inspections: Mapping[str, str]
    places: Mapping[str, str]
    categories: Mapping[str, str]
    conditions: Mapping[str, frozenset[str]]
    """Category → the codes of its filing conditions, where the scheme tells them apart."""
    classes: tuple[Class, ...]
    exclusions: tuple[Exclusion, ...]
    campaigns: Mapping[str, Campaign]
    lifecycle: Lifecycle
    appeals: AppealLimit | None
    points: Points | None
    priorities: tuple[Priority, ...]
    sequences: tuple[Sequence, ...]
    recurrences: tuple[Recurrence, ...]
    checklists: tuple[Checklist, ...]
    indicators: tuple[Indicator, ...]
    gates: tuple[Gate, ...]
    deadlines: tuple[Deadline, ...]
    ladders: tuple[Ladder, ...]
    scores: tuple[Score, ...]
    bands: Mapping[str, tuple[Band, ...]]
    demotions: Mapping[str, Demotion]
    lists: tuple[ListRule, ...]
    duties: tuple[Duty, ...]
    rules: tuple[Rule, ...]
    taxonomy_citation: Citation
    classify: Classify | None = field(default=None, compare=False)
    """The plugin's reading of an event (hook `envrules_classify`), if it has one."""
    codes: CodeTable | None = field(default=None, compare=False)
    """What the codes of the locality's host mean, if there is a table of them."""

    def read(self, event: Event) -> Event:
        """Return the event as this scheme reads it: the host's codes first, then the plugin."""
        known = event if self.codes is None else self.codes.read(event)
        return known if self.classify is None else self.classify(known)

    def day(self, instant: Instant) -> date:
        """Return the local date of an instant."""
        return cal.local_date(self.timezone, instant)

    @cached_property
    def mixes_facts(self) -> bool:
        """Whether any rule asks for more than one fact at once.

        If none does, facts of different issues never meet, and each issue's consequences can be
        judged by themselves.
        """
        ways = (way for rule in self.rules for way in rule.alternatives)
        return any(len(way.present) + len(way.absent) > 1 for way in ways)

    @cached_property
    def asks(self) -> tuple[object, ...]:
        """What its periods ask of what happened, and was judged, in others.

        Where two revisions ask the same, a closed period has nothing new to tell an open one.
        """
        ways = [way for rule in self.rules for way in rule.alternatives]
        return (
            self.mixes_facts, {pair for way in ways for pair in (*way.present, *way.absent)},
            {(s.id, s.period, s.units, s.parts, s.counts, s.repeat, s.restore_by)
             for s in self.scores},
            [(i.id, i.period, i.units, i.origin) for i in self.indicators
             if not isinstance(i.origin, Measured)],
            {name: demotion.recurred for name, demotion in self.demotions.items()},
            {(rule.of, name) for rule in self.lists for name in rule.unless},
            self.lifecycle.charge, tuple(self.lifecycle.shares),
        )  # fmt: skip

    @cached_property
    def routes(self) -> tuple[object, ...] | None:
        """What says which nodes read an event, and which decides a slot: see `engine.routing`.

        Where two revisions have the same, every event goes the same ways. None: a plugin has a say,
        and may have come in another version since.
        """
        if self.classify is not None:
            return None
        answered = {
            s.id: [item.inspections for band in self.bands.get(s.id, ()) for item in band.needs]
            for s in self.scores
        }
        return (
            self.timezone, self.codes and self.codes.words, self.lifecycle.charge, tuple(self.lifecycle.shares),
            [(s.id, s.period, s.counts, s.watches_issues, answered[s.id]) for s in self.scores],
            [(item.id, item.inspections) for item in self.checklists],
            [(i.id, i.period, type(i.origin), _visits(i)) for i in self.indicators],
            [(duty.id, duty.every, duty.inspections, duty.reports) for duty in self.duties],
            [(gate.id, gate.reports, gate.indicators) for gate in self.gates],
            {o.words for rule in self.rules for o in rule.then if o.within is not None},
            self.closable, self.mixes_facts, [(item.id, item.same) for item in self.recurrences],
        )  # fmt: skip

    @cached_property
    def closable(self) -> frozenset[str]:
        """The kinds of period that can be closed: those of its scores and indicators."""
        return frozenset({s.period for s in self.scores} | {i.period for i in self.indicators})

    def over(self, period: str) -> Instant:
        """Return when all that a close of the period counts has run out.

        Of a duty whose weeks are counted, the last week may end after its month.
        """
        last = period
        weekly = {duty.id for duty in self.duties if duty.every == "week"}
        if any(
            isinstance(i.origin, CountedDuties) and i.origin.duty in weekly
            for i in self.indicators if i.period == cal.period_kind(period)
        ):  # fmt: skip
            last = cal.sub_periods(period, "week")[-1]
        return max(cal.period_bounds(self.timezone, name)[1] for name in (period, last))

    def score(self, score_id: str) -> Score:
        """Return a score by its id."""
        return next(s for s in self.scores if s.id == score_id)

    def indicator(self, indicator_id: str) -> Indicator:
        """Return an indicator by its id."""
        return next(item for item in self.indicators if item.id == indicator_id)

    def checklist(self, checklist_id: str) -> Checklist:
        """Return a checklist by its id."""
        return next(item for item in self.checklists if item.id == checklist_id)

    def recurrence(self, recurrence_id: str) -> Recurrence:
        """Return a recurrence by its id."""
        return next(item for item in self.recurrences if item.id == recurrence_id)

    def gate(self, gate_id: str) -> Gate:
        """Return a gate by its id."""
        return next(item for item in self.gates if item.id == gate_id)

    def ladder(self, ladder_id: str) -> Ladder:
        """Return a ladder by its id."""
        return next(item for item in self.ladders if item.id == ladder_id)


def _visits(indicator: Indicator) -> frozenset[str]:
    """Return the kinds of inspection that an indicator compares."""
    origin = indicator.origin
    return origin.inspections if isinstance(origin, ComparedVisits) else frozenset()
