"""对账单: every deduction of one unit in one period, with time, place and row. Prevents appeals."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from envrules.engine.context import FOREVER
from envrules.engine.projection import Projection
from envrules.engine.score import account_for
from envrules.kinds import scores
from envrules.model.base import Frozen, Instant
from envrules.model.decisions import Step
from envrules.model.events import Inspection, IssueFound


class StatementLine(Frozen):
    """One finding: what it cost, and what of that counted under the cap."""

    at: Instant
    event: str
    finding: str
    inspection: str
    place: str
    category: str
    row: str
    row_title: str
    points: Decimal
    counted: Decimal
    note: str = ""
    """Why it does not count, if it does not."""


class Statement(Frozen):
    """One unit's account of one period."""

    unit: str
    title: str
    score: str
    period: str
    status: str
    figure: Decimal | None
    band: str
    band_title: str
    closed: bool
    lines: tuple[StatementLine, ...]
    adjustments: tuple[tuple[str, Decimal], ...]
    """(closed period corrected, points)."""
    steps: tuple[Step, ...]
    revision: str


def statement(
    projection: Projection, scheme: str, score_id: str, unit: str, period: str
) -> Statement:
    """Return a unit's statement: as it stands for an open period, as frozen for a closed one.

    Raises:
        KeyError: the locality does not use the scheme.
        StopIteration: the scheme has no such score.
    """
    bench, inputs = projection.view((scheme, score_id, period, unit))
    score = bench.scheme.score(score_id)
    close = bench.context.closes.get(period)
    cut = close.seq if close is not None else FOREVER
    account = account_for(bench, score, period, unit, inputs, cut)
    shares = scores.counted(account.evidence.charges)
    lines = [_line(bench.scheme.places, c, shares[c.anchor]) for c in account.evidence.charges]
    lines += [
        StatementLine(item.event.occurred_at, item.event.id, item.finding, "", "", "", "", "",
                      Decimal(0), Decimal(0), item.reason)
        for item in account.evidence.unscored
    ]  # fmt: skip
    return Statement(
        unit, bench.context.registry.title(unit, bench.context.now), score_id, period,
        account.figure.status, account.figure.printed, account.band, account.band_title,
        close is not None, tuple(sorted(lines, key=lambda line: (line.at, line.event, line.finding))),
        tuple((a.of, Decimal(a.points)) for a in account.adjustments),
        account.steps, bench.scheme.revision,
    )  # fmt: skip


def _line(places: Mapping[str, str], charge: scores.Charge, share: Decimal) -> StatementLine:
    event, row = charge.event, charge.row
    payload = event.payload
    if isinstance(payload, IssueFound):
        place, category = payload.place, payload.category
    else:
        assert isinstance(payload, Inspection)
        finding = next(f for f in payload.findings if f.id == charge.finding)
        place, category = finding.place, finding.category
    assert row.each is not None
    return StatementLine(
        event.occurred_at, event.id, charge.finding, charge.assessment, places.get(place, place),
        category, row.id, row.citation.title, -row.each, -share,
    )  # fmt: skip
