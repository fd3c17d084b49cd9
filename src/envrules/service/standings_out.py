"""Standings and statements as messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from envrules import calendar as cal
from envrules.engine.standings import Row
from envrules.engine.statement import StatementLine
from envrules.kinds.compiled import plain
from envrules.kinds.scores import Score
from envrules.kinds.tables import Table
from envrules.model.decisions import Decision
from envrules.ruleset.compile import Scheme
from envrules.service.status import not_found
from envrules.v1 import decisions_pb2
from envrules.v1 import standings_pb2 as pb
from envrules.wire.decisions_out import PUBLICATIONS
from envrules.wire.field_types import decimal_text, timestamp

ASSESSMENTS: Mapping[str, pb.Assessment.ValueType] = {
    "scored": pb.ASSESSMENT_ASSESSED,
    "not_assessed": pb.ASSESSMENT_NOT_ASSESSED,
    "incomplete": pb.ASSESSMENT_NOT_ASSESSED,
    "not_participating": pb.ASSESSMENT_NOT_PARTICIPATING,
}


UNDECIDED = decisions_pb2.PUBLICATION_UNSPECIFIED

FIGURES = ("score", "band", "rank", "list")
"""Kinds of decision by which a unit stands somewhere."""


def find_score(scheme: Scheme, score_id: str, period: str) -> Score:
    """Return the score if it is for such periods.

    Raises:
        Refusal: NOT_FOUND, there is no such score, or not for such periods.
    """
    found = next((score for score in scheme.scores if score.id == score_id), None)
    if found is None:
        raise not_found("SCORE_NOT_FOUND", f"scheme {scheme.slug} has no score {score_id!r}")
    if found.period != cal.period_kind(period):
        raise not_found(
            "PERIOD_NOT_FOUND", f"score {score_id} is by the {found.period}: it has no {period}"
        )
    return found


def standing_out(
    scheme: Scheme, score: Score, period: str, row: Row, figures: Sequence[Decision], *,
    is_open: bool,
) -> pb.Standing:  # fmt: skip
    """Return the message of one unit's standing.

    `figures` are the unit's scores, bands, ranks and lists of the period: as decided, or as a
    close would decide them while the period is open.
    """
    own = [d for d in figures if d.content.slot.rule in _rules_of(scheme, score)]
    lists = [
        d.content.slot.rule.removeprefix("lists.") for d in own
        if d.content.kind == "list" and d.content.outcome != "barred"
    ]  # fmt: skip
    table = _table_of(score, period)
    band = pb.Band(id=row.band, title=row.account.band_title) if row.band else None
    return pb.Standing(
        score=score.id, unit=row.unit.id, unit_title=row.title, partition=row.partition,
        assessment=ASSESSMENTS[row.status], points=decimal_text(row.figure), full=_full(score, period, table),
        band=band, rank=row.rank, ranked=row.ranked, lists=lists,
        rows=_rows(row, table) if table is not None else (),
        adjustments=_adjustments(score, row), warnings=_warnings(row),
        decision_ids=() if is_open else (d.id for d in own),
    )  # fmt: skip


def _rules_of(scheme: Scheme, score: Score) -> frozenset[str]:
    """Return the rules that decide where a unit stands in a score."""
    lists = (f"lists.{rule.id}" for rule in scheme.lists if rule.of == score.id)
    return frozenset({f"scores.{score.id}", f"bands.{score.id}", f"ranks.{score.id}", *lists})


def _table_of(score: Score, period: str) -> Table | None:
    """Return the score's table in force on the period's last day."""
    if score.table is None:
        return None
    return score.table.at(cal.period_dates(period)[1]).value


def _full(score: Score, period: str, table: Table | None) -> str:
    """Return full marks: of the table, or as stated for a score that is supplied."""
    if table is not None:
        return plain(sum((row.full for row in table.rows.values()), Decimal(0)))
    if score.full is None:
        return ""
    return plain(Decimal(str(score.full.at(cal.period_dates(period)[1]).value)))


def _rows(row: Row, table: Table) -> Iterator[pb.RowStanding]:
    figure, charges = row.account.figure, row.account.evidence.charges
    findings = Counter(charge.row.id for charge in charges)
    kept = figure.rows or {}
    for item in table.rows.values():
        deducted = -sum((c.points for c in charges if c.row.id == item.id), Decimal(0))
        yield pb.RowStanding(
            row=item.id, title=item.citation.title, full=plain(item.full),
            points=decimal_text(kept.get(item.id)), findings=findings[item.id],
            deducted=plain(deducted) if deducted else "0", supplied_by=item.supplied_by,
        )  # fmt: skip


def _adjustments(score: Score, row: Row) -> Iterator[pb.Adjustment]:
    if row.account.evidence.bonus:
        title = score.bonus_citation.title if score.bonus_citation is not None else ""
        yield pb.Adjustment(
            about="bonus", points=plain(row.account.evidence.bonus), title=title
        )  # fmt: skip
    for adjustment in row.account.adjustments:
        yield pb.Adjustment(
            about=adjustment.of, points=adjustment.points, title=f"{adjustment.of} 的更正"
        )


def _warnings(row: Row) -> Iterator[str]:
    if row.account.figure.missing:
        yield f"缺{'、'.join(row.account.figure.missing)}的得分，未能评定"
    if row.account.not_in:
        yield row.account.not_in
    if row.held:
        yield "申诉中"


def line_out(line: StatementLine) -> pb.StatementLine:
    """Return the message of one line of a statement."""
    return pb.StatementLine(
        event_id=line.event, finding_id=line.finding, at=timestamp(line.at), place=line.place,
        point=line.point, issue=line.issue, category=line.category, row=line.row,
        row_title=line.row_title, points=plain(line.points), counted=plain(line.counted),
        reason=line.reason, ref=line.ref, location=line.location, appealed=line.appealed,
    )  # fmt: skip


def entry_out(decision: Decision, title: str, *, is_open: bool) -> pb.ListEntry:
    """Return the message of a place on a list; an open period's is not a decision yet."""
    content = decision.content
    return pb.ListEntry(
        unit=content.unit, unit_title=title, rank=content.rank or 0,
        points=decimal_text(content.points), reason=content.reason,
        decision_id="" if is_open else decision.id,
        publication=UNDECIDED if is_open else PUBLICATIONS[content.publication],
    )  # fmt: skip
