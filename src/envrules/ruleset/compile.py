"""Compilation: a located, checked specification becomes the scheme that the engine runs."""

from __future__ import annotations

from envrules.ruleset.compile_calendar import work_calendar
from envrules.ruleset.compile_duties import (
    compile_appeals,
    compile_duties,
    compile_gates,
    compile_rules,
    compile_sequences,
)
from envrules.ruleset.compile_issues import (
    compile_deadlines,
    compile_exclusions,
    compile_ladders,
    compile_lifecycle,
    compile_points,
    compile_priorities,
    compile_recurrences,
)
from envrules.ruleset.compile_scores import ScoreSide
from envrules.ruleset.compiling import Compiling, Overrides
from envrules.ruleset.load import LoadedRuleset
from envrules.ruleset.scheme import Classify, Scheme

__all__ = ["Overrides", "Scheme", "compile_ruleset"]


def compile_ruleset(
    loaded: LoadedRuleset,
    revision: str,
    overrides: Overrides | None = None,
    classify: Classify | None = None,
) -> Scheme:
    """Return the scheme of a ruleset that `check` has found good.

    `overrides` are a locality's own dated values; they win over the file's on and after their
    dates, and are cited as the locality's.
    """
    c, spec = Compiling(loaded, overrides or {}), loaded.spec
    figures = ScoreSide(c)
    return Scheme(
        slug=spec.ruleset, title=spec.title, timezone=spec.timezone, revision=revision,
        calendar=work_calendar(spec.timezone, spec.calendar), parameters=c.parameters,
        unit_types={k: v.title for k, v in spec.unit_types.items()},
        inspections={k: v.title for k, v in spec.inspections.items()},
        places={k: v.title for k, v in spec.places.items()},
        categories={k: v.title for k, v in spec.categories.items()},
        conditions={k: frozenset(v.conditions) for k, v in spec.categories.items() if v.conditions},
        classes=c.classes, exclusions=compile_exclusions(c), campaigns=c.campaigns,
        lifecycle=compile_lifecycle(c), appeals=compile_appeals(c), points=compile_points(c),
        priorities=compile_priorities(c), sequences=compile_sequences(c),
        recurrences=compile_recurrences(c), checklists=figures.all_checklists,
        indicators=figures.all_indicators, gates=compile_gates(c), deadlines=compile_deadlines(c),
        ladders=compile_ladders(c), scores=figures.all_scores, bands=figures.all_bands(),
        demotions=figures.all_demotions(), lists=figures.all_lists(), duties=compile_duties(c),
        rules=compile_rules(c), taxonomy_citation=c.cite(("categories",), None, "问题类别与地点"),
        classify=classify,
    )  # fmt: skip
