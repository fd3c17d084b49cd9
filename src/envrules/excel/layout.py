"""How parameters and deduction tables lie in a workbook: what the two directions share.

The sheet 参数 has a row for each parameter and a column for each date. Each deduction table has a
sheet for each of its dates, whose first line says which; its rows follow below the headings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from envrules.kinds.common import Sourced
from envrules.model.values import ALWAYS

PARAMETERS = "参数"
NAME, TITLE, UNIT, BASIS = "名称", "标题", "单位", "依据"
FIXED = (NAME, TITLE, UNIT, BASIS)
"""Columns of the parameters that come before the dates: for reading, except by this program."""
SINCE_EVER = "一直"

TABLE = "扣分表"
TABLE_HEADINGS_ROW = 3
FIRST_ROW = 4

UNIT_TITLES: Mapping[str, str] = {
    "points": "分", "count": "个", "ratio": "比例（0 至 1）", "percent": "%", "flag": "是/否",
    "text": "文字", "money": "元", "working_hours": "工作时", "working_days": "工作日",
    "emergency_hours": "紧急工作时", "emergency_days": "紧急工作日", "hours": "小时",
    "minutes": "分钟", "calendar_days": "自然日", "same_day": "当日几点前", "months": "个月",
    "date": "日期", "month_day": "每年某月某日", "metres": "米",
}  # fmt: skip

Form = Literal["text", "number", "words"]


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a deduction table's row."""

    heading: str
    field: str
    form: Form | None = None
    """How it may be changed; None: it is for reading."""


COLUMNS = (
    Column("行", "id"), Column(TITLE, "title", "text"), Column("满分", "full", "number"),
    Column("每处扣", "each", "number"), Column("地点", "at", "words"), Column("地点（开关）", "at_if"),
    Column("类别", "find", "words"), Column("类别（开关）", "find_if"),
    Column("评分单位", "supplied_by", "text"), Column("未评时", "not_supplied"), Column(BASIS, "basis"),
)  # fmt: skip


def heading_of(day: str) -> str:
    """Return the heading of a date's column."""
    return SINCE_EVER if day == ALWAYS else day


def basis(item: Sourced) -> str:
    """Return the clause, or why there is none."""
    return item.ref or f"原文无：{item.not_from_source}"


def shown(item: Any, field: str) -> Any:
    """Return what a cell of a row shows: words with blanks between, a flag's words behind it."""
    if field == "basis":
        return basis(item)
    value = getattr(item, field)
    match value:
        case tuple():
            return " ".join(value)
        case dict():
            return "；".join(f"{flag}: {' '.join(words)}" for flag, words in value.items())
    return value
