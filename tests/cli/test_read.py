"""`envrules read`: what officials sign, from a slug or a file, with its cases."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.terminal import Cli

from envrules.plugin_manager import load_plugins

GOOD = (Path(__file__).parents[1] / "gallery" / "good" / "broken.yaml").read_text("utf-8")
CASES = """\
scheme: broken
defaults: {units: {village: [赵村]}}
cases:
- name: 按月检查
  ref: m 一
  steps:
  - event: {at: 2026-07-10 09:00, inspection: {unit: 赵村, kind: check}}
  - tick: 2026-08-01 00:00
  expect:
    decisions: [{rule: duties.tour, outcome: OUTCOME}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good ruleset, in which commands run."""
    (tmp_path / "broken.yaml").write_text(GOOD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_scheme_by_its_slug(cli: Cli, folder: Path) -> None:  # noqa: ARG001 - runs in there
    """A page on stdout, whole, and that there are no cases on stderr."""
    slug = next(iter(load_plugins().schemes))
    ran = cli("read", slug)
    assert ran.code == 0
    assert ran.out.startswith("<!DOCTYPE html>")
    assert ran.out.endswith("</html>\n")
    assert "no worked cases" in ran.err


def test_a_file_as_text_into_a_file(cli: Cli, folder: Path) -> None:
    """`--format text --out` writes Markdown and prints nothing but where."""
    ran = cli("read", "broken.yaml", "--format", "text", "--out", "told.md")
    assert (ran.code, ran.out) == (0, "")
    assert "told.md" in ran.err
    text = (folder / "told.md").read_text(encoding="utf-8")
    assert text.startswith("# 示例镇考核 规则读本\n")
    assert "“月考核”得分低于 70 分的，为“警告”。" in text


def test_its_cases_are_run_and_named(cli: Cli, folder: Path) -> None:
    """Cases in the usual place are run; a rule names the cases that rest on it."""
    (folder / "cases").mkdir()
    (folder / "cases" / "broken.yaml").write_text(CASES.replace("OUTCOME", "met"), "utf-8")
    ran = cli("read", "broken.yaml", "--format", "text")
    assert (ran.code, ran.err) == (0, "")
    assert "案例 1 个，全部符合。" in ran.out
    assert "（案例 1；duties.tour；" in ran.out
    assert "1. 按月检查（一；印证：检查；符合）" in ran.out


def test_a_case_that_does_not_hold_is_told_and_is_an_error(cli: Cli, folder: Path) -> None:
    """The edition is written and says so; the exit code is 1."""
    (folder / "mine.yaml").write_text(CASES.replace("OUTCOME", "missed"), "utf-8")
    ran = cli("read", "broken.yaml", "--format", "text", "--cases", "mine.yaml")
    assert ran.code == 1
    assert "案例 1 个，其中 1 个不符。" in ran.out
    assert "cases of broken do not hold" in ran.err


def test_all_schemes_into_a_folder(cli: Cli, folder: Path) -> None:
    """`--all` writes a page for each installed scheme."""
    ran = cli("read", "--all", "--out", "build/editions")
    assert (ran.code, ran.out) == (0, "")
    written = {path.stem for path in (folder / "build" / "editions").glob("*.html")}
    assert written == set(load_plugins().schemes)


def test_a_bad_ruleset_is_refused_with_its_problems(cli: Cli, folder: Path) -> None:
    """No edition of what could not be served: the problems instead, as `check` prints them."""
    (folder / "broken.yaml").write_text(
        GOOD.replace("$limit, ref: m 二", "$limti, ref: m 二"), "utf-8"
    )
    ran = cli("read", "broken.yaml", "--out", "told.html")
    assert ran.code == 1
    assert "ER301" in ran.out
    assert not (folder / "told.html").exists()


@pytest.mark.parametrize(("arguments", "code"), [
    ([], 2), (["--all"], 2), (["liu", "--all", "--out", "x"], 2), (["nosuch"], 1),
    (["nosuch.yaml"], 1), (["--all", "--out", "x", "--cases", "y.yaml"], 2),
])  # fmt: skip
def test_what_it_cannot_read(cli: Cli, folder: Path, arguments: list[str], code: int) -> None:
    """One scheme or all of them, and one that is there."""
    ran = cli("read", *arguments)
    assert ran.code == code
    assert "<html" not in ran.out
    assert list(folder.iterdir()) == [folder / "broken.yaml"]
