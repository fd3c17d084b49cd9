"""`whatif`, `export-log`, `import-log`: what would have been, from the database and from a file."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Cli
from tests.service.site import TOWN, Site

from envrules.resources import rulesets_dir
from envrules.store import Store

JULY = ("--from", "2026-07")


@pytest.fixture
def database(town: Site) -> str:
    """The database of the town whose July has been closed, while its server runs."""
    return str(town.store._db._durable.url)


def test_movers_are_told_with_the_reason(cli: Cli, database: str) -> None:
    """A higher warning line warns one village more, and the table says why and how it is known."""
    ran = cli("whatif", "yunxi", TOWN, "--set", "warning_line=98", *JULY, "--db", database)
    assert ran.code == 0
    assert "钱庄村" in ran.out
    assert "正常 → 警告" in ran.out
    assert "警告线（低于） 70 分 → 98 分" in "".join(ran.out.split("\n"))
    assert "比较 3 个单位期次，1 个变动" in ran.out


def test_a_file_gives_the_same_answer(cli: Cli, database: str, tmp_path: Path) -> None:
    """History from Parquet and from the database answer alike, to the last byte."""
    out = tmp_path / "log.parquet"
    assert cli("export-log", "yunxi", "--out", out, "--db", database).code == 0
    asked = ("whatif", "yunxi", TOWN, "--set", "warning_line=98", *JULY, "--json")
    stored = cli(*asked, "--db", database)
    assert stored.code == 0
    assert stored.json["known_at"] > 0
    assert cli(*asked, "--log", out, "--engine", "exact").out == stored.out


def test_an_edited_file_is_tried_whole(cli: Cli, database: str, tmp_path: Path) -> None:
    """A row that deducts more changes points, though no parameter moved."""
    text = (rulesets_dir() / f"{TOWN}.yaml").read_text(encoding="utf-8")
    edited = tmp_path / f"{TOWN}.yaml"
    assert "full: 30, each: 1," in text
    edited.write_text(text.replace("full: 30, each: 1,", "full: 30, each: 2,", 1), encoding="utf-8")
    ran = cli("whatif", "yunxi", TOWN, "--ruleset", edited, *JULY, "--db", database, "--json")
    assert ran.code == 0
    moved = {row["unit"]: row for row in ran.json["rows"] if row["before"] != row.get("after")}
    assert moved["qian"]["before"]["points"] == "97.00"
    assert moved["qian"]["after"]["points"] == "94.00"


def test_the_log_goes_out_and_comes_in_again(cli: Cli, database: str, tmp_path: Path) -> None:
    """An imported log is the exported one, entry by entry, and gives the same decisions."""
    out, new = tmp_path / "log.parquet", f"sqlite:///{tmp_path / 'new.db'}"
    assert cli("export-log", "yunxi", "--out", out, "--db", database).code == 0
    assert cli("import-log", out, "--db", new).code == 0
    assert cli("import-log", out, "--db", new).code == 1
    with Store.open(database) as old, Store.open(new) as copy:
        head = old.head("yunxi")
        assert copy.read_log("yunxi", 0, head) == old.read_log("yunxi", 0, head)
        assert {r.revision for r in copy.list_revisions()} <= {
            r.revision for r in old.list_revisions()
        }


def test_by_column_is_exactly(cli: Cli, database: str, tmp_path: Path) -> None:
    """A file's answer by column is the exact engine's in every field, and says how it was reckoned."""
    out = tmp_path / "log.parquet"
    assert cli("export-log", "yunxi", "--out", out, "--db", database).code == 0
    for tried in ("warning_line=98", "min_presence=0.9"):
        asked = ("whatif", "yunxi", TOWN, "--set", tried, *JULY, "--log", out, "--json")
        exact, columnar = cli(*asked, "--engine", "exact").json, cli(*asked).json
        parts = {(part["name"], part["how"]) for part in columnar.pop("parts")}
        assert ("scores.monthly", "columnar") in parts
        assert exact.pop("parts")
        assert columnar == exact


def test_the_coverage_of_a_scheme_is_told(cli: Cli) -> None:
    """What goes by column and what does not is said rule by rule; an unknown scheme is told as such."""
    ran = cli("whatif-coverage", TOWN)
    assert "| `scores.monthly` | columns |" in ran.out
    assert "| `ladders.notice` | exact |" in ran.out
    assert "no scheme" in cli("whatif-coverage", "nowhere").err


def test_columns_need_a_file(cli: Cli, database: str) -> None:
    """A database has no columns: which file to write first is said."""
    trying = ("--set", "warning_line=98", *JULY, "--db", database)
    ran = cli("whatif", "yunxi", TOWN, *trying, "--engine", "columns")
    assert (ran.code, "export-log" in ran.err) == (2, True)


WRONG: list[tuple[tuple[str, ...], int, str]] = [
    (("--from", "2026-13", "--set", "warning_line=65"), 2, "no period"),
    (("--from", "2026-08", "--to", "2026-07", "--set", "warning_line=65"), 2, "ends before"),
    (("--from", "2026-07"), 2, "nothing to try"),
    (("--from", "2026-07", "--set", "warning_lime=65"), 1, "ER301"),
    (("--from", "2026-07", "--set", "warning_line=many"), 1, "ER402"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG)
def test_what_cannot_be_asked_is_told(
    cli: Cli, database: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Wrong periods, nothing to try, unknown parameters and unsuitable values are told as such."""
    ran = cli("whatif", "yunxi", TOWN, *arguments, "--db", database)
    assert (ran.code, said in ran.err) == (code, True), ran.err


def test_who_and_what_must_exist(cli: Cli, database: str, tmp_path: Path) -> None:
    """Unknown localities and schemes, and files that are no log, are told as such."""
    trying = ("--set", "warning_line=65", *JULY)
    assert "no locality" in cli("whatif", "nowhere", TOWN, *trying, "--db", database).err
    assert "does not use" in cli("whatif", "yunxi", "liuhu", *trying, "--db", database).err
    noise = tmp_path / "noise.parquet"
    noise.write_bytes(b"no parquet")
    assert "no Parquet file" in cli("whatif", "yunxi", TOWN, *trying, "--log", noise).err


def test_without_polars_the_extra_is_named(
    cli: Cli, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exporting without Polars says which extra to install; what-if itself does not need it."""
    original = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name == "polars":
            raise ImportError(name)
        return original(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    ran = cli("export-log", "yunxi", "--out", tmp_path / "x.parquet", "--db", database)
    assert (ran.code, "envrules[whatif]" in ran.err) == (1, True)
    asked = ("whatif", "yunxi", TOWN, "--set", "warning_line=98", *JULY, "--db", database)
    assert cli(*asked).code == 0
