"""How each section of a ruleset is told: one teller a section, in the order in which people read.

A section that is not here cannot be told, and an edition of a ruleset that has it is refused. A
new rule kind needs a module with a teller, and a line below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from envrules.report.edition.kinds.bands import tell_bands, tell_demotions
from envrules.report.edition.kinds.calendars import tell_calendar
from envrules.report.edition.kinds.campaigns import tell_campaigns
from envrules.report.edition.kinds.checklists import tell_checklists
from envrules.report.edition.kinds.clocks import tell_deadlines, tell_ladders
from envrules.report.edition.kinds.duties import tell_duties
from envrules.report.edition.kinds.gates import tell_gates
from envrules.report.edition.kinds.indicators import tell_indicators
from envrules.report.edition.kinds.issues import tell_appeals, tell_issues, tell_points
from envrules.report.edition.kinds.lists import tell_lists
from envrules.report.edition.kinds.priorities import tell_priorities, tell_sequences
from envrules.report.edition.kinds.recurrences import tell_recurrences
from envrules.report.edition.kinds.rules import tell_rules
from envrules.report.edition.kinds.scores import tell_scores, tell_tables
from envrules.report.edition.kinds.taxonomy import tell_classes, tell_exclusions
from envrules.report.edition.kinds.terms import tell_categories, tell_consequences, tell_terms
from envrules.report.edition.model import Entry
from envrules.report.edition.say import Say

Teller = Callable[[Say], Iterator[Entry]]

RULES: Mapping[str, Teller] = {
    "calendar": tell_calendar,
    "campaigns": tell_campaigns,
    "classes": tell_classes,
    "exclusions": tell_exclusions,
    "issues": tell_issues,
    "points": tell_points,
    "priorities": tell_priorities,
    "sequences": tell_sequences,
    "recurrences": tell_recurrences,
    "checklists": tell_checklists,
    "indicators": tell_indicators,
    "tables": tell_tables,
    "scores": tell_scores,
    "bands": tell_bands,
    "demotions": tell_demotions,
    "lists": tell_lists,
    "gates": tell_gates,
    "deadlines": tell_deadlines,
    "ladders": tell_ladders,
    "duties": tell_duties,
    "rules": tell_rules,
    "appeals": tell_appeals,
}
"""Sections that say what is judged and what follows."""

TERMS: Mapping[str, Teller] = {
    "unit_types": tell_terms("unit_types", "单位类型"),
    "inspections": tell_terms("inspections", "检查与来源"),
    "places": tell_terms("places", "地点"),
    "categories": tell_categories,
    "consequences": tell_consequences,
}
"""Sections that declare words."""
