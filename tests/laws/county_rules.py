"""A made-up county that uses every rule kind and field at once, and revisions that change it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from envrules.ruleset.check import check_ruleset
from envrules.ruleset.codes import CodeTableText, load_codes, with_codes
from envrules.ruleset.compile import Scheme, compile_ruleset
from envrules.ruleset.load import load_ruleset

TEXT = (Path(__file__).parent / "county.yaml").read_text(encoding="utf-8")


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Return the text with every one of these changes, each of which must find its place."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def without(text: str, *beginnings: str) -> str:
    """Return the text without the lines that begin so, each of which must be there."""
    lines = text.splitlines(keepends=True)
    for beginning in beginnings:
        assert any(line.startswith(beginning) for line in lines), beginning
    return "".join(line for line in lines if not line.startswith(beginnings))


TEXTS = {
    "r1": TEXT,
    # Values alone.
    "r2": changed(
        TEXT, ("{always: 10, 2026-08-01: 8}", "{always: 3}"), ("{always: 48}", "{always: 24}"),
        ("{title: 及格线, unit: points, ref: m 一, values: {always: 60}}",
         "{title: 及格线, unit: points, ref: m 一, values: {always: 85}}"),
    ),
    # Definitions go, and others read other things.
    "r3": changed(
        without(TEXT, "  one:", "points:", "- {id: paid", "  water:", "appeals:", "demotions:", "  notes:"),
        ("same: [unit, place]", "same: [unit, category]"), ("charge: place", "charge: handler"),
        ("    merge: [unit, rung, day]\n", ""), (", {indicator: water.not_measured}", ""),
        ("every: week", "every: month"), ("several: sum", "several: worst"),
        ("when: {recurred: rebound}", "when: {all: [{recurred: rebound}, {classified: heaps}]}"),
    ),
    # Fewer facts are asked for.
    "r4": changed(TEXT, (", {overdue: fix}]", "]")),
}  # fmt: skip
CODES = """\
codes: host
title: 平台代码
scheme: county
entries:
- {large: "01", category: 柴草, place: road, tags: [乱象], title: 柴垛}
- {large: "02", category: 涂写, title: 涂写}
"""


@cache
def library(_scheme: str, revision: str) -> Scheme:
    """Return the county's scheme as a revision has it."""
    loaded = load_ruleset(TEXTS[revision], "rulesets/county.yaml")
    assert [str(p) for p in check_ruleset(loaded)] == []
    scheme = compile_ruleset(loaded, revision)
    return with_codes(scheme, load_codes(CodeTableText("county.codes.yaml", CODES)))
