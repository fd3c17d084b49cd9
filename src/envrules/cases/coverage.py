"""Which parts of a ruleset the cases touch, and which names in cases mean nothing.

Touched is what a compared decision rests on: its rule, the steps it cites, its consequences; and
a parameter that a case sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import get_args

from envrules.cases.compare import Failure
from envrules.cases.model import Expectations, Pattern
from envrules.kinds.compiled import Outcome
from envrules.kinds.tables import Row
from envrules.model.decisions import Content, Decision
from envrules.model.events import Move
from envrules.model.values import Citation
from envrules.ruleset.compile import Scheme


def touched_by(scheme: Scheme, decision: Decision) -> set[str]:
    """Return the ids of the definitions that a decision shows at work."""
    content = decision.content
    ids = {step.rule for step in content.steps}
    if content.kind == "finding":  # something that does not count: at most a flag made it so
        return {i for i in ids if i.startswith("parameters.")}
    ids |= {content.slot.rule, *(f"consequences.{c.words}" for c in content.consequences)}
    if content.kind == "score":  # a figure cites all rows; one that deducts shows in a deduction
        scored = content.outcome == "scored"
        ids -= {row.citation.id for row in _rows(scheme) if row.each is not None or not scored}
    if _idle(content):
        ids.discard(content.slot.rule)
    return ids


def _idle(content: Content) -> bool:
    """Return whether a decision shows its definition without any effect of it.

    A unit that is kept off a list, an indicator without a figure, a step of a gate not reached.
    """
    match content.kind:
        case "list":
            return content.outcome == "barred"
        case "indicator":
            return content.points is None
        case "gate":
            return content.outcome == "waiting"
        case _:
            return False


def untested(scheme: Scheme, touched: Iterable[frozenset[str]]) -> list[str]:
    """Return `id (file:line)` of everything in the ruleset that no case touches, in its order."""
    known: set[str] = set().union(*touched)
    missing = {c.id: c.location for c in _bearing(scheme) if c.id not in known}
    return [f"{name} ({location})" for name, location in missing.items()]


def deciding(scheme: Scheme) -> tuple[Citation, ...]:
    """Return everything of a ruleset that can decide something."""
    return tuple(_bearing(scheme))


def unknown_rules(scheme: Scheme, expect: Expectations) -> list[Failure]:
    """Return a failure for each rule that cases name and the ruleset does not have.

    Without it a misspelt `never` would pass for ever.
    """
    known = set(_decided_under(scheme))
    patterns: list[Pattern] = [*(expect.decisions or ()), *(expect.emitted or ()), *expect.never]
    return [
        Failure(pattern.location, f"the scheme has no rule {pattern.rule}")
        for pattern in patterns
        if pattern.rule and not any(fnmatchcase(rule, pattern.rule) for rule in known)
    ]


def _bearing(scheme: Scheme) -> Iterator[Citation]:
    """Yield everything of a ruleset that can decide something."""
    yield from (parameter.dated.citation for parameter in scheme.parameters.values())
    yield from (row.citation for row in _rows(scheme))
    yield from _on_issues(scheme)
    for sequence in scheme.sequences:
        yield sequence.citation
        yield from (key.citation for key in sequence.by)
    for checklist in scheme.checklists:
        yield checklist.citation
        yield from (item.citation for item in checklist.items)
    yield from (indicator.citation for indicator in scheme.indicators)
    for gate in scheme.gates:
        yield gate.citation
        yield from (step.citation for step in gate.steps)
    for score in scheme.scores:
        yield score.citation
        if score.bonus_citation is not None:
            yield score.bonus_citation
    for bands in scheme.bands.values():
        yield from (band.citation for band in bands)
    yield from (demotion.citation for demotion in scheme.demotions.values())
    yield from (item.citation for item in scheme.lists)
    for ladder in scheme.ladders:
        yield from (rung.citation for rung in ladder.rungs)
    yield from (deadline.citation for deadline in scheme.deadlines)
    yield from (duty.citation for duty in scheme.duties)
    yield from (rule.citation for rule in scheme.rules)
    yield from (outcome.citation for outcome in _outcomes(scheme))


def _on_issues(scheme: Scheme) -> Iterator[Citation]:
    """Yield what classes, excludes, refuses, weighs or reopens issues, and limits appeals."""
    yield from (item.citation for item in scheme.classes)
    yield from (item.citation for item in scheme.exclusions)
    yield from (campaign.citation for campaign in scheme.campaigns.values())
    if scheme.lifecycle.order:
        yield scheme.lifecycle.order_citation
    yield from (citation for _, citation in scheme.lifecycle.required.values())
    yield from (condition.citation for condition in scheme.lifecycle.conditions)
    if scheme.appeals is not None:
        yield scheme.appeals.citation
    if scheme.points is not None:
        yield scheme.points.citation
    yield from (priority.citation for priority in scheme.priorities)
    yield from (recurrence.citation for recurrence in scheme.recurrences)


def _rows(scheme: Scheme) -> Iterator[Row]:
    for score in scheme.scores:
        for table in score.table.all() if score.table is not None else ():
            yield from table.value.rows.values()


def _outcomes(scheme: Scheme) -> Iterator[Outcome]:
    for gate in scheme.gates:
        for step in gate.steps:
            yield from step.then
    for item in scheme.lists:
        yield from item.then
    for ladder in scheme.ladders:
        for rung in ladder.rungs:
            yield from rung.then
    for rule in scheme.rules:
        yield from rule.then


def _decided_under(scheme: Scheme) -> Iterator[str]:
    """Yield every rule that a decision of the scheme may carry."""
    yield from (citation.id for citation in _bearing(scheme))
    yield from ("intake", "exemption")  # the engine's own
    yield from (f"issues.{word}" for word in ("found", *get_args(Move)))
    for score in scheme.scores:
        yield from (f"scores.{score.id}.adjustment", f"ranks.{score.id}", f"bands.{score.id}")
        for table in score.table.all() if score.table is not None else ():
            yield from (f"scores.{score.id}.{row}" for row in table.value.rows)
    for rule in scheme.rules:
        yield from (f"{rule.citation.id}.{o.words}" for o in rule.then if o.within is not None)
