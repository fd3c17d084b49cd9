"""What the engine makes of each kind of finding that columns tell apart: asked once for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from envrules.engine.answers import checked, unfinished, unmet
from envrules.engine.chaining import Chainer
from envrules.engine.context import Context, Records
from envrules.engine.evidence import Evidence
from envrules.engine.findings import Docket, sightings
from envrules.engine.judging import Bench
from envrules.engine.told import Told
from envrules.kinds.scores import Score
from envrules.kinds.tables import Table
from envrules.model.base import Instant
from envrules.model.events import Event, Finding, Inspection, IssueFound
from envrules.model.values import NoValueInForce
from envrules.ruleset.compile import Scheme

_UNIT = "@"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one kind of finding comes to."""

    charges: tuple[tuple[str, Fraction], ...] = ()
    """Rows that it deducts in, and how many findings it is worth there."""
    assesses: bool = True
    """Whether what it was found in counts as an assessment."""
    said: tuple[object, ...] = ()
    """What the decisions on it say: where two rulesets differ in this, they decide otherwise."""
    decisions: tuple[tuple[str, str], ...] = ()
    """Kind and outcome of the decisions on it."""
    known: bool = True
    """Whether all values that it asks for are in force."""


class Costs:
    """The costs of findings in one score of one scheme."""

    def __init__(self, scheme: Scheme, score: Score) -> None:
        self._scheme, self._score = scheme, score
        context = Context(0, Records())
        self._bench = Bench(scheme, context, Chainer(), lambda _period: scheme)

    def of(self, kind: Mapping[str, Any]) -> Cost:
        """Return the cost of a kind; `kind`: its columns, and `at`, when one of it was found."""
        try:
            return self._of(kind, kind["at"])
        except NoValueInForce:
            return Cost(known=False)

    def _of(self, kind: Mapping[str, Any], at: Instant) -> Cost:
        event = self._scheme.read(Event(_UNIT, at, _payload(kind, self._score)))
        assert self._score.table is not None
        table = self._score.table.at(self._scheme.day(at)).value
        if self._score.checklist is not None:
            return self._answered(event, table)
        evidence = Evidence()
        docket = Docket(self._bench, self._score, _UNIT, (), Told(()), evidence)
        for sighting in sightings(event):
            docket.take(sighting, table)
        return Cost(
            tuple((c.row.id, c.standing) for c in evidence.charges),
            said=(*_said(evidence), self._score.citation.title),
            decisions=(
                *(("deduction", c.row.id) for c in evidence.charges),
                *(("finding", u.outcome) for u in evidence.unscored),
            ),
        )  # fmt: skip

    def _answered(self, event: Event, table: Table) -> Cost:
        """Return what the answers to a checklist cost; the decision on them says so, not this."""
        assert self._score.checklist is not None
        verdict = checked(self._bench, self._score.checklist, event, ())
        problem = unfinished(self._score.checklist, verdict, event)
        if problem is not None:
            said = (problem.outcome, self._score.citation.title)
            return Cost((), False, said, (("finding", problem.outcome),))
        return Cost(tuple((c.row.id, c.standing) for c in unmet(verdict, event, table)))


def _said(evidence: Evidence) -> Iterator[object]:
    for charge in evidence.charges:
        row = charge.row
        yield row.id, row.citation.title, row.full, row.each, charge.weight, charge.standing
    for item in evidence.unscored:
        yield item.outcome


def _payload(kind: Mapping[str, Any], score: Score) -> Inspection | IssueFound:
    """Return a finding of this kind, as an event would report it."""
    if score.checklist is not None:
        answers = [(kind["met"], True), (kind["unmet"], False)]
        given = {item: met for text, met in answers for item in text.split("\n") if item}
        return Inspection("", _UNIT, "", checklist=given)
    if kind["category"] is None:  # a clean one
        return Inspection("", _UNIT, "")
    twin = "other" if kind["duplicate"] else ""
    if kind["type"] == "inspection":
        found = Finding("1", kind["category"], kind["place"], duplicate_of=twin)
        return Inspection("", _UNIT, "", findings=(found,))
    roles = kind.get("roles", "").split()
    bears = {
        role: _UNIT if role in roles else "other" for role in ("place", "handler", "supervisor")
    }
    return IssueFound(
        "", kind["category"], kind["place"], kind["object_class"], kind["large_class"],
        kind["small_class"], kind["condition"], source_level=kind.get("source_level", ""),
        reporter_unit=_UNIT if kind.get("own") else "", duplicate_of=twin,
        place_unit=bears["place"], handling_unit=bears["handler"], department=bears["supervisor"],
    )  # fmt: skip
