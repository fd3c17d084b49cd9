"""The shape of a ruleset file. Each section's fields are defined by its rule kind."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from envrules.kinds.appeals import AppealsSpec
from envrules.kinds.bands import BandSpec, DemotionSpec
from envrules.kinds.campaigns import CampaignSpec
from envrules.kinds.checklists import ChecklistSpec
from envrules.kinds.common import Slug, Sourced, Spec, Term, Text, Word
from envrules.kinds.consequences import ConsequenceSpec, RuleSpec
from envrules.kinds.deadlines import DeadlineSpec
from envrules.kinds.duties import DutySpec
from envrules.kinds.gates import GateSpec
from envrules.kinds.indicators import IndicatorSpec
from envrules.kinds.ladders import LadderSpec
from envrules.kinds.lifecycle import IssuesSpec
from envrules.kinds.lists import ListSpec
from envrules.kinds.points import PointsSpec
from envrules.kinds.priorities import PrioritySpec, SequenceSpec
from envrules.kinds.recurrences import RecurrenceSpec
from envrules.kinds.score_specs import RowSpec, ScoreSpec
from envrules.kinds.taxonomy import ClassSpec, ExclusionSpec

DateKey = Annotated[str, StringConstraints(pattern=r"^(always|\d{4}-\d{2}-\d{2})$")]

Unit = Literal[
    "points", "count", "ratio", "percent", "flag", "text", "money",
    "working_hours", "working_days", "emergency_hours", "emergency_days",
    "hours", "minutes", "calendar_days", "same_day", "months", "date", "month_day", "metres",
]  # fmt: skip
DURATION_UNITS = frozenset(
    {"working_hours", "working_days", "emergency_hours", "emergency_days", "hours", "minutes",
     "calendar_days", "same_day"}
)  # fmt: skip


class SourceSpec(Spec):
    """A document that clauses are cited from."""

    title: Text
    document: Text
    part: Text | None = None


class ParameterSpec(Sourced):
    """A number that an operator may tune: dated, with unit and clause."""

    unit: Unit
    contradiction: Text | None = Field(
        default=None, description="where the document contradicts itself: the other reading"
    )
    values: dict[DateKey, bool | Decimal | str] = Field(min_length=1)


class TableSpec(Spec):
    """Rows of points, dated as a whole."""

    title: Text
    values: dict[DateKey, tuple[RowSpec, ...]] = Field(min_length=1)


Spans = Annotated[str, StringConstraints(pattern=r"^\d{2}:\d{2}-\d{2}:\d{2}$")]


class SeasonSpec(Spec):
    """Working hours from one day of the year on, e.g. 夏季作息."""

    start: Annotated[str, StringConstraints(pattern=r"^\d{2}-\d{2}$")]
    hours: tuple[Spans, ...]


class CountingSpec(Spec):
    """How limits in working days are counted; see envrules.calendar for the meanings."""

    counting: Literal["elapsed", "whole_days"] = "elapsed"
    boundary: Literal["close", "next_open"] = "close"
    due: Literal["inclusive", "exclusive"] = "inclusive"


class CalendarSpec(Spec):
    """Working time of the office that the limits bind."""

    days: Literal["china", "weekdays", "every_day"] = "china"
    hours: tuple[Spans, ...] = ("08:30-12:00", "14:00-17:30")
    seasons: tuple[SeasonSpec, ...] = ()
    years: tuple[int, ...] = Field(default=(), description="years `holidays` is complete for")
    holidays: dict[str, Text] = Field(default_factory=dict, description="ISO date to title")
    workdays: dict[str, Text] = Field(default_factory=dict, description="make-up days (调休)")
    working_days: CountingSpec = CountingSpec()
    working_hours: CountingSpec = CountingSpec()
    ref: Text | None = None
    not_from_source: Text | None = None


class RulesetSpec(Spec):
    """One scheme's ruleset file."""

    ruleset: Slug
    title: Text
    timezone: Text
    sources: dict[Slug, SourceSpec] = Field(min_length=1)
    parameters: dict[Slug, ParameterSpec] = Field(default_factory=dict)
    tables: dict[Slug, TableSpec] = Field(default_factory=dict)
    calendar: CalendarSpec = CalendarSpec()
    unit_types: dict[Slug, Term] = Field(min_length=1)
    inspections: dict[Slug, Term] = Field(default_factory=dict)
    places: dict[Word, Term] = Field(default_factory=dict)
    categories: dict[Word, Term] = Field(
        default_factory=dict, description="empty: any category is accepted"
    )
    consequences: dict[Word, ConsequenceSpec] = Field(default_factory=dict)
    classes: tuple[ClassSpec, ...] = ()
    exclusions: tuple[ExclusionSpec, ...] = ()
    campaigns: dict[Slug, CampaignSpec] = Field(default_factory=dict)
    issues: IssuesSpec = IssuesSpec()
    appeals: AppealsSpec | None = None
    points: PointsSpec | None = None
    priorities: tuple[PrioritySpec, ...] = ()
    sequences: dict[Slug, SequenceSpec] = Field(default_factory=dict)
    recurrences: dict[Slug, RecurrenceSpec] = Field(default_factory=dict)
    checklists: dict[Slug, ChecklistSpec] = Field(default_factory=dict)
    indicators: dict[Slug, IndicatorSpec] = Field(default_factory=dict)
    gates: dict[Slug, GateSpec] = Field(default_factory=dict)
    scores: dict[Slug, ScoreSpec] = Field(default_factory=dict)
    bands: dict[Slug, tuple[BandSpec, ...]] = Field(default_factory=dict)
    demotions: dict[Slug, DemotionSpec] = Field(
        default_factory=dict, description="by the score whose bands are lowered"
    )
    lists: dict[Slug, ListSpec] = Field(default_factory=dict)
    ladders: dict[Slug, LadderSpec] = Field(default_factory=dict)
    deadlines: dict[Slug, DeadlineSpec] = Field(default_factory=dict)
    duties: dict[Slug, DutySpec] = Field(default_factory=dict)
    rules: tuple[RuleSpec, ...] = ()
