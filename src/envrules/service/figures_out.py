"""What a period report says about issues: rates and categories, as messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from envrules.engine.caseload import Case, Count, Rate, figures
from envrules.engine.standings import Row
from envrules.engine.statement import StatementLine, statement_lines
from envrules.kinds.compiled import plain
from envrules.model.base import Instant
from envrules.v1 import standings_pb2 as pb


def figures_out(cases: Sequence[Case]) -> Iterator[pb.Figure]:
    """Yield the figures of a locality's issues."""
    for figure in figures(cases):
        match figure:
            case Count():
                yield pb.Figure(
                    figure=figure.id, title=figure.title, value=str(figure.value),
                    issues=figure.issues,
                )  # fmt: skip
            case Rate():
                yield pb.Figure(
                    figure=figure.id, title=figure.title, value=_fraction(figure),
                    numerator=str(figure.numerator), denominator=str(figure.denominator),
                    issues=figure.issues,
                )  # fmt: skip


def _fraction(rate: Rate) -> str:
    """Return a rate to four places, half up; empty where there is nothing to divide by."""
    if not rate.denominator:
        return ""
    twice = 2 * rate.denominator
    return f"{Decimal((20_000 * rate.numerator + rate.denominator) // twice).scaleb(-4):f}"


def categories_out(
    cases: Iterable[Case], rows: Iterable[Row], titles: Mapping[str, str],
    span: tuple[Instant, Instant],
) -> list[pb.CategoryCount]:  # fmt: skip
    """Return how often each category came up in the span, the most frequent first."""
    seen: dict[str, set[str]] = {}
    points: dict[str, Decimal] = {}
    for case in cases:
        if span[0] <= case.found_at < span[1]:
            seen.setdefault(case.category, set()).add(case.issue)
    for line in (line for row in rows for line in statement_lines(row.account, {})):
        if line.category:
            seen.setdefault(line.category, set()).add(_finding(line))
            points[line.category] = points.get(line.category, Decimal(0)) + line.counted
    counted = [
        pb.CategoryCount(
            category=category, title=titles.get(category) or category, findings=len(found),
            points=plain(points.get(category, Decimal(0))),
        )
        for category, found in seen.items() if category
    ]  # fmt: skip
    return sorted(counted, key=lambda c: (-c.findings, Decimal(c.points), c.category))


def _finding(line: StatementLine) -> str:
    """Return what tells a finding from others: the issue that records it, or else its event."""
    return line.issue or f"{line.event}#{line.finding}"
