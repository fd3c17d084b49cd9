"""The bulletin's part about issues: rates, categories, slips, overdue, repeats, appeals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal

from envrules.report.bulletin.document import (
    Annex,
    Block,
    Cell,
    Column,
    Paragraph,
    Section,
    Table,
)
from envrules.report.bulletin.said import grounds, publication, when
from envrules.v1 import decisions_pb2
from envrules.v1 import standings_pb2 as pb

WORST = 5
"""Categories that a bulletin names."""
_EXPLAINED = (
    "应结案为期限在本期之内届满的案件，缓办、挂账另计；强制结案不计按期；分母为零的不适用。"
)


def issue_sections(
    report: pb.PeriodReport, late: Sequence[decisions_pb2.Decision],
    recurred: Sequence[decisions_pb2.Decision], held: Sequence[decisions_pb2.Decision],
    titles: Mapping[str, str], zone: tzinfo, annex: Annex,
) -> Iterator[Section]:  # fmt: skip
    """Yield what the bulletin says about issues."""
    figures = {figure.figure: figure for figure in report.figures}
    overdue = _overdue(figures, late)
    yield Section("案件办理", (
        Paragraph(_EXPLAINED), _rates(figures, annex, overdue), _counts(figures, annex),
        _by_unit(overdue, report, titles, annex),
    ))  # fmt: skip
    yield Section("问题类别", (_categories(report),))
    yield Section("督办单", tuple(_slips(report, titles, zone, annex)))
    yield Section("反复发生的问题", (_repeats(recurred, titles, zone, annex),))
    yield Section("待决申诉", (_appeals(held, titles, annex),))


_RATES = (
    ("filed_rate", "立案／受理"), ("closed_rate", "结案／应结案"),
    ("on_time_rate", "按期结案／应结案"), ("rework_rate", "返工／应结案"),
)  # fmt: skip


def _rates(
    figures: Mapping[str, pb.Figure], annex: Annex, overdue: Sequence[decisions_pb2.Decision]
) -> Table:
    columns = (
        Column("指标"), Column("算法"), Column("分子", "number"), Column("分母", "number"),
        Column("比率", "percent"),
    )  # fmt: skip
    rows = []
    for name, how in _RATES:
        rate = figures[name]
        known = [d for d in overdue if not set(d.issues).isdisjoint(rate.issues)]
        about = f"{rate.title}：{'返工' if name == 'rework_rate' else '未计入分子'}的案件"
        basis = annex.cite(
            about, grounds(known if name == "on_time_rate" else ()), tuple(rate.issues)
        )
        rows.append((
            Cell(rate.title), Cell(how), Cell(int(rate.numerator)), Cell(int(rate.denominator)),
            Cell(Decimal(rate.value) if rate.value else "不适用", basis=basis),
        ))  # fmt: skip
    return Table("案件办理比率表", columns, tuple(rows))


_COUNTS = ("accepted", "filed", "due", "closed", "on_time", "reworked")
_APART = ("force_closed", "deferred", "suspended")


def _counts(figures: Mapping[str, pb.Figure], annex: Annex) -> Table:
    columns = (Column("事项"), Column("件数", "number"))
    rows = [(Cell(figures[name].title), Cell(int(figures[name].value))) for name in _COUNTS]
    for name in _APART:
        count = figures[name]
        basis = annex.cite(f"{count.title}：案件", (), tuple(count.issues))
        rows.append((Cell(count.title), Cell(int(count.value), basis=basis)))
    return Table("案件数量表", columns, tuple(rows))


def _overdue(
    figures: Mapping[str, pb.Figure], late: Sequence[decisions_pb2.Decision]
) -> list[decisions_pb2.Decision]:
    """Return the decisions by which issues that were due are not on time."""
    missed = set(figures["on_time_rate"].issues)
    return [d for d in late if not missed.isdisjoint(d.issues)]


def _by_unit(
    overdue: Sequence[decisions_pb2.Decision], report: pb.PeriodReport, titles: Mapping[str, str],
    annex: Annex,
) -> Table:  # fmt: skip
    """Return how many of the due issues each unit has not ended in time."""
    figures = {figure.figure: figure for figure in report.figures}
    waiting = set(figures["closed_rate"].issues)
    columns = (
        Column("单位"), Column("未按期件数", "number"), Column("其中尚未结案", "number"),
    )  # fmt: skip
    by_unit: dict[str, list[decisions_pb2.Decision]] = {}
    for decision in overdue:
        by_unit.setdefault(decision.unit, []).append(decision)
    rows = []
    for unit, own in sorted(by_unit.items(), key=lambda item: (-len(_issues(item[1])), item[0])):
        issues, title = _issues(own), titles.get(unit, unit)
        rows.append((
            Cell(title),
            Cell(len(issues), basis=annex.cite(f"未按期：{title}", grounds(own), sorted(issues))),
            Cell(len(issues & waiting)),
        ))  # fmt: skip
    return Table(
        "各单位未按期结案表", columns, tuple(rows), "本期应结案件全部按期，或没有应结案件。"
    )


def _issues(decisions: Sequence[decisions_pb2.Decision]) -> set[str]:
    return {issue for decision in decisions for issue in decision.issues}


def _categories(report: pb.PeriodReport) -> Table:
    columns = (
        Column("次序", "number"), Column("类别"), Column("起数", "number"),
        Column("扣分", "number"),
    )  # fmt: skip
    rows = tuple(
        (Cell(i), Cell(c.title or c.category), Cell(c.findings), Cell(Decimal(c.points)))
        for i, c in enumerate(report.categories[:WORST], start=1)
    )
    return Table("最突出的五类问题", columns, rows, "本期没有发现问题。")


def _slips(
    report: pb.PeriodReport, titles: Mapping[str, str], zone: tzinfo, annex: Annex
) -> Iterator[Block]:
    waiting = [slip for slip in report.slips if slip.open_issues]
    yield Paragraph(
        f"列入本期的督办单共 {len(report.slips)} 张（本期下达的，和以前下达而问题尚未整改的），"
        f"其中 {len(waiting)} 张尚有问题未整改。"
    )  # fmt: skip
    columns = (
        Column("督办单"), Column("单位"), Column("下达时间", "time"), Column("案件数", "number"),
        Column("尚未整改", "number"), Column("状态"),
    )  # fmt: skip
    rows = []
    for slip in report.slips:
        given = slip.decision
        title = titles.get(given.unit, given.unit)
        basis = annex.cite(f"{given.title}：{title}", grounds([given]), tuple(given.issues))
        rows.append((
            Cell(given.title, basis=basis), Cell(title), Cell(when(given, zone)),
            Cell(len(given.issues)), Cell(len(slip.open_issues)),
            Cell(publication(given.publication)),
        ))  # fmt: skip
    yield Table("督办单一览表", columns, tuple(rows), "没有下达督办单。")


def _repeats(
    recurred: Sequence[decisions_pb2.Decision], titles: Mapping[str, str], zone: tzinfo,
    annex: Annex,
) -> Table:  # fmt: skip
    columns = (
        Column("事项"), Column("单位"), Column("再次发现", "time"), Column("情况", wide=True),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(d.title, basis=annex.cite(d.title, grounds([d]), tuple(d.issues))),
            Cell(titles.get(d.unit, d.unit)), Cell(when(d, zone)), Cell(d.reason),
        )
        for d in recurred
    )  # fmt: skip
    return Table("反复发生问题一览表", columns, rows, "本期没有认定反复发生的问题。")


def _appeals(
    held: Sequence[decisions_pb2.Decision], titles: Mapping[str, str], annex: Annex
) -> Table:
    columns = (Column("单位"), Column("所涉决定"), Column("期间"), Column("情况", wide=True))
    rows = tuple(
        (
            Cell(titles.get(d.unit, d.unit)),
            Cell(d.title, basis=annex.cite(f"申诉中：{d.title}", grounds([d]))),
            Cell(d.period), Cell(d.reason),
        )
        for d in held
    )  # fmt: skip
    return Table("申诉未决的决定一览表", columns, rows, "没有未决的申诉。")
