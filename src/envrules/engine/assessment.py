"""The facts behind one unit's score in one period, as of a place in the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from envrules import calendar as cal
from envrules.engine.appeals import Appeals
from envrules.engine.context import Registry, exempts, live
from envrules.engine.judging import Bench
from envrules.engine.unknown import unknown_category
from envrules.kinds import scores, taxonomy
from envrules.kinds.compiled import cite_value, plain
from envrules.kinds.scores import Charge, Score, Table, Tally
from envrules.kinds.taxonomy import Exclusion
from envrules.model.base import Instant
from envrules.model.decisions import Step
from envrules.model.events import (
    ApprovalGiven,
    Event,
    Exemption,
    Inspection,
    IssueFound,
    IssueMoved,
    ScoreSupplied,
    order_key,
)
from envrules.model.values import Citation
from envrules.ruleset.code_table import HostCode, code_of


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
    out: dict[str, tuple[Event, str]] = field(default_factory=dict)
    """Issues that were taken out: the move, and why."""

    def tally(self) -> Tally:
        """Return the additive counts that the judge reads."""
        return Tally(scores.count(self.charges), self.assessments, self.supplied, self.bonus)


@dataclass(frozen=True, slots=True)
class _Sighting:
    """One finding, wherever it was reported."""

    event: Event
    finding: str
    inspection: str
    code: HostCode
    place: str
    issue: str
    duplicate: bool
    is_finding: bool = True
    """False for the inspection itself, which assesses even if it found nothing."""

    @property
    def category(self) -> str:
        """The category in the scheme's words."""
        return self.code.category


def gather(
    bench: Bench, score: Score, period: str, unit: str, events: Sequence[Event], cut: int
) -> Evidence:
    """Return the evidence known at log entry `cut`, less what an upheld appeal has struck out.

    An appeal corrects its own period, so upheld ones count whenever they were decided.
    """
    registry, exemptions = bench.context.as_of(cut)
    alive = live(events)
    appeals = Appeals(bench, unit, alive)
    struck = appeals.upheld(bench.scheme.slug, score.id, period)
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
    evidence = Evidence(out=_out(known), sources=sorted(set(struck.values())))
    evidence.unscored += [Unscored(e, "", "rejected", why) for e, why in appeals.void]
    for event in known:
        if event.id in struck:
            continue
        if isinstance(event.payload, ScoreSupplied):
            _supply(score, period, event, event.payload, known, evidence)
        elif score.table is not None:
            _assess(bench, score, unit, event, struck, registry, exemptions, evidence)
    return evidence


def _out(events: Sequence[Event]) -> dict[str, tuple[Event, str]]:
    """Return the issues that were taken out after they were found: the move, and why."""
    out: dict[str, tuple[Event, str]] = {}
    for event in events:
        payload = event.payload
        if isinstance(payload, IssueMoved):
            if payload.move in _OUT:
                out[payload.issue] = (event, _OUT[payload.move])
            elif payload.move == "called_back":
                out.pop(payload.issue, None)
    return out


_OUT = {"voided": "已作废", "merged": "已并入另案", "not_filed": "不予立案"}


def exempt_throughout(
    exemptions: Sequence[Event], unit: str, start: Instant, end: Instant
) -> tuple[Event, ...]:
    """Return the exemptions that together free the unit from all of [start, end), or nothing."""
    found: list[Event] = []
    at = start
    while at < end:
        event = exempts(exemptions, unit, at)
        if event is None:
            return ()
        assert isinstance(event.payload, Exemption)
        found.append(event)
        at = event.payload.until
    return tuple(found)


# ── supplied points ──


def _supply(
    score: Score, period: str, event: Event, given: ScoreSupplied, known: Sequence[Event],
    evidence: Evidence,
) -> None:  # fmt: skip
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
    evidence.supplied[given.item] = (*evidence.supplied.get(given.item, ()), given.points)
    evidence.sources.append(event.id)


def _supply_problem(
    score: Score, period: str, event: Event, given: ScoreSupplied
) -> Unscored | None:
    """Return why these points are not accepted, or None."""

    def rejected(reason: str, citation: Citation, step: Step | None = None) -> Unscored:
        return Unscored(event, "", "rejected", reason, citation, step)

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


# ── findings ──


def _assess(
    bench: Bench, score: Score, unit: str, event: Event, struck: Mapping[str, str],
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
    exemption = exempts(exemptions, unit, at)
    if exemption is not None:
        evidence.unscored.append(Unscored(event, "", "exempt", "该单位此时免于考核"))
        evidence.sources.append(exemption.id)
        return
    day = bench.scheme.day(at)
    assert score.table is not None
    table = score.table.at(day).value
    for sighting in _sightings(event):
        evidence.assessments.setdefault(sighting.inspection, (at, table))
        anchor = f"{event.id}#{sighting.finding}" if sighting.finding else event.id
        if not sighting.is_finding or anchor in struck:
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
        yield _Sighting(event, "", payload.inspection, code_of(payload), payload.place,
                        payload.issue, bool(payload.duplicate_of))  # fmt: skip
    elif isinstance(payload, Inspection):
        yield _Sighting(event, "", payload.inspection, HostCode(), "", "", False, is_finding=False)
        for finding in payload.findings:
            yield _Sighting(event, finding.id, payload.inspection, code_of(finding), finding.place,
                            finding.issue, bool(finding.duplicate_of))  # fmt: skip


def _charge(
    bench: Bench, table: Table, sighting: _Sighting, day: date, exemptions: Sequence[Event],
    unit: str, evidence: Evidence,
) -> Charge | Unscored:  # fmt: skip
    """Return what one finding deducts, or why it deducts nothing.

    Whether it is excluded is read from its own ledger: later moves are not read here, so a proof
    that comes with one frees the issue from its clocks but not from this deduction.
    """
    scheme, event = bench.scheme, sighting.event

    def unscored(outcome: str, reason: str, citation: Citation | None = None) -> Unscored:
        return Unscored(event, sighting.finding, outcome, reason, citation)

    if sighting.duplicate:
        return unscored("duplicate", "与另一发现重复，不重复扣分")
    if sighting.issue in evidence.out:
        move, why = evidence.out[sighting.issue]
        evidence.sources.append(move.id)
        return unscored("void", f"案件 {sighting.issue} {why}，不扣分")
    if reason := unknown_category(scheme, sighting.code):
        return unscored("parked", f"{reason}，暂存待判", scheme.taxonomy_citation)
    if not sighting.category:
        return unscored("incomplete", "未写问题类别，无法对照扣分表，待补报")
    if sighting.place and scheme.places and sighting.place not in scheme.places:
        return unscored("parked", f"地点代码“{sighting.place}”不在本方案之内，暂存待判")
    excluded = _excluded(bench, event, day)
    if excluded is not None:
        reason = f"台账载明属“{excluded.citation.title}”，不扣分"
        return unscored("excluded", reason, excluded.citation)
    exemption = exempts(exemptions, unit, event.occurred_at, sighting.category, sighting.issue)
    if exemption is not None:
        evidence.sources.append(exemption.id)
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
    if not sighting.place and table.needs_place(sighting.category):
        return unscored("incomplete", f"“{sighting.category}”未写地点，无法对照扣分表，待补报")
    where = scheme.places.get(sighting.place, sighting.place)
    reason = f"{where}“{sighting.category}”不在扣分表之内，不扣分"
    if switched_off is not None:
        reason = f"{where}“{sighting.category}”不扣分（{switched_off.title}：{switched_off.value}）"
    return Unscored(event, sighting.finding, "no_row", reason, flag=switched_off)


def _excluded(bench: Bench, event: Event, day: date) -> Exclusion | None:
    """Return the exclusion that an issue's own ledger proves; an inspection's finding has none."""
    if not isinstance(event.payload, IssueFound):
        return None
    return taxonomy.excluded(bench.scheme.exclusions, event.payload, event.payload.ledger, day)
