"""docs/excel.md shows what the commands do."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from tests.cli.terminal import Cli
from tests.excel.test_standards import sheet

from envrules.excel.layout import FIXED, SINCE_EVER
from envrules.excel.limits import Reading
from envrules.excel.sheets import Value
from envrules.excel.standards import COLUMNS, read_standard
from envrules.excel.standards_yaml import Target, ruleset_text

GUIDE = (Path(__file__).parents[2] / "docs" / "excel.md").read_text(encoding="utf-8")


def rows_below(headings: tuple[str, ...]) -> list[list[Value]]:
    """Return the rows of the guide's table with these headings."""
    head = f"| {' | '.join(headings)} |\n"
    body = GUIDE.partition(head)[2].partition("\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()]


def test_the_sample_standard_becomes_the_ruleset_shown() -> None:
    """Every line of the sample YAML is in the ruleset of the sample table."""
    reading = Reading("working_days", "working_hours")
    standard = read_standard([sheet(rows_below(COLUMNS))], reading)
    target = Target("my_city", "某市", ("s.xlsx",), reading, "dispatched", "verified", "always")
    text = ruleset_text(standard, target).splitlines()
    (sample,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    lines = dedent(sample).splitlines()
    assert len(lines) > 15
    for line in lines:
        assert line.replace("第3行", "第2行") in text  # no title above the headings here


def test_the_columns_of_the_parameters_are_those_shown() -> None:
    """So that a reader finds them in the workbook."""
    assert rows_below((*FIXED, SINCE_EVER, "2027-01-01"))


def test_the_options_that_it_names_exist(cli: Cli) -> None:
    """Every --option of the guide is one of the commands'."""
    told = "".join(
        cli(*command, "--help").out
        for command in (
            ["import-standards"],
            ["tables", "export"],
            ["tables", "import"],
            ["publish"],
        )
    )
    for option in set(re.findall(r"(--[a-z-]+)", re.sub(r"\|-+", "", GUIDE))):
        assert option in told
