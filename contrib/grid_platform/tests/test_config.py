"""The configuration: its defaults, and errors that say where they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from envrules_grid_platform.config import load
from envrules_grid_platform.host_tables import HOST
from envrules_grid_platform.positions import BadFile

FOLDER = Path(__file__).parents[1]
SHORT = "locality: town\ntimezone: Asia/Shanghai\ndatabase: {url: 'sqlite:///host.db'}\n"
Written = Callable[[str], Path]


def test_three_lines_are_enough(written: Written) -> None:
    """Locality, zone and database have no default; all else has."""
    config = load(written(SHORT))
    assert config.tables.case.name == "grid_case"
    assert config.time.lateness == timedelta(minutes=10)
    assert config.tables.flow.meaning("派遣") == ["dispatched"]
    assert config.tables.flow.meaning("盖章") is None


def test_words_of_the_host_come_before_the_usual_ones(written: Written) -> None:
    """An action may mean several steps, and what is not configured keeps its usual meaning."""
    text = SHORT + "tables:\n  flow:\n    actions: {立案: [filed, registered], 办结: closed}\n"
    flow = load(written(text)).tables.flow
    assert flow.meaning("立案") == ["filed", "registered"]
    assert flow.meaning("办结") == flow.meaning("结案") == ["closed"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SHORT + "localty: x\n", "bridge.yaml:4:1: localty: Extra inputs are not permitted"),
        (SHORT + "time:\n  lateness: soon\n", "bridge.yaml:5:3: time.lateness: write a number and"),
        (SHORT + "tables:\n  case:\n    columns: {casenr: x}\n", "bridge.yaml:6:15: tables.case."),
        (SHORT + "tables:\n  flow:\n    actions: {立案: [opened]}\n", "bridge.yaml:6:20: tables."),
        (SHORT + "tables:\n  case:\n    tags: {grid: 网格}\n", "bridge.yaml:6:12: tables.case.tags"),
        (SHORT + "case_number: {pattern: '('}\n", "bridge.yaml:4:1: case_number: pattern: missing )"),
        (SHORT.replace("Asia/Shanghai", "Mars/Olympus"), "bridge.yaml:2:1: timezone: 'Mars/Olymp"),
        (SHORT.replace("sqlite:///host.db", "host.db"), "bridge.yaml:3:1: database: is no SQLAlc"),
        (SHORT.replace("url:", "url_env:"), "bridge.yaml:3:1: database: the environment has no"),
        ("locality: [\n", "bridge.yaml:2:1: "),
        ("- a\n", "bridge.yaml:1:1: is not a configuration"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(written: Written, text: str, said: str) -> None:
    """Each error names file, line and column of the value that must be mended."""
    with pytest.raises(BadFile) as caught:
        load(written(text))
    assert said in str(caught.value)


def test_the_example_is_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that the README tells to copy can be used."""
    monkeypatch.setenv("GRID_DATABASE", "sqlite://")
    config = load(FOLDER / "examples" / "pinggu.yaml")
    assert config.standings[0].score == "colours"


def test_the_readme_lists_every_column() -> None:
    """Whoever makes a view for the bridge finds each column explained."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for table in HOST.tables.values():
        for column in table.columns:
            assert f"`{column.name}`" in readme, f"{table.name}.{column.name}"
            assert column.comment
