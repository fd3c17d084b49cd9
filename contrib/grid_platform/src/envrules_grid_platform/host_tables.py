"""The tables that the bridge reads: what a platform's case records hold, under our own names.

A host has its own tables. It gives a view with these columns, or the configuration says which of
its columns is which; what it does not have is null. Nothing of a person (name, telephone, household,
the text of a complaint) is among them, and nothing else is ever read.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
)

HOST = MetaData()
"""The tables by the names that the bridge takes for granted; tests and rehearsals create them."""


def _code(name: str, comment: str, *, needed: bool = False) -> Column[str]:
    return Column(name, String(128), nullable=not needed, comment=comment)


def _time(name: str, comment: str) -> Column[object]:
    return Column(name, DateTime, comment=comment)


def _flag(name: str, comment: str) -> Column[bool]:
    return Column(name, Boolean, comment=comment)


CASE = Table(
    "grid_case", HOST,
    Column("case_no", String(32), primary_key=True, comment="案卷编号，19 位"),
    _code("object_class", "部件 / 事件"),
    _code("large_class", "大类代码"),
    _code("small_class", "小类代码"),
    _code("condition", "立案条件代码"),
    _code("category", "类别代码，平台只用一个代码时"),
    _code("source", "问题来源代码"),
    _code("source_level", "来源层级代码"),
    _code("reporter_unit", "上报单位（不是人）"),
    _code("place", "地点类型代码"),
    _code("place_unit", "所在区域的单位：村、社区、街道"),
    _code("handling_unit", "专业部门：第一次派遣到的处置单位"),
    Column("assisting_units", Text, comment="协办单位，逗号或顿号分隔"),
    _code("department", "主管部门"),
    _code("point", "点位、路段"),
    Column("longitude", Numeric(18, 12), comment="经度，始终同一坐标系"),
    Column("latitude", Numeric(18, 12), comment="纬度"),
    _code("grid", "万米单元网格编码"),
    _code("area_class", "区域等级代码"),
    Column("limit_amount", Numeric(12, 3), comment="处置时限数值"),
    _code("limit_unit", "处置时限类型：紧急工作时、工作时、工作日、小时、天"),
    _time("deadline", "平台自己算出的处置截止时间"),
    _code("duplicate_of", "重复案卷的原案卷编号"),
    Column("photos", Text, comment="照片地址，每行一个"),
    _time("reported_at", "上报时间"),
    _time("accepted_at", "受理时间"),
    _time("filed_at", "立案时间"),
    _time("dispatched_at", "派遣时间"),
    _time("handled_at", "处置时间"),
    _time("checked_at", "核查时间"),
    _time("closed_at", "结案时间"),
    _flag("is_urgent", "紧急"),
    _flag("is_supervised", "督办"),
    _flag("is_forced", "强制结案"),
    _flag("is_rework", "返工"),
    _flag("is_appealed", "申诉"),
)  # fmt: skip
"""案卷: one row a case, kept up to date by the host."""

FLOW = Table(
    "grid_flow", HOST,
    Column("flow_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True,
           comment="流水号，按写入递增，从不复用"),
    Column("case_no", String(32), nullable=False, comment="案卷编号"),
    Column("step", Integer, comment="案卷内的步骤序号；没有时用流水号"),
    _code("action", "动作：受理、立案、派遣……", needed=True),
    _time("occurred_at", "动作发生的时间；没有时取案卷上相应的时间"),
    _time("recorded_at", "本行写入的时间；没有时取动作发生的时间"),
    _code("by_unit", "办理单位"),
    _code("to_unit", "派往的单位（派遣、改派）"),
    _code("approver", "批准单位（延期、缓办、挂账、强制结案）"),
    Column("basis", Text, comment="依据文件（挂账、延期……）"),
    _time("until", "延至、缓至、挂账至"),
    _code("duplicate_of", "并入的案卷编号"),
    _code("slip", "直接下发的督办单级别"),
    Column("corrects", BigInteger, comment="本行更正或撤销的那一行的流水号"),
    _code("appeal_no", "申诉编号；没有时用案卷编号"),
    Column("disputes", BigInteger, comment="申诉所针对的流水号；没有时针对整个案卷"),
)  # fmt: skip
"""流转记录: append-only. A mistake is put right by a further row that says which one it corrects."""
Index("grid_flow_case", FLOW.c.case_no)

UNIT = Table(
    "grid_unit", HOST,
    Column("unit", String(64), primary_key=True, comment="单位代码"),
    Column("since", DateTime, primary_key=True, comment="本行内容起算的时间"),
    Column("until", DateTime, comment="单位撤销的时间"),
    Column("title", String(128), nullable=False, comment="单位名称"),
    Column("type", String(64), nullable=False, comment="单位类型代码"),
    Column("parent", String(64), comment="上级单位代码"),
)  # fmt: skip
"""单位: a row for each unit, and another one from when its title, type or parent changes."""

STAMPS = {
    "accepted": "accepted_at", "filed": "filed_at", "registered": "filed_at",
    "dispatched": "dispatched_at", "handled": "handled_at", "check_passed": "checked_at",
    "closed": "closed_at", "force_closed": "closed_at",
}  # fmt: skip
"""Step → the time on the case that stands in for a flow record without one of its own."""
