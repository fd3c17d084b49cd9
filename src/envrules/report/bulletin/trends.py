"""The bulletin's charts: how figures went over the last periods."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from envrules.report.bulletin.document import Chart, Section
from envrules.report.bulletin.ranking import mean
from envrules.v1 import standings_pb2 as pb

_RATES = ("closed_rate", "on_time_rate", "rework_rate")


def trend_section(reports: Sequence[pb.PeriodReport]) -> Section | None:
    """Return the charts over these periods, oldest first; None where nothing can be compared.

    Periods before the first with any figure are left out: nobody assessed then.
    """
    first = next((i for i, report in enumerate(reports) if _says_something(report)), len(reports))
    shown = reports[first:]
    if len(shown) < 2:
        return None
    labels = tuple(report.reading.period for report in shown)
    scores = tuple(
        (score.title, tuple(_mean(report, score.score) for report in shown))
        for score in shown[-1].scores
    )  # fmt: skip
    titles = {figure.figure: figure.title for figure in shown[-1].figures}
    rates = tuple((titles[name], tuple(_rate(report, name) for report in shown)) for name in _RATES)
    charts = [
        Chart("平均得分走势", labels, _known(scores)),
        Chart("案件办理比率走势", labels, _known(rates), "percent"),
    ]
    drawn = tuple(chart for chart in charts if chart.lines)
    return Section("走势", drawn) if drawn else None


def _says_something(report: pb.PeriodReport) -> bool:
    assessed = any(standing.points for score in report.scores for standing in score.standings)
    return assessed or any(_rate(report, name) is not None for name in _RATES)


def _mean(report: pb.PeriodReport, name: str) -> Decimal | None:
    points = [
        Decimal(standing.points) for score in report.scores if score.score == name
        for standing in score.standings if standing.points
    ]  # fmt: skip
    return mean(points) if points else None


def _rate(report: pb.PeriodReport, name: str) -> Decimal | None:
    value = next((figure.value for figure in report.figures if figure.figure == name), "")
    return Decimal(value) if value else None


def _known(
    lines: tuple[tuple[str, tuple[Decimal | None, ...]], ...],
) -> tuple[tuple[str, tuple[Decimal | None, ...]], ...]:
    """Return the lines that have a point."""
    return tuple(line for line in lines if any(value is not None for value in line[1]))
