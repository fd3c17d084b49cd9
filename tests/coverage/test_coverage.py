"""What cites a clause, what shows it at work, and what is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.coverage.conftest import Site

from envrules.clauses import Coverage

Problems = Callable[[], list[str]]
WARNED, SLIPPED = "四处扣 40 分，警告", "逾期下发白单"


def by_clause(found: Coverage) -> dict[str, list[str]]:
    """Return the ids that cite each judged clause."""
    return {
        clause.label: [d.id for d in found.citing(one, part, clause)]
        for one in found.lists for part in one.parts for clause in part.clauses if clause.judged
    }  # fmt: skip


def cases_of(found: Coverage) -> dict[str, tuple[str, ...]]:
    """Return the cases that touch each definition."""
    return {d.id: d.cases for d in found.schemes["mini"].definitions}


def test_a_covered_site_has_no_problem(site: Site) -> None:
    """Every judged clause is cited, and every citing definition has its case."""
    assert site.cover().problems == ()


def test_every_kind_of_definition_cites(site: Site) -> None:
    """Parameters, rows of any date, terms, rungs, rules, the calendar: all that has a `ref`."""
    assert by_clause(site.cover()) == {
        "一": ["tables.rows.road", "tables.rows.road", "places.road", "categories.litter"],
        "二": ["scores.monthly", "rules.warn"],
        "二警告": ["parameters.line", "consequences.警告", "bands.monthly.bad", "rules.warn"],
        "三": ["calendar", "unit_types.village", "inspections.check"],
        "四": ["ladders.slips", "ladders.slips.first"],
    }


def test_cases_are_those_that_touch_the_definition(site: Site) -> None:
    """A rule has the cases whose compared decisions rest on it, a term those that say it."""
    found = cases_of(site.cover())
    assert found["tables.rows.road"] == found["rules.warn"] == (WARNED,)
    assert found["places.road"] == found["inspections.check"] == (WARNED,)
    assert found["ladders.slips"] == found["ladders.slips.first"] == (SLIPPED,)
    assert found["categories.litter"] == found["calendar"] == (WARNED, SLIPPED)


def test_a_word_counts_only_where_events_say_it_as_such(site: Site, problems: Problems) -> None:
    """The place `road` in an event is not the unit type `road`."""
    site.change("mini.yaml", "{title: 路段, not_from_source: 未写}", "{title: 路段, ref: m 三}")
    assert problems() == ["mini.yaml:18: ER806 no case touches unit_types.road"]


def test_a_case_that_fails_proves_nothing(site: Site, problems: Problems) -> None:
    """What only a failing case touches counts as untouched."""
    site.change("worked/mini.yaml", "[{rule: ladders.slips.first}]", "[]")
    assert problems() == [
        "mini.yaml:30: ER806 no case touches ladders.slips",
        "mini.yaml:35: ER806 no case touches ladders.slips.first",
    ]


def test_a_definition_without_a_clause_needs_none_here(site: Site) -> None:
    """`envrules test` asks cases for our own defaults; the clause list does not."""
    ids = [d.id for d in site.cover().schemes["mini"].definitions]
    assert "parameters.limit" not in ids
    assert "bands.monthly.good" not in ids


@pytest.mark.parametrize(("name", "old", "new", "said"), [
    ("coverage/009.yaml", "says: 加强领导, not_judgeable: 口号", "says: 加强领导",
     ["009.yaml:15: ER803 nothing in mini cites 五"]),
    ("coverage/009.yaml", "says: 检查各村", "says: 检查各村, not_judgeable: 口号",
     [f"mini.yaml:{line}: ER805 {what} cites 009 篇1 三, which the clause list holds for not "
      "judgeable: 口号"
      for line, what in ((17, "calendar"), (18, "unit_types.village"), (19, "inspections.check"))]),
    ("mini.yaml", "ref: m 二、二警告", "ref: m 二、二警示",
     ["mini.yaml:37: ER804 rules.warn cites 009 篇1 二警示, which is not in the clause list"]),
    ("worked/mini.yaml", "ref: m 二警告", "ref: m 二警示",
     ["mini.yaml:5: ER804 the case cites 009 篇1 二警示, which is not in the clause list"]),
    ("coverage/009.yaml", "scheme: mini", "scheme: mino",
     ["009.yaml:8: ER802 there is no ruleset mino to judge this"]),
])  # fmt: skip
def test_what_is_missing_is_told(
    site: Site, problems: Problems, name: str, old: str, new: str, said: list[str]
) -> None:
    """Each kind of gap is told once, where it can be closed."""
    site.change(name, old, new)
    assert problems() == said


def test_the_part_belongs_to_the_citation(site: Site, problems: Problems) -> None:
    """A clause of the same number in another part of the document is another clause."""
    site.change("mini.yaml", ", part: 篇1", "")
    found = problems()
    assert "mini.yaml:37: ER804 rules.warn cites 009 二, which is not in the clause list" in found
    assert "009.yaml:11: ER803 nothing in mini cites 二" in found


def test_a_case_may_refer_to_something_else(site: Site) -> None:
    """The `ref` of a case is for its reader: only what begins with a source is looked up."""
    site.change("worked/mini.yaml", "ref: m 二警告", "ref: 国务院放假安排")
    assert site.cover().problems == ()
