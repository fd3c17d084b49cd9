"""对账单: every finding about one unit in one period, and what it cost. Prevents appeals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from envrules.engine.account import Account
from envrules.engine.appeals import Appeals, struck_target
from envrules.engine.context import live
from envrules.engine.evidence import Unscored
from envrules.engine.nodes import score_node
from envrules.engine.projection import Projection
from envrules.engine.score import deduction_note
from envrules.engine.standings import Row, standings
from envrules.kinds.charges import Charge
from envrules.model.base import Frozen, Instant
from envrules.model.events import AppealFiled, Event, Finding, Inspection, IssueFound
from envrules.model.values import Citation


class StatementLine(Frozen):
    """One finding: what it cost, what of that counted under the cap, and why."""

    at: Instant
    event: str
    finding: str
    """Id within its inspection; empty where the event itself is the finding."""
    inspection: str
    place: str
    """Title of the kind of place."""
    point: str
    issue: str
    category: str
    row: str
    """Row of the table that it fell into; empty when it costs nothing."""
    row_title: str
    points: Decimal
    counted: Decimal
    reason: str
    ref: str
    location: str
    appealed: bool
    """An appeal against it is pending."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One unit's account of one period: the standing, and every finding in order of time."""

    row: Row
    lines: tuple[StatementLine, ...]


def statement(
    projection: Projection, scheme: str, score: str, unit: str, period: str, *,
    as_of: Instant | None = None, known_at: int | None = None,
) -> Statement | None:  # fmt: skip
    """Return a unit's statement; None if the score is not about it in that period.

    Arguments and errors are those of `standings`.
    """
    rows = standings(projection, scheme, score, period, as_of=as_of, known_at=known_at)
    row = next((row for row in rows if row.unit.id == unit), None)
    if row is None:
        return None
    bench, inputs = projection.view(score_node(scheme, score, period, unit))
    known = [e for e in inputs.events if known_at is None or e.seq <= known_at]
    appealed = frozenset(
        struck_target(e.payload.target, scheme, score, period)
        for e in Appeals(bench, unit, live(known)).pending() if isinstance(e.payload, AppealFiled)
    )  # fmt: skip
    return Statement(row, statement_lines(row.account, bench.scheme.places, appealed))


def statement_lines(
    account: Account, places: Mapping[str, str], appealed: frozenset[str] = frozenset()
) -> tuple[StatementLine, ...]:
    """Return the lines of an account, in order of time.

    Args:
        account: the unit's account.
        places: titles of the kinds of place.
        appealed: events (`<id>`) and findings (`<id>#<finding>`) under appeal.
    """
    shares = account.shares
    lines = [
        _line(c.event, c.finding, places, appealed, charge=c, share=shares[c.anchor].counted,
              reason=deduction_note(c, shares[c.anchor]), citation=c.row.citation)
        for c in account.evidence.charges
    ]  # fmt: skip
    lines += [_free(item, places, appealed) for item in account.evidence.unscored]
    return tuple(sorted(lines, key=lambda line: (line.at, line.event, line.finding)))


def _free(item: Unscored, places: Mapping[str, str], appealed: frozenset[str]) -> StatementLine:
    """Return the line of a finding that costs nothing."""
    return _line(
        item.event, item.finding, places, appealed, reason=item.reason, citation=item.citation
    )


def _line(
    event: Event, finding_id: str, places: Mapping[str, str], appealed: frozenset[str], *,
    charge: Charge | None = None, share: Decimal = Decimal(0), reason: str,
    citation: Citation | None,
) -> StatementLine:  # fmt: skip
    found, inspection = _found(event, finding_id)
    place = found.place if found is not None else ""
    row = charge.row if charge is not None else None
    points = charge.points if charge is not None else Decimal(0)
    return StatementLine(
        at=event.occurred_at, event=event.id, finding=finding_id, inspection=inspection,
        place=places.get(place, place), point=found.point if found is not None else "",
        issue=found.issue if found is not None else "",
        category=found.category if found is not None else "",
        row=row.id if row is not None else "",
        row_title=row.citation.title if row is not None else "",
        points=-points if points else Decimal(0), counted=-share if share else Decimal(0),
        reason=reason, ref=citation.ref if citation is not None else "",
        location=citation.location if citation is not None else "",
        appealed=not appealed.isdisjoint({event.id, f"{event.id}#{finding_id}"}),
    )  # fmt: skip


def _found(event: Event, finding_id: str) -> tuple[IssueFound | Finding | None, str]:
    """Return what describes a finding, and its inspection."""
    payload = event.payload
    if isinstance(payload, IssueFound):
        return payload, payload.inspection
    if isinstance(payload, Inspection):
        own = (finding for finding in payload.findings if finding.id == finding_id)
        return next(own, None), payload.inspection
    return None, ""
