"""What a what-if covers by column, rule by rule: as the engine would say it, for people to read."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.kinds.duties import Duty
from envrules.kinds.indicators import (
    ComparedVisits,
    CountedBands,
    CountedDuties,
    Indicator,
    Measured,
)
from envrules.kinds.scores import Score
from envrules.ruleset.compile import Scheme
from envrules.whatif.readers import adds_up, columnar_visits, follows_issues, is_seasonal, why_exact

COLUMNS, JUDGED, EXACT = "columns", "judged", "exact"
"""By column; judged on what columns and others gave, no event scanned; the exact engine on its keys."""


def coverage_of(scheme: Scheme) -> str:
    """Return the statement for one scheme, as Markdown."""
    rows = [f"| `{name}` | {how} | {why} |\n" for name, how, why in covers(scheme)]
    table = "".join(("| Rule | How | On what, and why |\n", "| --- | --- | --- |\n", *rows))
    return f"## {scheme.slug}\n\n{table}"


def covers(scheme: Scheme) -> Iterator[tuple[str, str, str]]:
    """Yield each rule, how it is reckoned, and on which keys or why."""
    for score in scheme.scores:
        yield f"scores.{score.id}", *_score(scheme, score)
        if score.id in scheme.bands:
            needs = any(band.needs for band in scheme.bands[score.id])
            why = "the figure, and the latest answers to checklists" if needs else "the figure"
            yield f"bands.{score.id}", JUDGED, why
    for indicator in scheme.indicators:
        yield f"indicators.{indicator.id}", *_indicator(scheme, indicator)
    for rule in scheme.lists:
        why = "all figures of the score; what bars a unit is told by its issues" if rule.unless else (
            "all figures of the score"
        )  # fmt: skip
        yield f"lists.{rule.id}", JUDGED, why
    for duty in scheme.duties:
        if duty.inspections and not is_seasonal(duty):
            yield f"duties.{duty.id}", COLUMNS, _duty(scheme, duty)
        elif duty.inspections:
            yield f"duties.{duty.id}", EXACT, "unit and cycle: its season cuts cycles short"
        else:
            yield f"duties.{duty.id}", EXACT, "unit and cycle: reports, each read for what it lacks"
    yield from _exact(scheme)


def _duty(scheme: Scheme, duty: Duty) -> str:
    asked = [c.id for c in scheme.checklists if c.inspections & duty.inspections]
    read = f"; each is read anyway, for {', '.join(asked)}" if asked else ""
    return f"the first inspection of each unit and cycle, then judged{read}"


def _score(scheme: Scheme, score: Score) -> tuple[str, str]:
    if adds_up(score):
        why = why_exact(scheme, score)
        if why:
            return EXACT, f"unit and period: {why}"
        what = "answers to its checklist" if score.checklist is not None else "findings, by row"
        return COLUMNS, f"{what}; a unit whose facts are not plain: exact"
    if score.parts:
        return JUDGED, "the figures that it is made of"
    if score.indicator:
        return JUDGED, "the indicator's figure"
    return JUDGED, "what organs award: one event for each figure"


def _indicator(scheme: Scheme, indicator: Indicator) -> tuple[str, str]:
    match indicator.origin:
        case Measured():
            return JUDGED, "what is measured: one event for each figure"
        case CountedBands():
            return JUDGED, "the bands of the units below"
        case CountedDuties():
            return JUDGED, "the duties of the units below"
        case ComparedVisits() if indicator in columnar_visits(scheme):
            return COLUMNS, "visits and findings; a unit whose facts are not plain: exact"
        case ComparedVisits():
            return EXACT, "the scheme's plugin reads events in its own way"
        case _:
            return EXACT, "issue: how each stands against its deadline"


def _exact(scheme: Scheme) -> Iterator[tuple[str, str, str]]:
    """Yield what follows single things, which the exact engine does."""
    issue = "issue: its life from step to step"
    yield from ((f"deadlines.{one.id}", EXACT, issue) for one in scheme.deadlines)
    yield from ((f"ladders.{one.id}", EXACT, issue) for one in scheme.ladders)
    yield from ((f"classes.{one.id}", EXACT, "issue") for one in scheme.classes)
    yield from ((f"exclusions.{one.id}", EXACT, "issue: its ledger") for one in scheme.exclusions)
    for recurrence in scheme.recurrences:
        yield f"recurrences.{recurrence.id}", EXACT, "all issues that are the same to it"
    for score in scheme.demotions:
        yield f"demotions.{score}", EXACT, "unit and period: recurrences"
    if scheme.points is not None:
        yield "points", EXACT, "point: its issues"
    yield from ((f"priorities.{one.id}", EXACT, "issue") for one in scheme.priorities)
    yield from ((f"sequences.{one.id}", EXACT, "all units at once") for one in scheme.sequences)
    yield from (
        (f"checklists.{c.id}", EXACT, "inspection: a verdict of its own") for c in scheme.checklists
    )
    yield from (
        (f"gates.{one.id}", EXACT, "unit: its evidence, step by step") for one in scheme.gates
    )
    for rule in scheme.rules:
        yield f"rules.{rule.id}", EXACT, "unit and period, or issue: the facts that it asks for"
    followed = follows_issues(scheme)
    if followed:
        yield "issues", EXACT, f"every issue found is read: {', '.join(followed)} follow it"
    else:
        yield "issues", COLUMNS, "nothing follows an issue: found in an inspection, it is added up"
