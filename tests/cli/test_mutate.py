"""`envrules mutate`: mutants of rulesets from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.terminal import Cli
from tests.mutation.conftest import KILLERS, LIMIT
from tests.mutation.test_run import SHORTER, WEAK

DECLARED = f"""\
equivalent:
- because: 没有一日之内的案件
  mutants: [{SHORTER}, parameters.limit.unit calendar_days → minutes, deadlines.fix.stops deleted]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ruleset, its cases in the usual place, as where the program is called."""
    (tmp_path / "mini.yaml").write_text(LIMIT, encoding="utf-8")
    (tmp_path / "cases").mkdir()
    write(tmp_path, KILLERS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(site: Path, cases: str, name: str = "mini") -> None:
    """Write a file of cases about the ruleset."""
    top = "scheme: mini\nruleset: ../mini.yaml\ndefaults: {units: {village: [甲]}}\ncases:\n"
    (site / "cases" / f"{name}.yaml").write_text(top + cases, encoding="utf-8")


@pytest.mark.parametrize("what", [[], ["mini"], ["cases"], ["cases/mini.yaml"]])
@pytest.mark.usefixtures("site")
def test_a_ruleset_whose_mutants_are_all_killed(cli: Cli, what: list[str]) -> None:
    """Found by scheme, file, folder or alone, it passes, and a table says how many there were."""
    ran = cli("mutate", *what)
    assert ran.code == 0, ran.out
    assert ran.out.splitlines()[-1].split() == ["mini", "5", "0", "5", "0", "0", "100.0%"]


def test_survivors_are_listed_and_refused(cli: Cli, site: Path) -> None:
    """Each with its place in the ruleset and what was changed."""
    write(site, WEAK)
    ran = cli("mutate")
    assert ran.code == 1
    assert f"/mini.yaml:7: survived: {SHORTER}" in ran.out
    assert "killed:" not in ran.out
    assert "killed: deadlines.fix deleted (两日一时之后已是超期)" in cli("mutate", "--all").out


def test_what_is_declared_is_no_survivor_but_no_kill_either(cli: Cli, site: Path) -> None:
    """Declaring most of them equivalent does not reach the share that must be killed."""
    write(site, WEAK + DECLARED)
    assert cli("mutate").code == 1
    assert "survived:" not in cli("mutate").out
    assert cli("mutate", "--least", "40").code == 0
    assert cli("mutate", "--sample", "3").code == 0


def test_cases_in_several_files_work_together(cli: Cli, site: Path) -> None:
    """What the cases of one file let live, those of another may kill."""
    write(site, WEAK)
    write(site, KILLERS, "more")
    ran = cli("mutate")
    assert ran.code == 0
    assert "100.0%" in ran.out


def test_results_as_json(cli: Cli, site: Path) -> None:
    """Programs get every mutant of every scheme; a sample is smaller."""
    write(site, WEAK)
    (scheme,) = cli("mutate", "--json").json["schemes"]
    assert (scheme["scheme"], scheme["score"], len(scheme["mutants"])) == ("mini", "40.0", 5)
    (scheme,) = cli("mutate", "--json", "--sample", "2", "--seed", "7").json["schemes"]
    assert len(scheme["mutants"]) == 2


def test_a_broken_ruleset_is_told_with_its_line(cli: Cli, site: Path) -> None:
    """The problems of the ruleset or of the cases are the answer."""
    ruleset = site / "mini.yaml"
    ruleset.write_text(LIMIT.replace("title: 示例", "titel: 示例"), encoding="utf-8")
    ran = cli("mutate")
    assert ran.code == 1
    assert "mini.yaml:2:1: ER202" in ran.out


@pytest.mark.usefixtures("site")
def test_an_unknown_scheme(cli: Cli) -> None:
    """A scheme that no file of cases is about is refused."""
    ran = cli("mutate", "maxi")
    assert ran.code == 1
    assert "no cases of the scheme maxi" in ran.err
