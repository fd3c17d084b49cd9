"""`envrules codes`, and the code tables that `check` and `publish` take."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.cli.terminal import Cli
from tests.codes.tables import HEAD, SCHEME, TABLE

from envrules.cli.codes import app

FOUND = "issue_found: {issue: C-%s, source: patrol, place_unit: zhao, %s}"
LITTER = 'object_class: event, large_class: "01", small_class: "0103"'
EVENTS = "locality: yunxi\nevents:\n" + "".join(
    f"- {{id: c{i}, at: 2026-08-01 10:0{i}, {FOUND % (i, codes)}}}\n"
    for i, codes in enumerate(
        (
            LITTER,
            LITTER + ", category: 暴露垃圾",
            LITTER,
            'category: 噪声 "扰民"',
            'category: 三大堆, place: "9"',
        ),
        start=1,
    )
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A code table of the town."""
    path = tmp_path / "town.codes.yaml"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.fixture
def waiting(tell: Cli, tmp_path: Path) -> Cli:
    """A town with five findings in codes that nobody has mapped."""
    path = tmp_path / "events.yaml"
    path.write_text(EVENTS, encoding="utf-8")
    assert tell("submit", path, "--wait", "decided").code == 0
    return tell


def test_unknown_codes_as_a_table(waiting: Cli) -> None:
    """The most frequent first, with how often, when, and which cases."""
    ran = waiting("codes", "unknown", "yunxi")
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == ["代码", "件数", "最早", "最近", "例"]
    assert lines[2] == ["事件", "大类01", "小类0103", "2", "2026-08-01", "10:01", "2026-08-01", "10:03",
                        "C-1、C-3"]  # fmt: skip
    assert {line[0] for line in lines[3:]} == {"事件", "“噪声", "地点"}
    assert "envrules codes publish" in ran.err


def test_unknown_codes_as_json(waiting: Cli) -> None:
    """Programs get what the API answers, times with their offset."""
    found = waiting("codes", "unknown", "yunxi", "--scheme", SCHEME, "--json").json
    assert [one["count"] for one in found] == [2, 1, 1, 1]
    assert found[0] == {
        "scheme": SCHEME, "object_class": "event", "large_class": "01", "small_class": "0103",
        "count": 2, "first_seen": "2026-08-01T10:01:00+08:00",
        "last_seen": "2026-08-01T10:03:00+08:00", "issues": ["C-1", "C-3"],
        "event_ids": ["c1", "c3"],
    }  # fmt: skip


def test_a_draft_needs_only_the_categories(waiting: Cli, cli: Cli, tmp_path: Path) -> None:
    """Appended to a table, the draft's entries are good once their categories are filled in."""
    draft = waiting("codes", "unknown", "yunxi", "--draft").out
    path = tmp_path / "draft.yaml"
    path.write_text(HEAD + "entries:\n" + draft, encoding="utf-8")
    assert cli("check", path).out.count("ER205") == 3
    filled = draft.replace("category: }", "category: 三大堆}")
    path.write_text(HEAD + "entries:\n" + filled, encoding="utf-8")
    assert "ER702" in cli("check", path).out, "the same classes, with and without a title"
    once = "".join(line for line in filled.splitlines(keepends=True) if "C-2" not in line)
    path.write_text(HEAD + "entries:\n" + once, encoding="utf-8")
    assert cli("check", path).out == ""
    assert "# places" in draft
    assert '"9"' in draft


def test_mapping_the_codes(waiting: Cli, table: Path) -> None:
    """Tried, published, judged; the table in force can be read back."""
    tried = waiting("codes", "publish", "yunxi", table, "--dry-run")
    assert "codes.大类01 小类0103 暴露垃圾: 无 → 三大堆" in tried.out.splitlines()
    assert "would be" in tried.err
    assert waiting("codes", "show", "yunxi", SCHEME).code == 1
    done = waiting("codes", "publish", "yunxi", table, "--reason", "首次对照")
    assert (done.code, done.out) == (0, tried.out)
    assert "is now judged by" in done.err
    assert waiting("codes", "show", "yunxi", SCHEME).out == TABLE
    slips = waiting("decisions", "yunxi", "--kind", "slip", "--json").json
    assert {issue for slip in slips for issue in slip["issues"]} >= {"C-1", "C-2", "C-3"}
    assert len(waiting("codes", "unknown", "yunxi", "--json").json) == 2
    (one,) = [s for s in slips if s["issues"] == ["C-1"]]
    assert "codes.town_platform" in waiting("explain", "yunxi", one["id"]).out


def test_another_meaning_needs_a_reason(waiting: Cli, table: Path) -> None:
    """Nothing else of the locality changes with its table."""
    waiting("publish", "yunxi", SCHEME, "--set", "warning_line=60@2027-01-01", "--codes", table)
    table.write_text(TABLE.replace("三大堆", "白色垃圾"), encoding="utf-8")
    assert waiting("codes", "publish", "yunxi", table).code == 1
    ran = waiting("codes", "publish", "yunxi", table, "--retroactive", "--reason", "误", "--json")
    assert ran.json["published"]["overrides"][0]["parameter"] == "warning_line"
    assert ran.json["published"]["code_table"] == "town.codes.yaml"


def test_publishing_a_ruleset_keeps_the_table(waiting: Cli, table: Path) -> None:
    """Until it is told to drop it."""
    waiting("codes", "publish", "yunxi", table)
    assert waiting("publish", "yunxi", SCHEME, "--set", "warning_line=60@2027-01-01").code == 0
    assert waiting("codes", "show", "yunxi", SCHEME).out == TABLE
    past = ("--retroactive", "--reason", "换平台")
    assert waiting("publish", "yunxi", SCHEME, "--without-codes", *past).code == 0
    assert waiting("codes", "show", "yunxi", SCHEME).code == 1
    assert waiting("publish", "yunxi", SCHEME, "--without-codes", "--codes", table).code == 2


def test_a_town_without_unknown_codes(ask: Cli) -> None:
    """Says so, and prints no empty table."""
    ran = ask("codes", "unknown", "yunxi")
    assert (ran.code, ran.out) == (0, "")
    assert "every code is known" in ran.err
    assert ask("codes", "unknown", "yunxi", "--json").json == []


@pytest.mark.parametrize(("text", "code", "said"), [
    (TABLE.replace(SCHEME, "liuhu"), 1, "not judged by liuhu"),
    ("codes: [", 1, "town.codes.yaml:1:"),
    ("ruleset: x\n", 1, "ER203"),
    (TABLE.replace("三大堆", "三大推"), 2, "town.codes.yaml:8:42: ER303"),
])  # fmt: skip
def test_a_table_that_cannot_be_published(
    ask: Cli, table: Path, text: str, code: int, said: str
) -> None:
    """What is wrong is told with its place, whether we or the server found it."""
    table.write_text(text, encoding="utf-8")
    ran = ask("codes", "publish", "yunxi", table)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_check_takes_code_tables(cli: Cli, table: Path) -> None:
    """By themselves, for an installed scheme, and in a folder with rulesets."""
    for argument in (table, table.parent):
        ran = cli("check", argument)
        assert (ran.code, ran.out, ran.err) == (0, "", "")
    table.write_text(TABLE.replace('"0777"', "0777"), encoding="utf-8")
    (problem,) = json.loads(cli("check", table, "--json").out)
    assert (problem["code"], problem["line"]) == ("ER110", 10)
    assert problem["col"] == TABLE.splitlines()[9].index('"0777"') + 1


def test_each_command_has_help_with_an_example(cli: Cli) -> None:
    """`--help` of the group names its commands, and each shows itself in use."""
    names = [str(command.name) for command in app.registered_commands]
    assert names == ["unknown", "show", "publish"]
    listed = cli("codes", "--help").out
    for name in names:
        assert f" {name} " in listed
        assert f"Example:  envrules codes {name}" in cli("codes", name, "--help").out


GUIDE = (Path(__file__).parents[2] / "docs" / "codes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", re.findall(r"^envrules [^#>\n]*[^#>\s]", GUIDE, re.MULTILINE))
def test_the_guides_commands_are_there(cli: Cli, line: str) -> None:
    """Every command line of docs/codes.md names a command, with options that it has."""
    words = line.split()[1:]
    help_text = cli(*words[: 2 if words[0] == "codes" else 1], "--help").out
    assert "Example:" in help_text
    assert all(word in help_text for word in words if word.startswith("--"))
