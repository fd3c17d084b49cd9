"""Points that organs award: which of them count, and which have been approved."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from envrules import calendar as cal
from envrules.engine.evidence import Evidence, Unscored
from envrules.kinds.compiled import cite_value, plain
from envrules.kinds.scores import Score
from envrules.model.decisions import Step
from envrules.model.events import ApprovalGiven, Event, ScoreSupplied, order_key
from envrules.model.values import Citation


def supply(
    score: Score, period: str, event: Event, given: ScoreSupplied, known: Sequence[Event],
    evidence: Evidence,
) -> None:  # fmt: skip
    """Add what an organ has awarded, or why that does not count."""
    problem = _supply_problem(score, period, event, given)
    if problem is not None:
        evidence.unscored.append(problem)
        return
    if given.item == "bonus":
        approval = _approval(score, event, known)
        if approval is None:
            reason = f"奖分 {given.points} 未经{score.bonus_by}审核，不计"
            evidence.unscored.append(
                Unscored(event, "", "unapproved", reason, score.bonus_citation)
            )
            return
        evidence.bonus += given.points
        evidence.sources += [event.id, approval.id]
        return
    award = order_key(event), given.points
    evidence.supplied[given.item] = max(evidence.supplied.get(given.item, award), award)
    evidence.sources.append(event.id)


def _supply_problem(
    score: Score, period: str, event: Event, given: ScoreSupplied
) -> Unscored | None:
    """Return why these points are not accepted, or None."""

    def rejected(reason: str, citation: Citation, step: Step | None = None) -> Unscored:
        steps = () if step is None else (step,)
        return Unscored(event, "", "rejected", reason, citation, steps)

    last_day = cal.period_dates(period)[1]
    most: Decimal | None = None
    step: Step | None = None
    if given.item == "bonus":
        return None if score.bonus_by else rejected(
            f"{score.citation.title}不设奖分", score.citation
        )  # fmt: skip
    if given.item == "total":
        if not score.supplied_by:
            return rejected(f"{score.citation.title}不接受外报总分", score.citation)
        organ, citation = score.supplied_by, score.citation
        if score.full is not None:
            held = score.full.at(last_day)
            most, step = Decimal(str(held.value)), cite_value(score.full, held)
    else:
        rows = {} if score.table is None else score.table.at(last_day).value.rows
        row = rows.get(given.item)
        if row is None or row.each is not None:
            return rejected(f"“{given.item}”不是由外部给分的项目", score.citation)
        organ, most, citation = row.supplied_by, row.full, row.citation
    if given.organ != organ:
        who = given.organ or "（未写单位）"
        return rejected(f"{citation.title}由{organ}给分，{who}无权给分", citation)
    points = plain(given.points)
    if most is not None and not 0 <= given.points <= most:
        return rejected(f"{points} 分超出 0 至 {plain(most)} 分", citation, step)
    return rejected(f"{points} 分低于 0 分", citation) if given.points < 0 else None


def _approval(score: Score, event: Event, known: Sequence[Event]) -> Event | None:
    """Return the approval in force: the latest one by the competent body, unless it revokes."""
    latest = None
    for other in known:
        payload = other.payload
        if (isinstance(payload, ApprovalGiven) and payload.target == event.id
                and payload.organ == score.bonus_by):  # fmt: skip
            latest = None if payload.revoked else other
    return latest
