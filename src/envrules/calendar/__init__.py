"""Working time: days, hours, limits and deadlines, periods. Pure: no clock, no files.

- `days`: which local dates are worked, who says so, which years nobody has published;
- `hours`: the hours of a working day, by seasons too;
- `worktime`: W(t), the working time elapsed, and its two inverses;
- `durations`: limits as documents write them, and how each is counted;
- `deadlines`: when a limit runs out, with pauses and extensions;
- `periods`: months, quarters, weeks and their bounds;
- `localtime`: between instants and wall clocks.
"""

from envrules.calendar.days import (
    DayKind,
    DaySource,
    DayTable,
    Overlay,
    day_table,
    overlay_from_data,
)
from envrules.calendar.deadlines import (
    Deadline,
    Pause,
    deadline,
    elapsed,
    is_on_time,
    merged_pauses,
)
from envrules.calendar.durations import UNIT_TITLES, Counting, Due, Duration, Unit, WorkingDay
from envrules.calendar.errors import CalendarError
from envrules.calendar.hours import Season
from envrules.calendar.localtime import (
    day_bounds,
    limit_text,
    local_date,
    local_datetime,
    local_instant,
    local_text,
)
from envrules.calendar.periods import (
    PeriodKind,
    next_period,
    period_around,
    period_bounds,
    period_dates,
    period_kind,
    period_of,
    period_on,
    previous_period,
    sub_periods,
)
from envrules.calendar.worktime import Boundary, WorkCalendar

__all__ = [
    "UNIT_TITLES",
    "Boundary",
    "CalendarError",
    "Counting",
    "DayKind",
    "DaySource",
    "DayTable",
    "Deadline",
    "Due",
    "Duration",
    "Overlay",
    "Pause",
    "PeriodKind",
    "Season",
    "Unit",
    "WorkCalendar",
    "WorkingDay",
    "day_bounds",
    "day_table",
    "deadline",
    "elapsed",
    "is_on_time",
    "limit_text",
    "local_date",
    "local_datetime",
    "local_instant",
    "local_text",
    "merged_pauses",
    "next_period",
    "overlay_from_data",
    "period_around",
    "period_bounds",
    "period_dates",
    "period_kind",
    "period_of",
    "period_on",
    "previous_period",
    "sub_periods",
]
