"""The shape of a ruleset file. Each section's fields are defined by its rule kind."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from envrules.kinds.appeals import AppealsSpec
from envrules.kinds.bands import BandSpec, DemotionSpec
from envrules.kinds.campaigns import CampaignSpec
from envrules.kinds.checklists import ChecklistSpec
from envrules.kinds.common import CategoryTerm, Cited, Slug, Sourced, Spec, Term, Text, Titled, Word
from envrules.kinds.consequences import ConsequenceSpec, RuleSpec
from envrules.kinds.deadlines import DeadlineSpec
from envrules.kinds.duties import DutySpec
from envrules.kinds.gates import GateSpec
from envrules.kinds.indicator_specs import IndicatorSpec
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


class SourceSpec(Titled):
    """A document that clauses are cited from."""

    document: Text = Field(description="its number in the archive, as the clause lists have it")
    part: Text | None = Field(default=None, description="the part of it that is meant")


class ParameterSpec(Sourced):
    """A number that an operator may tune: dated, with unit and clause."""

    unit: Unit = Field(description="what its values are, and where it may be named")
    contradiction: Text | None = Field(
        default=None,
        description="where the document contradicts itself: the other reading, Chinese",
    )
    values: dict[DateKey, bool | Decimal | str] = Field(
        min_length=1, description="since when (`always`, or a date) to the value from then on"
    )


class TableSpec(Titled):
    """Rows of points, dated as a whole."""

    values: dict[DateKey, tuple[RowSpec, ...]] = Field(
        min_length=1, description="since when (`always`, or a date) to all rows from then on"
    )


Spans = Annotated[str, StringConstraints(pattern=r"^\d{2}:\d{2}-\d{2}:\d{2}$")]


class SeasonSpec(Spec):
    """Working hours from one day of the year on, e.g. 夏季作息."""

    start: Annotated[str, StringConstraints(pattern=r"^\d{2}-\d{2}$")] = Field(
        description='first day, every year, such as "05-01"; it lasts until the next season'
    )
    hours: tuple[Spans, ...] = Field(description="hours of work in the season")


class CountingSpec(Spec):
    """How limits in working days, or in working hours, are counted."""

    counting: Literal["elapsed", "whole_days"] = Field(
        default="elapsed",
        description="from the moment of the start, or by the days after it, to the end of work",
    )
    boundary: Literal["close", "next_open"] = Field(
        default="close", description="used up as the office shuts: due then, or when it next opens"
    )
    due: Literal["inclusive", "exclusive"] = Field(
        default="inclusive", description="whether what is done exactly when it is due is in time"
    )


class CalendarSpec(Cited):
    """Working time of the office that the limits bind."""

    days: Literal["china", "weekdays", "every_day"] = Field(
        default="china",
        description="working days: by the State Council's notices, Monday to Friday, or all",
    )
    hours: tuple[Spans, ...] = Field(
        default=("08:30-12:00", "14:00-17:30"), description="hours of work, all year round"
    )
    seasons: tuple[SeasonSpec, ...] = Field(
        default=(), description="hours of work by season, instead of `hours`"
    )
    years: tuple[int, ...] = Field(
        default=(), description="years whose days off are all known with `holidays`: no warning"
    )
    holidays: dict[str, Text] = Field(
        default_factory=dict, description="date to title: days off besides, or in spite of, `days`"
    )
    workdays: dict[str, Text] = Field(
        default_factory=dict, description="date to title: days worked in spite of `days` (调休)"
    )
    working_days: CountingSpec = Field(
        default=CountingSpec(), description="how limits in working days are counted"
    )
    working_hours: CountingSpec = Field(
        default=CountingSpec(), description="how limits in working hours are counted"
    )


class RulesetSpec(Spec):
    """One scheme's ruleset file."""

    ruleset: Slug = Field(description="slug of the scheme, and the name of the file")
    title: Text = Field(description="what the scheme is called")
    timezone: Text = Field(description="IANA name, such as Asia/Shanghai: whose days and months")
    sources: dict[Slug, SourceSpec] = Field(min_length=1)
    parameters: dict[Slug, ParameterSpec] = Field(default_factory=dict)
    tables: dict[Slug, TableSpec] = Field(default_factory=dict)
    calendar: CalendarSpec = CalendarSpec()
    unit_types: dict[Slug, Term] = Field(
        min_length=1, description="types of unit, as units are declared"
    )
    inspections: dict[Slug, Term] = Field(
        default_factory=dict, description="kinds of inspection, and sources of issues"
    )
    places: dict[Word, Term] = Field(
        default_factory=dict, description="kinds of place; empty: any is accepted"
    )
    categories: dict[Word, CategoryTerm] = Field(
        default_factory=dict, description="categories of issues; empty: any is accepted"
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
