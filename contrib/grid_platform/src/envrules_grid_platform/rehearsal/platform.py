"""The made-up platform's own database: tables named otherwise than ours, and its writes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    update,
)

from envrules_grid_platform.host_tables import CASE, FLOW, UNIT
from envrules_grid_platform.rehearsal.town import LEDGER, Write

NAMES: dict[str, dict[str, str | None]] = {
    "case": {"case_no": "task_num", "longitude": "coord_x", "latitude": "coord_y",
             "handling_unit": "dept_code", "reported_at": "create_time"},
    "flow": {"case_no": "task_num", "action": "act_name", "occurred_at": "act_time",
             "recorded_at": "write_time", "step": None},
    "unit": {},
}  # fmt: skip
"""Our column → the platform's."""
_TEXTS = {"longitude", "latitude"}
"""Columns that this platform keeps as text, with whatever somebody typed."""


def _table(ours: Table, part: str, name: str, metadata: MetaData, *more: str) -> Table:
    names = NAMES[part]
    columns: list[Column[Any]] = []
    for column in ours.columns:
        theirs = names.get(column.name, column.name)
        if theirs is not None:
            type_ = String(32) if column.name in _TEXTS else column.type
            columns.append(
                Column(theirs, type_, primary_key=column.primary_key, autoincrement=False)
            )
    return Table(name, metadata, *columns, *(Column(one, String(128)) for one in more))


METADATA = MetaData()
TABLES = {
    "case": _table(CASE, "case", "t_rec", METADATA),
    "flow": _table(FLOW, "flow", "t_rec_act", METADATA, *LEDGER.values()),
    "unit": _table(UNIT, "unit", "t_dept", METADATA),
}
Index("t_rec_act_num", TABLES["flow"].c.task_num)


def create(engine: Engine) -> None:
    """Make the platform's tables."""
    METADATA.create_all(engine)


def apply(connection: Connection, writes: Iterable[Write]) -> None:
    """Commit some writes; rows of one kind that follow one another go in one statement."""
    kinds = groupby(writes, key=lambda write: (write.table, write.update, tuple(write.row)))
    for (part, changes, columns), some in kinds:
        table, names = TABLES[part], [_theirs(part, ours) for ours in columns]
        rows = [dict(zip(names, write.row.values(), strict=True)) for write in some]
        if not changes:
            connection.execute(insert(table), rows)
            continue
        key, *changed = names
        connection.execute(
            update(table).where(table.c[key] == bindparam(f"new_{key}"))
            .values({name: bindparam(f"new_{name}") for name in changed}),
            [{f"new_{name}": value for name, value in row.items()} for row in rows],
        )  # fmt: skip


def _theirs(part: str, ours: str) -> str:
    return NAMES[part].get(ours) or ours


def configuration(
    url: str, address: str, locality: str, *, batch: int = 500, idle: str = "hold"
) -> str:
    """Return the bridge's configuration for this platform."""
    columns = {
        part: "\n".join(f"      {ours}: {theirs or 'null'}" for ours, theirs in names.items())
        for part, names in NAMES.items()
    }
    ledger = "\n".join(f"      {field}: {column}" for field, column in LEDGER.items())
    return f"""\
locality: {locality}
source: grid
timezone: Asia/Shanghai
database: {{url: "{url}"}}
server: {{address: "{address}"}}
time: {{lateness: 2h, idle: {idle}}}
poll: {{every: 1s, batch: {batch}, retry: 10s, standings: 30s}}
case_number: {{division: "110117"}}
tables:
  case:
    name: t_rec
    columns:
{columns["case"]}
    values:
      source: {{"01": grid_platform, "02": hotline}}
  flow:
    name: t_rec_act
    columns:
{columns["flow"]}
    ledger:
{ledger}
    actions:
      立案: [filed, registered]
  unit:
    name: t_dept
    values:
      type: {{"01": department}}
standings:
- {{scheme: pinggu, score: colours, period: month}}
"""


CODES = """\
codes: rehearsal
title: 演练平台代码
scheme: pinggu
places: {"1": 路边, "2": 村边, "3": 水边}
entries:
- {class: event, large: "01", small: "0101", category: 积存垃圾, title: 暴露垃圾}
- {class: event, large: "01", small: "0102", category: 堆物堆料, title: 乱堆物料}
- {class: event, large: "02", small: "0201", category: 道路清扫, title: 道路不洁}
- {class: event, large: "02", small: "0202", category: 杂物堆, title: 无主渣堆}
- {class: component, large: "01", small: "0101", category: 检查井, title: 上水井盖}
- {class: component, large: "01", small: "0102", category: 雨篦子, title: 雨水箅子}
- {class: component, large: "01", small: "0103", category: 城市家具, title: 座椅}
"""


def write_files(folder: Path, url: str, address: str, locality: str, **options: Any) -> Path:
    """Write the configuration into a folder; return its file."""
    file = folder / "bridge.yaml"
    file.write_text(configuration(url, address, locality, **options), encoding="utf-8")
    return file
