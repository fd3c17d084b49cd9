"""What has judged a locality, and what waits to: for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from rich.table import Table

from envrules.report.tables import local, table
from envrules.v1 import locality_service_pb2, rulesets_pb2

CANDIDATE, IN_FORCE = "候选", "现行"


def revision_table(
    binding: locality_service_pb2.SchemeBinding,
    revisions: Sequence[rulesets_pb2.PublishedRevision],
    zone: tzinfo,
) -> Table:
    """Return what was published, latest first, below the candidate if there is one."""
    made = table()
    made.add_column("版本", no_wrap=True)
    made.add_column("状态", no_wrap=True)
    made.add_column("记录", justify="right", no_wrap=True)
    made.add_column("时间", no_wrap=True)
    made.add_column("发布人", overflow="fold")
    made.add_column("理由", ratio=1, overflow="fold")
    file = binding.file
    if file.candidate:
        how = "改动今日以前的取值，发布须注明追溯" if file.retroactive else "待发布"
        made.add_row(file.candidate[:8], CANDIDATE, "", "", "", f"{file.path}：{how}")
    for at, one in enumerate(revisions):
        made.add_row(
            one.revision[:8], IN_FORCE if at == 0 else "", str(one.seq),
            local(one.published_at, zone) if one.HasField("published_at") else "",
            one.published_by, one.reason,
        )  # fmt: skip
    return made


def problem_lines(problems: Iterable[rulesets_pb2.RulesetProblem]) -> list[str]:
    """Return what is wrong with a ruleset as `envrules check` says it."""
    return [f"{p.file}:{p.line}:{p.column}: {p.code} {p.message}\n  fix: {p.fix}" for p in problems]


def change_lines(changes: Iterable[rulesets_pb2.RulesetChange]) -> list[str]:
    """Return changes of a ruleset in words, a line each."""
    return [change.words or change.path for change in changes]
