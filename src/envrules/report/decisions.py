"""Decisions as a table, and one of them as a line for whoever watches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from rich.table import Table
from rich.text import Text

from envrules.report.tables import local, publication, table
from envrules.v1 import decisions_pb2 as pb

ID_SHOWN = 8
"""Characters of a decision's id in tables: enough to name it, `explain` takes a beginning."""


def decision_table(decisions: Iterable[pb.Decision], zone: tzinfo) -> Table:
    """Return decisions, one a row, in the order given."""
    made = table()
    made.add_column("编号", no_wrap=True, style="dim")
    made.add_column("时间", no_wrap=True)
    made.add_column("决定", no_wrap=True, max_width=24)
    made.add_column("状态", no_wrap=True)
    made.add_column("理由", ratio=1, overflow="fold")
    for decision in decisions:
        made.add_row(
            decision.id[:ID_SHOWN], local(decision.at, zone), decision.title,
            publication(decision.publication), decision.reason,
        )  # fmt: skip
    return made


def decision_line(decision: pb.Decision, zone: tzinfo) -> Text:
    """Return one decision as a line, as it arrives."""
    mark = {pb.CHANGE_SUPERSEDE: "更新 ", pb.CHANGE_REVOKE: "撤销 "}.get(decision.change, "")
    return Text.assemble(
        (decision.id[:ID_SHOWN], "dim"), " ", local(decision.at, zone), " ",
        (f"{mark}{decision.title}", "bold"), " ", publication(decision.publication), " ",
        decision.reason,
    )  # fmt: skip
