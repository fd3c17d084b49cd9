"""What-if: recorded history under the rules in force and under others, and what would differ.

Both sides replay one log up to one place: `before` under the revision in force, `after` under the
one that is tried. Periods that the log has closed are judged anew under either; those still open
are read as if they were closed at that place.
"""

from envrules.whatif.answering import judge_under, rejudge, simulate
from envrules.whatif.history import History, from_store
from envrules.whatif.model import (
    Answer,
    Changed,
    Count,
    Difference,
    Part,
    Question,
    Row,
    Said,
    Side,
)
from envrules.whatif.prepared import Prepared, prepare, prepare_columns
from envrules.whatif.replay import Progress, Stopped
from envrules.whatif.rows import rows_under
from envrules.whatif.tried import Tried

__all__ = [
    "Answer",
    "Changed",
    "Count",
    "Difference",
    "History",
    "Part",
    "Prepared",
    "Progress",
    "Question",
    "Row",
    "Said",
    "Side",
    "Stopped",
    "Tried",
    "from_store",
    "judge_under",
    "prepare",
    "prepare_columns",
    "rejudge",
    "rows_under",
    "simulate",
]
