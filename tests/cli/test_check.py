"""`envrules check`: silent when good, exact when not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.terminal import Cli

from envrules.resources import rulesets_dir

GOOD = (Path(__file__).parents[1] / "gallery" / "good" / "broken.yaml").read_text("utf-8")


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A good ruleset's file."""
    path = tmp_path / "broken.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_it_is_silent_when_all_is_good(cli: Cli, good: Path) -> None:
    """A good ruleset, its folder, and the shipped ones print nothing and exit 0."""
    for arguments in ([good], [good.parent], []):
        ran = cli("check", *arguments)
        assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_shipped_rulesets_are_what_is_checked_by_default(cli: Cli) -> None:
    """Without a path it looks at the folder that ships with the package."""
    assert cli("check", "--json").json == cli("check", rulesets_dir(), "--json").json == []


def test_a_problem_has_a_place_a_code_and_a_fix(cli: Cli, good: Path) -> None:
    """`file:line:col: CODE message` with a fix below, and exit code 1."""
    good.write_text(GOOD.replace("$limit, ref: m 二", "$limti, ref: m 二"), encoding="utf-8")
    ran = cli("check", good)
    assert ran.code == 1
    first, fix = ran.out.splitlines()[:2]
    assert first.startswith(f"{good}:")
    line, column, rest = first.removeprefix(f"{good}:").split(":", 2)
    assert "limti" in GOOD.replace("limit", "limti").splitlines()[int(line) - 1]
    assert int(column) > 1
    assert rest.strip().startswith("ER301 ")
    assert fix.startswith("  fix: ")


@pytest.mark.parametrize("how", [("--json",), ("--format", "json")])
def test_problems_as_json(cli: Cli, good: Path, how: tuple[str, ...]) -> None:
    """Programs get a list with file, line, col, code, message and fix."""
    good.write_text(
        GOOD.replace("{title: 警告线,", "{title: 警告线, colour: red,"), encoding="utf-8"
    )
    ran = cli("check", good, *how)
    assert ran.code == 1
    (problem,) = ran.json
    assert problem["code"] == "ER202"
    assert problem["severity"] == "error"
    assert {"file", "line", "col", "message", "fix"} <= problem.keys()


@pytest.mark.parametrize(("content", "code"), [(b"\xff\xfe", "ER101"), (b"a: [", "ER102")])
def test_what_is_no_text_or_no_yaml(cli: Cli, tmp_path: Path, content: bytes, code: str) -> None:
    """Bytes that are not UTF-8, and text that is not YAML, are problems like any other."""
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    ran = cli("check", path)
    assert ran.code == 1
    assert f"{path}:1:" in ran.out
    assert code in ran.out


def test_a_file_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    """A missing file and an empty folder are found, not passed over."""
    (tmp_path / "empty").mkdir()
    assert "ER901" in cli("check", tmp_path / "missing.yaml").out
    assert "ER903" in cli("check", tmp_path / "empty").out
