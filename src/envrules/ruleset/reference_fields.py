"""What the fields of a ruleset name: parameters of which units, words of which section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from envrules.kinds.appeals import AppealsSpec
from envrules.kinds.bands import BandSpec, DemotionSpec
from envrules.kinds.campaigns import CampaignSpec
from envrules.kinds.checklists import ChecklistSpec
from envrules.kinds.common import Require, Spec, Where
from envrules.kinds.deadlines import DeadlineSpec
from envrules.kinds.duties import DutySpec, MetBySpec
from envrules.kinds.gates import GateSpec, GateStepSpec, ProgressSpec
from envrules.kinds.indicator_specs import (
    ComparedVisitsSpec,
    CountedBandsSpec,
    CountedDutiesSpec,
    CountedIssuesSpec,
    IndicatorSpec,
    MeasuredSpec,
)
from envrules.kinds.ladders import RungSpec
from envrules.kinds.lifecycle import IssuesSpec
from envrules.kinds.lists import ListSpec
from envrules.kinds.priorities import PrioritySpec, SequenceSpec
from envrules.kinds.recurrences import RecurrenceSpec
from envrules.kinds.score_specs import RowSpec, ScoreSpec
from envrules.ruleset.schema import DURATION_UNITS

Field = tuple[type[Spec], str]

_POINTS: Final = frozenset({"points"})
_COUNT: Final = frozenset({"count"})
_RATIO: Final = frozenset({"ratio"})
FLAG: Final = frozenset({"flag"})
_DAY: Final = frozenset({"date", "month_day"})
_LENGTH: Final = frozenset({"months", "calendar_days"})
_FIGURE: Final = frozenset({"points", "count", "percent", "ratio", "money"})
_SHARE: Final = frozenset({"percent", "ratio"})

PARAMETER_UNITS: Final[dict[Field, frozenset[str]]] = {
    (BandSpec, "at_least"): _POINTS,
    (BandSpec, "above"): _POINTS,
    (BandSpec, "at_most"): _POINTS,
    (BandSpec, "below"): _POINTS,
    (AppealsSpec, "within"): DURATION_UNITS,
    (CampaignSpec, "before"): _DAY,
    (CampaignSpec, "lasts"): _LENGTH,
    (CampaignSpec, "starts"): _DAY,
    (CampaignSpec, "until"): _DAY,
    (ChecklistSpec, "at_least"): _POINTS,
    (DemotionSpec, "levels"): _COUNT,
    (DutySpec, "by"): frozenset({"month_day"}),
    (DutySpec, "not_before"): frozenset({"month_day"}),
    (GateSpec, "amount"): frozenset({"money"}),
    (GateStepSpec, "share"): _SHARE,
    (IndicatorSpec, "above"): _FIGURE,
    (IndicatorSpec, "at_least"): _FIGURE,
    (IndicatorSpec, "at_most"): _FIGURE,
    (IndicatorSpec, "below"): _FIGURE,
    (IssuesSpec, "shares"): _RATIO,
    (ListSpec, "bottom_share"): _SHARE,
    (ListSpec, "only_if_at_least"): _POINTS,
    (ListSpec, "top_share"): _SHARE,
    (MeasuredSpec, "per"): _COUNT,
    (MeasuredSpec, "rounding"): frozenset({"text"}),
    (PrioritySpec, "tags"): frozenset({"points", "count"}),
    (ProgressSpec, "at_least"): _FIGURE,
    (RecurrenceSpec, "near"): frozenset({"metres"}),
    (RecurrenceSpec, "within"): DURATION_UNITS,
    (ScoreSpec, "finder"): frozenset({"ratio", "points"}),
    (ScoreSpec, "own_found"): frozenset({"ratio", "points"}),
    (ScoreSpec, "restore"): _SHARE,
    (ScoreSpec, "weighted"): _SHARE,
    (DeadlineSpec, "only_if"): FLAG,
    (DeadlineSpec, "within"): DURATION_UNITS,
    (ListSpec, "bottom"): _COUNT,
    (ListSpec, "only_if_below"): _POINTS,
    (ListSpec, "split"): FLAG,
    (ListSpec, "top"): _COUNT,
    (Require, "within"): DURATION_UNITS,
    (RungSpec, "after"): DURATION_UNITS,
    (RungSpec, "after_service"): DURATION_UNITS,
    (ScoreSpec, "full"): _POINTS,
    (ScoreSpec, "min_presence"): _RATIO,
    (ScoreSpec, "min_share"): _RATIO,
}
"""Units that a `$parameter` may have in each field; a test keeps this in step with the schema."""

FLAG_KEYS: Final[tuple[Field, ...]] = ((RowSpec, "at_if"), (RowSpec, "find_if"))
"""Fields whose keys name flags, without `$`."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Where the words of a field are declared."""

    section: str
    noun: str
    code: str = "ER303"
    open: bool = False
    """An empty section declares nothing and accepts any word."""


_UNIT_TYPE: Final = Vocabulary("unit_types", "unit type")
_INSPECTION: Final = Vocabulary("inspections", "kind of inspection or source")
_PLACE: Final = Vocabulary("places", "place", open=True)
_CATEGORY: Final = Vocabulary("categories", "category", open=True)
_SCORE: Final = Vocabulary("scores", "score", "ER304")
_CAMPAIGN: Final = Vocabulary("campaigns", "campaign", "ER304")
_CHECKLIST: Final = Vocabulary("checklists", "checklist", "ER304")
_DEADLINE: Final = Vocabulary("deadlines", "deadline", "ER304")
_DUTY: Final = Vocabulary("duties", "duty", "ER304")

VOCABULARY: Final[dict[Field, Vocabulary]] = {
    (BandSpec, "needs"): _CHECKLIST,
    (ChecklistSpec, "inspections"): _INSPECTION,
    (ComparedVisitsSpec, "inspections"): _INSPECTION,
    (CountedBandsSpec, "score"): _SCORE,
    (CountedDutiesSpec, "duty"): _DUTY,
    (CountedIssuesSpec, "deadline"): _DEADLINE,
    (DemotionSpec, "recurred"): Vocabulary("recurrences", "recurrence", "ER304"),
    (DutySpec, "during"): _CAMPAIGN,
    (DutySpec, "unit"): _UNIT_TYPE,
    (GateSpec, "unit"): _UNIT_TYPE,
    (IndicatorSpec, "unit"): _UNIT_TYPE,
    (ListSpec, "never_with"): Vocabulary("lists", "list", "ER304"),
    (ListSpec, "of"): _SCORE,
    (MetBySpec, "inspection"): _INSPECTION,
    (RowSpec, "at"): _PLACE,
    (RowSpec, "at_if"): _PLACE,
    (RowSpec, "find"): _CATEGORY,
    (RowSpec, "find_if"): _CATEGORY,
    (ScoreSpec, "checklist"): _CHECKLIST,
    (ScoreSpec, "counts"): _INSPECTION,
    (ScoreSpec, "indicator"): Vocabulary("indicators", "indicator", "ER304"),
    (ScoreSpec, "mean_of"): _SCORE,
    (ScoreSpec, "repeat"): _DEADLINE,
    (ScoreSpec, "restore_by"): _DEADLINE,
    (ScoreSpec, "table"): Vocabulary("tables", "table", "ER304"),
    (ScoreSpec, "unit"): _UNIT_TYPE,
    (SequenceSpec, "unit"): _UNIT_TYPE,
    (Where, "campaign"): _CAMPAIGN,
    (Where, "category"): _CATEGORY,
    (Where, "place"): _PLACE,
    (Where, "source"): _INSPECTION,
}
