"""The facts behind one unit's score in one period, as of a place in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from envrules.engine.answers import checked, needs_of, unfinished, unmet
from envrules.engine.appeals import Appeals
from envrules.engine.aside import unfit
from envrules.engine.context import exempts, live
from envrules.engine.evidence import Evidence, Unscored
from envrules.engine.findings import Docket, sightings
from envrules.engine.judging import Bench, Inputs
from envrules.engine.registry import Registry
from envrules.engine.supplied import supply
from envrules.engine.told import Told
from envrules.kinds.checklists import Checklist
from envrules.kinds.scores import Score, Tally
from envrules.kinds.tables import Table
from envrules.model.base import Instant
from envrules.model.events import (
    Event,
    Exemption,
    Inspection,
    IssueFound,
    IssueMoved,
    ScoreSupplied,
)


def gather(
    bench: Bench, score: Score, period: str, unit: str, inputs: Inputs, cut: int
) -> Evidence:  # fmt: skip
    """Return the evidence known at log entry `cut`, less what an upheld appeal has struck out.

    An appeal corrects its own period, so upheld ones count whenever they were decided. How the
    issues stood against their limits is what they had told by the close, at every cut after it.
    """
    alive = live(inputs.events)
    appeals = Appeals(bench, unit, alive)
    struck = appeals.upheld(bench.scheme.slug, score.id, period)
    known = live([e for e in inputs.events if e.seq <= cut])
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
    told = Told(inputs.told(closed=period in bench.context.closes))
    tallied = inputs.tallied if isinstance(inputs.tallied, Tally) else None
    evidence = Evidence(out=_out(known), sources=sorted(set(struck.values())), tallied=tallied)
    evidence.unscored += [Unscored(e, "", "rejected", why) for e, why in appeals.void]
    sitting = _Sitting(bench, score, unit, *bench.context.as_of(cut), struck, told, evidence)
    for event in known:
        if event.id in struck:
            continue
        if isinstance(event.payload, ScoreSupplied):
            supply(score, period, event, event.payload, known, evidence)
        elif tallied is None and _counts(score, event):
            sitting.assess(event)
    sitting.note_needs([e for e in known if e.id not in struck])
    return evidence


def _counts(score: Score, event: Event) -> bool:
    """Return whether an event assesses in this score, or is only read for what a band needs."""
    payload = event.payload
    if score.table is None:
        return False
    if isinstance(payload, IssueFound):
        return score.checklist is None and payload.source in score.counts
    return isinstance(payload, Inspection) and payload.kind in score.counts


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


@dataclass(frozen=True, slots=True)
class _Sitting:
    """One unit's assessments, one after another, as they are known at a place in the log."""

    bench: Bench
    score: Score
    unit: str
    registry: Registry
    exemptions: Sequence[Event]
    struck: Mapping[str, str]
    told: Told
    evidence: Evidence

    def assess(self, event: Event) -> None:
        """Add what an inspection, or an issue found in one, says about the unit."""
        score, evidence, payload = self.score, self.evidence, event.payload
        assert isinstance(payload, Inspection | IssueFound)
        if not self._concerns(event):
            return
        assert score.table is not None
        table = score.table.at(self.bench.scheme.day(event.occurred_at)).value
        if score.checklist is None:
            self._findings(event, payload.inspection, table)
        else:
            verdict = checked(self.bench, score.checklist, event, self.struck)
            problem = unfinished(score.checklist, verdict, event)
            if problem is not None:
                evidence.unscored.append(problem)
                return
            evidence.assessments.setdefault(payload.inspection, (event.occurred_at, table))
            evidence.charges += unmet(verdict, event, table)
        evidence.sources.append(event.id)

    def _findings(self, event: Event, inspection: str, table: Table) -> None:
        evidence = self.evidence
        evidence.assessments.setdefault(inspection, (event.occurred_at, table))
        docket = Docket(self.bench, self.score, self.unit, self.exemptions, self.told, evidence)
        for sighting in sightings(event):
            if sighting.anchor not in self.struck:
                docket.take(sighting, table)

    def _concerns(self, event: Event) -> bool:
        """Return whether the score is about the unit then; if it is not, say why."""
        evidence = self.evidence
        problem = unfit(event, self.unit, self.registry, self.exemptions, self.score.units)
        if problem is None:
            return True
        if problem.outcome == "rejected" and self._elsewhere(event):
            return False
        evidence.unscored.append(Unscored(event, "", problem.outcome, problem.reason))
        if problem.exemption:
            evidence.sources.append(problem.exemption)
        return False

    def _elsewhere(self, event: Event) -> bool:
        """Return whether another score takes the event for such a unit."""
        known = self.registry.unit(self.unit, event.occurred_at)
        return known is not None and any(
            known.type in score.units and _counts(score, event)
            for score in self.bench.scheme.scores
        )  # fmt: skip

    def note_needs(self, events: Sequence[Event]) -> None:
        """Add how the unit stands by the checklists that the score's bands need."""
        bands = self.bench.scheme.bands.get(self.score.id, ())
        wanted: list[Checklist] = [item for band in bands for item in band.needs]
        visits = [
            e for e in events
            if wanted and isinstance(e.payload, Inspection) and e.payload.unit == self.unit
            and exempts(self.exemptions, self.unit, e.occurred_at) is None
        ]  # fmt: skip
        self.evidence.needs.update(needs_of(self.bench, wanted, visits, self.struck))
