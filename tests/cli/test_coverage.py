"""`envrules coverage`: clause lists against rulesets and cases, from the command line."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest
from tests.cli.terminal import Cli

GALLERY = Path(__file__).parents[1] / "gallery"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A covered scheme in the working folder; its clause lists are in `coverage`."""
    copytree(GALLERY / "good_coverage", tmp_path / "site")
    monkeypatch.chdir(tmp_path / "site")
    return Path("coverage")


def test_pages_are_written_and_then_compared(cli: Cli, folder: Path) -> None:
    """`--write` makes the pages; without it they must be there and true."""
    before = cli("coverage", folder, "--cases", "worked")
    assert before.code == 1
    assert f"{folder}/README.md:1:1: ER807 the page is out of date" in before.out
    written = cli("coverage", folder, "--cases", "worked", "--write")
    assert (written.code, written.out) == (0, "")
    assert (folder / "broken.md").is_file()
    after = cli("coverage", folder, "--cases", "worked")
    assert (after.code, after.out) == (0, "")
    assert "3 clauses of 1 documents, 2 to be judged; 1 of 1 schemes" in after.err


def test_what_is_missing_fails_even_while_writing(cli: Cli, folder: Path) -> None:
    """A gap is told with its place and code, and the exit code is 1; the pages show it."""
    path = folder / "000.yaml"
    path.write_text(path.read_text("utf-8").replace(", not_judgeable: 口号", ""), encoding="utf-8")
    ran = cli("coverage", folder, "--cases", "worked", "--write")
    assert ran.code == 1
    assert ran.out.startswith(f"{path}:9:5: ER803 nothing in broken cites 三\n  fix: ")
    assert "**尚缺**" in (folder / "broken.md").read_text("utf-8")


def test_cases_that_fail_are_counted(cli: Cli, folder: Path) -> None:
    """A failing case proves nothing, and the last line sends the reader to `envrules test`."""
    path = Path("worked/broken.yaml")
    path.write_text(path.read_text("utf-8").replace("overdue", "on_time"), encoding="utf-8")
    ran = cli("coverage", folder, "--cases", "worked")
    assert ran.code == 1
    assert "ER806 no case touches deadlines.fix" in ran.out
    assert "1 case fails and proves nothing: see envrules test" in ran.err


def test_coverage_as_json(cli: Cli, folder: Path) -> None:
    """Programs get each clause with what cites it and every case that touches that."""
    cli("coverage", folder, "--cases", "worked", "--write")
    ran = cli("coverage", folder, "--cases", "worked", "--json")
    assert ran.code == 0
    assert ran.json["problems"] == []
    clauses = {clause["clause"]: clause for clause in ran.json["clauses"]}
    assert [d["id"] for d in clauses["二"]["cited_by"]] == ["parameters.limit", "deadlines.fix"]
    assert clauses["二"]["cited_by"][1] == {
        "id": "deadlines.fix", "nature": "rule", "location": "broken.yaml:10",
        "cases": ["第四日仍未整改为超期"],
    }  # fmt: skip
    assert (clauses["三"]["judged"], clauses["三"]["not_judgeable"]) == (False, "口号")


def test_what_cannot_be_read_is_told(cli: Cli, folder: Path) -> None:
    """A broken list, a broken ruleset and broken cases are problems at their lines."""
    for name, old in (
        (folder / "000.yaml", "title"), (Path("broken.yaml"), "timezone"),
        (Path("worked/broken.yaml"), "steps"),
    ):  # fmt: skip
        text = name.read_text("utf-8")
        name.write_text(text.replace(old, "nonsense", 1), encoding="utf-8")
        ran = cli("coverage", folder, "--cases", "worked")
        assert ran.code == 1
        assert f"{name}:" in ran.out
        assert "nonsense" in ran.out
        assert cli("coverage", folder, "--cases", "worked", "--json").json["problems"]
        name.write_text(text, encoding="utf-8")


def test_a_folder_that_is_not_there(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual folder is docs/coverage; where there is none, that is said."""
    monkeypatch.chdir(tmp_path)
    ran = cli("coverage")
    assert ran.code == 1
    assert ran.err.startswith("envrules: there is no folder docs/coverage")
