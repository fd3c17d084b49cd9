"""Words that bulletins and statements share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from decimal import Decimal

from envrules import calendar as cal
from envrules.report.bulletin.document import Ground
from envrules.report.tables import PUBLICATION, local
from envrules.v1 import decisions_pb2
from envrules.v1 import standings_pb2 as pb

ABSENT = {
    pb.ASSESSMENT_NOT_ASSESSED: "未考核",
    pb.ASSESSMENT_NOT_PARTICIPATING: "不参评",
    pb.ASSESSMENT_NOT_APPLICABLE: "不适用",
}
_QUARTERS = "一二三四"


def period_words(period: str) -> str:
    """Return a period as it is written in a document: 2026年7月."""
    kind = cal.period_kind(period)
    first = cal.period_dates(period)[0]
    match kind:
        case "month":
            return f"{first.year}年{first.month}月"
        case "quarter":
            return f"{first.year}年第{_QUARTERS[(first.month - 1) // 3]}季度"
        case "year":
            return f"{first.year}年"
        case _:
            return period


def number(text: str) -> Decimal | None:
    """Return the number of a decimal text; None if it is empty."""
    return Decimal(text) if text else None


def publication(value: int) -> str:
    """Return how far a decision is on its way to the public."""
    return PUBLICATION.get(value, "")


def grounds(decisions: Iterable[decisions_pb2.Decision]) -> list[Ground]:
    """Return decisions as an annex lists them."""
    return [Ground(d.id, d.reason or d.title) for d in decisions]


def when(decision: decisions_pb2.Decision, zone: tzinfo) -> str:
    """Return when a decision became true, as the people there read it."""
    return local(decision.at, zone)
