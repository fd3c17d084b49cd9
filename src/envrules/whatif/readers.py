"""Who reads the sightings of a log, and which of them by column: the statement of coverage.

A sighting is an inspection, or an issue found. What adds them up (scores, comparisons of visits)
is tallied by column; what follows one of them through its life runs the exact engine.
"""

from __future__ import annotations

from dataclasses import dataclass

from envrules.kinds.duties import Duty
from envrules.kinds.indicators import ComparedVisits, CountedIssues, Indicator
from envrules.kinds.scores import Score
from envrules.ruleset.compile import Scheme

ISSUE_FACTS = frozenset(
    {"slip", "overdue", "recheck_failed", "found", "category", "classified", "refused", "recurred"}
)
"""Facts that one issue tells the rules."""


def adds_up(score: Score) -> bool:
    """Return whether a score adds up sightings: of a table's rows, or of a checklist's items."""
    return score.table is not None and bool(score.counts)


def why_exact(scheme: Scheme, score: Score) -> str:
    """Return why a score that adds up sightings cannot do so by column; '' if it can."""
    if score.watches_issues:
        return "what a finding costs depends on how its issue stands against a deadline"
    if scheme.exclusions and score.checklist is None:
        return "an issue's ledger may prove that it is none"
    if scheme.classify is not None:
        return "the scheme's plugin reads events in its own way"
    return ""


def columnar_scores(scheme: Scheme) -> list[Score]:
    """Return the scores that are tallied by column."""
    return [s for s in scheme.scores if adds_up(s) and not why_exact(scheme, s)]


def columnar_visits(scheme: Scheme) -> list[Indicator]:
    """Return the indicators that compare visits, tallied by column."""
    if scheme.classify is not None:
        return []
    return [i for i in scheme.indicators if isinstance(i.origin, ComparedVisits)]


def follows_issues(scheme: Scheme) -> list[str]:
    """Return the sections of the ruleset that follow an issue through its life."""
    defined = {
        "deadlines": scheme.deadlines, "ladders": scheme.ladders, "points": scheme.points,
        "recurrences": scheme.recurrences, "classes": scheme.classes,
        "priorities": scheme.priorities, "exclusions": scheme.exclusions,
        "indicators": [i for i in scheme.indicators if isinstance(i.origin, CountedIssues)],
        "rules": [
            rule for rule in scheme.rules for way in rule.alternatives
            if any(kind in ISSUE_FACTS for kind, _ in (*way.present, *way.absent))
        ],
        "scores": [s for s in scheme.scores if s.watches_issues],
    }  # fmt: skip
    return [name for name, items in defined.items() if items]


@dataclass(frozen=True, slots=True)
class Covered:
    """What of a log's sightings columns stand for: nobody else reads these one by one."""

    inspections: frozenset[str]
    """Kinds of inspection."""
    issues: frozenset[str]
    """Kinds of inspection that issues were found in."""
    duties: frozenset[str]
    """Kinds of inspection that fulfil a duty: the first of a cycle is read."""


def covered(scheme: Scheme, by_column: frozenset[str]) -> Covered:
    """Return what a scheme leaves to columns, of which these figures are tallied."""
    none = frozenset[str]()
    scores = [(f"scores.{s.id}", s.counts, s.checklist is None) for s in scheme.scores]
    visits = [
        (f"indicators.{i.id}", i.origin.inspections, True) for i in scheme.indicators
        if isinstance(i.origin, ComparedVisits)
    ]  # fmt: skip
    figures = scores + visits
    added = none.union(*(kinds for name, kinds, _ in figures if name in by_column))
    exact = none.union(*(kinds for name, kinds, _ in figures if name not in by_column))
    found = none.union(*(k for name, k, reads in figures if name in by_column and reads)) - exact
    answered = exact.union(
        *(item.inspections for item in scheme.checklists),
        *(duty.inspections for duty in scheme.duties if is_seasonal(duty)),
    )
    duties = none.union(*(duty.inspections for duty in scheme.duties))
    return Covered(
        (added | duties) - answered, none if follows_issues(scheme) else found, duties
    )  # fmt: skip


def is_seasonal(duty: Duty) -> bool:
    """Return whether a duty's time in a cycle is not all of it: not the first visit may count."""
    return duty.during is not None or duty.not_before is not None


def both(before: Covered, after: Covered) -> Covered:
    """Return what both sides leave to columns."""
    return Covered(
        before.inspections & after.inspections, before.issues & after.issues,
        before.duties | after.duties,
    )  # fmt: skip
