"""What one finding costs, or why it costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from envrules import calendar as cal
from envrules.engine.context import exempts
from envrules.engine.evidence import Evidence, Unscored
from envrules.engine.judging import Bench
from envrules.engine.told import Told
from envrules.engine.unknown import unknown_category
from envrules.engine.weights import factors_of, restored
from envrules.kinds import taxonomy
from envrules.kinds.charges import Charge, Factor
from envrules.kinds.compiled import Parameter, cite_value
from envrules.kinds.scores import Score
from envrules.kinds.tables import Row, Table
from envrules.kinds.taxonomy import Exclusion
from envrules.model.decisions import Step
from envrules.model.events import Event, Inspection, IssueFound, order_key
from envrules.model.values import Citation
from envrules.ruleset.code_table import HostCode, code_of


@dataclass(frozen=True, slots=True)
class Sighting:
    """One finding, wherever it was reported."""

    event: Event
    finding: str
    inspection: str
    code: HostCode
    place: str
    issue: str
    duplicate: bool

    @property
    def category(self) -> str:
        """The category in the scheme's words."""
        return self.code.category

    @property
    def anchor(self) -> str:
        """What an appeal calls it: the event, or event#finding."""
        return f"{self.event.id}#{self.finding}" if self.finding else self.event.id


def sightings(event: Event) -> Iterator[Sighting]:
    """Yield what an event found."""
    payload = event.payload
    if isinstance(payload, IssueFound):
        yield Sighting(event, "", payload.inspection, code_of(payload), payload.place,
                       payload.issue, bool(payload.duplicate_of))  # fmt: skip
    elif isinstance(payload, Inspection):
        for finding in payload.findings:
            yield Sighting(event, finding.id, payload.inspection, code_of(finding), finding.place,
                           finding.issue, bool(finding.duplicate_of))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Docket:
    """What the findings of one unit and period are judged by."""

    bench: Bench
    score: Score
    unit: str
    exemptions: Sequence[Event]
    told: Told
    evidence: Evidence

    def take(self, sighting: Sighting, table: Table) -> None:
        """Add a finding to the evidence: as a charge, or with why it costs nothing."""
        charge = self._set_aside(sighting) or self._charge(sighting, table)
        if isinstance(charge, Unscored):
            self.evidence.unscored.append(charge)
            return
        self.evidence.charges.append(charge)
        if sighting.issue:
            self.evidence.issues.setdefault(sighting.issue, {})[sighting.inspection] = charge

    # ── costs nothing, whatever the table says ──

    def _set_aside(self, sighting: Sighting) -> Unscored | None:
        """Return why a finding costs nothing.

        Whether it is excluded is read from its own ledger: later moves are not read here, so a
        proof that comes with one frees the issue from its clocks but not from this deduction.
        """
        scheme, evidence, event = self.bench.scheme, self.evidence, sighting.event

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
        excluded = self._excluded(event)
        if excluded is not None:
            reason = f"台账载明属“{excluded.citation.title}”，不扣分"
            return unscored("excluded", reason, excluded.citation)
        exemption = exempts(
            self.exemptions, self.unit, event.occurred_at, sighting.category, sighting.issue
        )
        if exemption is not None:
            evidence.sources.append(exemption.id)
            return unscored("exempt", "免责，不扣分")
        return self._seen_before(sighting)

    def _excluded(self, event: Event) -> Exclusion | None:
        """Return the exclusion that an issue's own ledger proves; an inspection's finding has none."""
        found, scheme = event.payload, self.bench.scheme
        if not isinstance(found, IssueFound):
            return None
        day = scheme.day(event.occurred_at)
        return taxonomy.excluded(scheme.exclusions, found, found.ledger, day)

    def _seen_before(self, sighting: Sighting) -> Unscored | None:
        """An issue deducts once in an assessment, and again only when its limit has run out."""
        issue, evidence = sighting.issue, self.evidence
        earlier = evidence.issues.get(issue, {})
        if sighting.inspection in earlier:
            reason = f"案件 {issue} 本次测评已扣分"
            return Unscored(sighting.event, sighting.finding, "repeat", reason)
        charged = self.told.charged(issue) or next((c.event.id for c in earlier.values()), "")
        if not self.score.repeat or not issue or not charged:
            return None
        stands = self.told.limit(issue, self.score.repeat)
        due = stands.due if stands is not None else None
        if due is not None and sighting.event.occurred_at >= due:
            return None
        deadlines = self.bench.scheme.deadlines
        citation = next(d.citation for d in deadlines if d.id == self.score.repeat)
        until = "尚未届满"
        if due is not None:
            last = cal.local_datetime(self.bench.scheme.timezone, due - 1)
            until = f"至 {last:%Y-%m-%d %H:%M} 尚未届满"
        reason = f"案件 {issue} 已扣分，{citation.title}{until}，不重复扣分"
        return Unscored(
            sighting.event, sighting.finding, "repeat", reason, citation, causes=(charged,)
        )

    # ── by the table ──

    def _charge(self, sighting: Sighting, table: Table) -> Charge | Unscored:
        day = self.bench.scheme.day(sighting.event.occurred_at)
        switched_off: Step | None = None
        for row, flags in table.match(sighting.place, sighting.category):
            off = next((f for f in flags if f.at(day).value is not True), None)
            if off is None:
                return self._weigh(sighting, row, flags, day)
            switched_off = cite_value(off, off.at(day))
        if not sighting.place and table.needs_place(sighting.category):
            reason = f"“{sighting.category}”未写地点，无法对照扣分表，待补报"
            return Unscored(sighting.event, sighting.finding, "incomplete", reason)
        where = self.bench.scheme.places.get(sighting.place, sighting.place)
        reason = f"{where}“{sighting.category}”不在扣分表之内，不扣分"
        if switched_off is None:
            return Unscored(sighting.event, sighting.finding, "no_row", reason)
        reason = f"{where}“{sighting.category}”不扣分（{switched_off.title}：{switched_off.value}）"
        return Unscored(sighting.event, sighting.finding, "no_row", reason, steps=(switched_off,))

    def _weigh(
        self, sighting: Sighting, row: Row, flags: tuple[Parameter, ...], day: date
    ) -> Charge | Unscored:
        """Return the charge; a finding that is worth nothing is none."""
        event, score = sighting.event, self.score
        factors: tuple[Factor, ...] = ()
        if isinstance(event.payload, IssueFound):
            factors = factors_of(self.bench, score, self.unit, event.payload, day)
        nothing = next((factor for factor in factors if not factor.value), None)
        if nothing is not None:
            reason = f"{sighting.category}：{nothing.words}，不扣分"
            return Unscored(event, sighting.finding, "waived", reason, steps=nothing.steps)
        stands = self.told.limit(sighting.issue, score.restore_by) if sighting.issue else None
        back = restored(score, stands, day)
        return Charge(
            (*order_key(event), sighting.finding), sighting.inspection, row, event,
            sighting.finding, f"{row.citation.title}发现{sighting.category}", sighting.issue, flags,
            factors, back, stands.events if back is not None and stands is not None else (),
        )  # fmt: skip
