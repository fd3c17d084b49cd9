"""Checks of what scores are made of, beyond the gallery."""

from __future__ import annotations

import pytest

from envrules.ruleset.check import check_text

CHECKLISTS = """
checklists:
  clean: {title: 七净, inspections: [check], ref: m 十, items: [{id: 路净, title: 路面, points: 5, ref: m 十}]}
indicators:
  clear: {title: 水清, unit: [village], period: month, measured: {}, ref: m 十}
"""
PARAMETERS = """parameters:
  half: {title: 一半, unit: ratio, ref: m 十, values: {always: 0.5}}
  most: {title: 满分, unit: points, ref: m 十, values: {always: 100}}
"""


def said(text: str) -> list[str]:
    """Return code and message of every problem of a text, unused parameters left out."""
    problems = check_text(text, "text")
    return [f"{p.code} {p.message}" for p in problems if p.code != "ER308"]


def with_score(good: str, origin: str) -> str:
    """Return the good ruleset with one more score of this origin."""
    score = f"  one: {{title: 一项, unit: [village], period: month, {origin}, ref: m 十}}\n"
    return (
        good.replace("parameters:\n", PARAMETERS, 1).replace("\nbands:\n", f"{score}\nbands:\n", 1)
        + CHECKLISTS
    )


IDLE = {
    "counts: [check]": {"table", "checklist"}, "several: worst": {"table", "checklist"},
    "not_assessed: full": {"table", "checklist"},
    "full: $most": {"supplied"}, "min_share: $half": {"weighted"},
    "finder: {市级: $half}": {"table"}, "own_found: $half": {"table"}, "repeat: fix": {"table"},
    "restore: $half, restore_by: fix": {"table"},
}  # fmt: skip
ORIGINS = {
    "table": "table: rows", "supplied": "supplied_by: 专班", "weighted": "weighted: {monthly: $half}",
    "checklist": "checklist: clean", "indicator": "indicator: clear",
}  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("field", IDLE)
def test_a_field_without_effect_is_named(good: str, field: str, origin: str) -> None:
    """A field that means nothing for the origin of its score is an error, and only then."""
    counts = ", counts: [check]" if origin in ("table", "checklist") else ""
    counts = "" if field.startswith("counts") else counts
    found = said(with_score(good, f"{ORIGINS[origin]}{counts}, {field}"))
    name = field.partition(":")[0]
    idle = [message for message in found if f"scores.one.{name} has no effect" in message]
    assert bool(idle) == (origin not in IDLE[field])
    assert len(found) == len(idle) * (2 if "restore" in field else 1)


@pytest.mark.parametrize(
    ("origin", "message"),
    [("table: rows", "one counts no inspection, so no finding ever deducts"),
     ("checklist: clean", "one counts no inspection, so no answer ever counts")],
)  # fmt: skip
def test_what_inspections_score_names_inspections(good: str, origin: str, message: str) -> None:
    """A table or a checklist that no kind of inspection counts for never scores anything."""
    assert said(with_score(good, origin)) == [f"ER509 {message}"]


def test_parts_are_about_the_units_of_the_whole(good: str) -> None:
    """A score cannot weigh what some of its units have no figure in."""
    text = with_score(good, "weighted: {monthly: $half, yearly: $half}").replace(
        "unit_types: {", "unit_types: {town: {title: 镇, ref: m 一}, "
    )
    text = text.replace(
        "一项, unit: [village], period: month", "一项, unit: [village, town], period: year"
    )
    assert said(text) == [
        "ER511 one is about town, for which its part monthly has no figure",
        "ER511 one is about town, for which its part yearly has no figure",
    ]


def test_a_mean_is_about_the_units_of_its_parts(good: str) -> None:
    """A unit without the shorter score has no mean of it."""
    text = good.replace("unit_types: {", "unit_types: {town: {title: 镇, ref: m 一}, ")
    text = text.replace("年考核, unit: [village]", "年考核, unit: [village, town]")
    assert said(text) == [
        "ER511 yearly is about town, for which monthly has no figure to take the mean of"
    ]


@pytest.mark.parametrize(("least", "passed"), [("5", True), ("5.01", False)])
def test_a_checklist_can_be_passed(good: str, least: str, *, passed: bool) -> None:
    """All of the points may be asked for, but not more."""
    aim = f"  aim: {{title: 通过, unit: points, ref: m 十, values: {{2027-01-01: {least}}}}}\n"
    text = good.replace("parameters:\n", f"parameters:\n{aim}", 1)
    text += CHECKLISTS.replace("inspections: [check]", "inspections: [check], at_least: $aim")
    told = "ER511 checklists.clean is passed from 5.01 points on, but its items add up to 5"
    assert said(text) == ([] if passed else [told])


NEEDY = "needs: [clean], "


@pytest.mark.parametrize(
    ("bands", "lowest"),
    [(("low", "high"), "low"), (("high", "low"), "low")],
)
def test_the_lowest_band_is_open_to_all(good: str, bands: tuple[str, str], lowest: str) -> None:
    """Whichever way bands are listed, the lowest may need no checklist and any other may."""
    bounds = {"low": "below: $line", "high": "at_least: $line"}

    def written(needy: str) -> str:
        lines = [
            f"  - {{id: {b}, title: {b}, {NEEDY if b == needy else ''}{bounds[b]}, ref: m 八}}\n"
            for b in bands
        ]  # fmt: skip
        start, end = good.index("bands:\n"), good.index("\nlists:")
        text = f"{good[:start]}bands:\n  monthly:\n{''.join(lines)}{good[end:]}{CHECKLISTS}"
        return text.replace("monthly.warned", f"monthly.{lowest}")

    assert said(written("high")) == []
    (problem,) = said(written("low"))
    assert problem.startswith("ER513 bands.monthly.low is the lowest band and needs clean")
