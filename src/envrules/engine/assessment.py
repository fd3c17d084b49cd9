"""The facts behind one unit's score in one period, as of a place in the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from envrules.engine.context import Registry, exempts, live
from envrules.engine.judging import Bench
from envrules.kinds import scores
from envrules.kinds.compiled import cite_value
from envrules.kinds.scores import Charge, Score, Table, Tally
from envrules.model.base import Instant
from envrules.model.decisions import Step
from envrules.model.events import (
    AppealDecided,
    AppealFiled,
    ApprovalGiven,
    Event,
    Inspection,
    IssueFound,
    ScoreSupplied,
    order_key,
)
from envrules.model.values import Citation


@dataclass(frozen=True, slots=True)
class Unscored:
    """A finding or supplied score that does not count, and why."""

    event: Event
    finding: str
    outcome: str
    reason: str
    citation: Citation | None = None
    flag: Step | None = None
    """The flag that keeps a row from counting it."""


@dataclass(slots=True)
class Evidence:
    """What counts, and what does not, of one unit and period."""

    charges: list[Charge] = field(default_factory=list)
    assessments: dict[str, tuple[Instant, Table]] = field(default_factory=dict)
    supplied: dict[str, tuple[Decimal, ...]] = field(default_factory=dict)
    bonus: Decimal = Decimal(0)
    sources: list[str] = field(default_factory=list)
    """Ids of the events that assess, supply or approve, in Order."""
    unscored: list[Unscored] = field(default_factory=list)
    issues: set[tuple[str, str]] = field(default_factory=set)
    """(assessment, issue) that have been charged: an issue deducts once in an assessment."""

    def tally(self) -> Tally:
        """Return the additive counts that the judge reads."""
        return Tally(scores.count(self.charges), self.assessments, self.supplied, self.bonus)


@dataclass(frozen=True, slots=True)
class _Sighting:
    """One finding, wherever it was reported."""

    event: Event
    finding: str
    inspection: str
    category: str
    place: str
    issue: str
    duplicate: bool


def gather(bench: Bench, score: Score, unit: str, events: Sequence[Event], cut: int) -> Evidence:
    """Return the evidence known at log entry `cut`, less what an upheld appeal has struck out.

    An appeal corrects its own period, so upheld ones count whenever they were decided.
    """
    registry, exemptions = bench.context.as_of(cut)
    alive = live(events)
    struck = upheld_targets(alive)
    known = live([e for e in events if e.seq <= cut])
    # What an upheld appeal struck out may be supplied anew, and corrects the period as well.
    again = {
        (e.payload.item, e.payload.organ) for e in alive
        if isinstance(e.payload, ScoreSupplied) and e.id in struck
    }  # fmt: skip
    known += [
        e for e in alive
        if e.seq > cut and isinstance(e.payload, ScoreSupplied)
        and (e.payload.item, e.payload.organ) in again
    ]  # fmt: skip
    evidence = Evidence()
    for event in known:
        if event.id in struck:
            continue
        if isinstance(event.payload, ScoreSupplied):
            _supply(score, event, event.payload, known, evidence)
        elif score.table is not None:
            _assess(bench, score, unit, event, struck, registry, exemptions, evidence)
    return evidence


def upheld_targets(events: Sequence[Event]) -> frozenset[str]:
    """Return what upheld appeals have struck out: event ids, or event#finding."""
    return frozenset(
        e.payload.target
        for e in events
        if isinstance(e.payload, AppealDecided) and e.payload.upheld
    )


def pending_appeals(events: Sequence[Event]) -> list[Event]:
    """Return the appeals that nobody has decided yet (申诉中)."""
    alive = live(events)
    decided = {e.payload.appeal for e in alive if isinstance(e.payload, AppealDecided)}
    return [
        e for e in alive if isinstance(e.payload, AppealFiled) and e.payload.appeal not in decided
    ]


# ── supplied points ──


def _supply(
    score: Score, event: Event, given: ScoreSupplied, known: Sequence[Event], evidence: Evidence
) -> None:
    problem = _supply_problem(score, event, given)
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
    evidence.supplied[given.item] = (*evidence.supplied.get(given.item, ()), given.points)
    evidence.sources.append(event.id)


def _supply_problem(score: Score, event: Event, given: ScoreSupplied) -> Unscored | None:
    """Return why these points are not accepted, or None."""
    if given.item == "bonus":
        if not score.bonus_by:
            return Unscored(
                event, "", "rejected", f"{score.citation.title}不设奖分", score.citation
            )
        return None
    if given.item == "total":
        if not score.supplied_by:
            return Unscored(
                event, "", "rejected", f"{score.citation.title}不接受外报总分", score.citation
            )
        organ, full = score.supplied_by, None
        citation = score.citation
    else:
        rows = {} if score.table is None else score.table.all()[-1].value.rows
        row = rows.get(given.item)
        if row is None or row.each is not None:
            return Unscored(
                event, "", "rejected", f"“{given.item}”不是由外部给分的项目", score.citation
            )
        organ, full, citation = row.supplied_by, row.full, row.citation
    if given.organ != organ:
        reason = f"{citation.title}由{organ}给分，{given.organ or '（未写单位）'}无权给分"
        return Unscored(event, "", "rejected", reason, citation)
    if given.points < 0 or (full is not None and given.points > full):
        return Unscored(event, "", "rejected", f"{given.points} 分超出 0 至 {full} 分", citation)
    return None


def _approval(score: Score, event: Event, known: Sequence[Event]) -> Event | None:
    """Return the approval in force: the latest one by the competent body, unless it revokes."""
    latest = None
    for other in known:
        payload = other.payload
        if (isinstance(payload, ApprovalGiven) and payload.target == event.id
                and payload.organ == score.bonus_by):  # fmt: skip
            latest = None if payload.revoked else other
    return latest


# ── findings ──


def _assess(
    bench: Bench, score: Score, unit: str, event: Event, struck: frozenset[str],
    registry: Registry, exemptions: Sequence[Event], evidence: Evidence,
) -> None:  # fmt: skip
    payload, at = event.payload, event.occurred_at
    if not isinstance(payload, Inspection | IssueFound):
        return
    known = registry.unit(unit, at)
    if known is None or known.type not in score.units:
        reason = f"单位 {unit} 在检查之时未登记" if known is None else f"{unit} 不是本项考核的对象"
        evidence.unscored.append(
            Unscored(event, "", "parked" if known is None else "rejected", reason)
        )
        return
    if exempts(exemptions, unit, at) is not None:
        evidence.unscored.append(Unscored(event, "", "exempt", "该单位此时免于考核"))
        return
    day = bench.scheme.day(at)
    assert score.table is not None
    table = score.table.at(day).value
    for sighting in _sightings(event):
        evidence.assessments.setdefault(sighting.inspection, (at, table))
        anchor = f"{event.id}#{sighting.finding}" if sighting.finding else event.id
        if not sighting.category or anchor in struck:
            continue
        charge = _charge(bench, table, sighting, day, exemptions, unit, evidence)
        if isinstance(charge, Unscored):
            evidence.unscored.append(charge)
        else:
            evidence.charges.append(charge)
            evidence.issues.add((sighting.inspection, sighting.issue))
    evidence.sources.append(event.id)


def _sightings(event: Event) -> Iterator[_Sighting]:
    """Yield what an event found; an inspection always yields itself first, without a category."""
    payload = event.payload
    if isinstance(payload, IssueFound):
        yield _Sighting(event, "", payload.inspection, payload.category, payload.place,
                        payload.issue, bool(payload.duplicate_of))  # fmt: skip
    elif isinstance(payload, Inspection):
        yield _Sighting(event, "", payload.inspection, "", "", "", False)
        for finding in payload.findings:
            yield _Sighting(event, finding.id, payload.inspection, finding.category, finding.place,
                            finding.issue, bool(finding.duplicate_of))  # fmt: skip


def _charge(
    bench: Bench, table: Table, sighting: _Sighting, day: date, exemptions: Sequence[Event],
    unit: str, evidence: Evidence,
) -> Charge | Unscored:  # fmt: skip
    """Return what one finding deducts, or why it deducts nothing."""
    scheme, event = bench.scheme, sighting.event

    def unscored(outcome: str, reason: str, citation: Citation | None = None) -> Unscored:
        return Unscored(event, sighting.finding, outcome, reason, citation)

    if sighting.duplicate:
        return unscored("duplicate", "与另一发现重复，不重复扣分")
    if scheme.categories and sighting.category not in scheme.categories:
        reason = f"问题类别“{sighting.category}”不在本方案之内，暂存待判"
        return unscored("parked", reason, scheme.taxonomy_citation)
    if exempts(exemptions, unit, event.occurred_at, sighting.category, sighting.issue) is not None:
        return unscored("exempt", "免责，不扣分")
    if sighting.issue and (sighting.inspection, sighting.issue) in evidence.issues:
        return unscored("repeat", f"案件 {sighting.issue} 本次测评已扣分")
    switched_off: Step | None = None
    for row, flags in table.match(sighting.place, sighting.category):
        off = next((f for f in flags if f.at(day).value is not True), None)
        if off is None:
            order = (*order_key(event), sighting.finding)
            return Charge(order, sighting.inspection, row, event, sighting.finding, flags)
        switched_off = cite_value(off, off.at(day))
    where = scheme.places.get(sighting.place, sighting.place)
    reason = f"{where}“{sighting.category}”不在扣分表之内，不扣分"
    if switched_off is not None:
        reason = f"{where}“{sighting.category}”不扣分（{switched_off.title}：{switched_off.value}）"
    return Unscored(event, sighting.finding, "no_row", reason, flag=switched_off)
