"""`envrules decisions`, `explain`, `standings`, `statement`, `localities`: read as a person, as a
program."""

from __future__ import annotations

import threading

import pytest
from tests.cli.terminal import Cli
from tests.service.site import TOWN, Site

from envrules.report.decisions import ID_SHOWN

MONTH = ("yunxi", TOWN, "monthly", "2026-07")


def test_standings_as_a_table(ask: Cli) -> None:
    """The best comes first; rank, title, figure, band and rows are there."""
    ran = ask("standings", *MONTH)
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()]
    places = [line[:4] for line in lines if line and line[0] in ("1", "2", "3")]
    assert places == [
        ["1", "赵庄村", "100.00", "正常"], ["2", "钱庄村", "97.00", "正常"],
        ["3", "孙庄村", "60.00", "警告"],
    ]  # fmt: skip


def test_standings_as_json(ask: Cli) -> None:
    """Programs get the reading they rest on and one object for each unit."""
    answer = ask("standings", *MONTH, "--json").json
    assert answer["reading"]["state"] == "closed"
    assert [(s["unit"], s["points"], s["band"]["id"]) for s in answer["standings"]] == [
        ("zhao", "100.00", "ok"), ("qian", "97.00", "ok"), ("sun", "60.00", "warned"),
    ]  # fmt: skip


def test_standings_of_the_past(ask: Cli) -> None:
    """`--known-at` before the findings shows the units as nobody had assessed them."""
    answer = ask("standings", *MONTH, "--known-at", 5, "--json").json
    assert answer["reading"]["known_at"] == 5
    assert {s["assessment"] for s in answer["standings"]} <= {"not_assessed"}


def test_a_statement(ask: Cli) -> None:
    """Each deduction, the subtotal of each row, and the total with its band."""
    ran = ask("statement", "yunxi", "sun", "2026-07")
    assert ran.code == 0
    for wanted in (
        "孙庄村 对账单",
        "逐条（35）",
        "2026-07-10 11:00",
        "按项小计",
        "已扣完",
        "合计  60.00",
    ):
        assert wanted in ran.out
    (plain,) = ask("statement", "yunxi", "sun", "2026-07", "--json").json
    assert sum(int(line["counted"]) for line in plain["lines"]) == -30
    assert plain["standing"]["points"] == "60.00"


def test_decisions_by_filter(ask: Cli) -> None:
    """Filters narrow the list; the table shows ids that `explain` takes."""
    ran = ask("decisions", "yunxi", "--rule", "rules.warn", "--kind", "consequence")
    (line,) = [line for line in ran.out.splitlines() if "孙庄村" in line]
    assert len(line.split()[0]) == ID_SHOWN
    plain = ask("decisions", "yunxi", "--unit", "sun", "--kind", "band", "--json").json
    assert [(d["outcome"], d["period"]) for d in plain] == [("warned", "2026-07")]


def test_the_limit_is_told(ask: Cli) -> None:
    """A list that is cut says so on stderr, and shows the latest."""
    ran = ask("decisions", "yunxi", "--limit", 2, "--json")
    assert len(ran.json) == 2
    assert "only the latest 2" in ran.err
    everything = ask("decisions", "yunxi", "--limit", 1000, "--json")
    assert ran.json == everything.json[-2:]
    assert everything.err == ""


def test_proposed_decisions(ask: Cli) -> None:
    """`--publication proposed` is what waits for an approval: here the public criticism."""
    plain = ask("decisions", "yunxi", "--publication", "proposed", "--json").json
    assert {d["outcome"] for d in plain} == {"weak"}


@pytest.mark.parametrize("characters", [4, 8, 24])
def test_explain_takes_the_beginning_of_an_id(ask: Cli, characters: int) -> None:
    """A whole id or an unambiguous beginning names a decision; all that it rests on is printed."""
    (decision,) = ask(
        "decisions", "yunxi", "--rule", "rules.warn", "--kind", "consequence", "--json"
    ).json
    ran = ask("explain", "yunxi", decision["id"][:characters])
    assert ran.code == 0
    for wanted in ("当月警告", "孙庄村", "警告", "m 三2", f"rulesets/{TOWN}.yaml:", decision["id"]):
        assert wanted in ran.out


def test_explain_as_json(ask: Cli) -> None:
    """Programs get the decision with its steps, its history and the events as stored."""
    (decision,) = ask(
        "decisions", "yunxi", "--rule", "bands.monthly", "--unit", "sun", "--json"
    ).json
    answer = ask("explain", "yunxi", decision["id"], "--json").json
    assert answer["decision"] == decision
    assert any(step.get("value") == "70 分" for step in answer["decision"]["steps"])
    assert [e["event"]["id"] for e in answer["events"]] == decision["event_ids"]
    assert [version["version"] for version in answer["history"]] == [1]


@pytest.mark.parametrize(("given", "code"), [("ffffffff", 1), ("f", 2)])
def test_an_id_that_names_nothing(ask: Cli, given: str, code: int) -> None:
    """No such decision, or too few characters to say which."""
    ran = ask("explain", "yunxi", given)
    assert ran.code == code
    assert ran.out == ""
    assert len(ran.err.splitlines()) <= 2


def test_an_ambiguous_beginning_is_refused(ask: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where several decisions begin alike, they are named and none is taken."""
    monkeypatch.setattr("envrules.cli.decisions._PREFIX", 1)
    firsts = [
        d["id"][0] for d in ask("decisions", "yunxi", "--history", "--limit", 999, "--json").json
    ]
    twice = next(first for first in firsts if firsts.count(first) > 1)
    ran = ask("explain", "yunxi", twice)
    assert ran.code == 2
    assert "several decisions begin with" in ran.err


def test_localities(ask: Cli) -> None:
    """Each locality with its scheme, time, lag and sources."""
    assert "云溪镇" in ask("localities").out
    (plain,) = ask("localities", "--json").json
    assert plain["locality"] == "yunxi"
    assert plain["head_seq"] == plain["projected_seq"]
    assert [source["source"] for source in plain["sources"]] == ["grid"]
    assert plain["now"] == "2026-08-01T09:00:00+08:00"


def test_watching_from_the_beginning(town: Site, tell: Cli) -> None:
    """`--watch` prints each decision on a line, and where to go on when the server goes."""
    threading.Timer(1.5, town.server.stop, [0]).start()
    ran = tell("decisions", "yunxi", "--watch", "--after", 0, "--kind", "score", "--json")
    assert ran.code == 3
    assert [d["unit"] for d in ran.json_lines] == ["qian", "sun", "zhao"]
    assert "go on with --watch --after" in ran.err


@pytest.mark.parametrize("arguments", [
    ("standings", "yunxi", TOWN, "nosuch", "2026-07"), ("standings", "yunxi", "nosuch", "x", "2026-07"),
    ("statement", "yunxi", "nobody", "2026-07"), ("decisions", "nowhere"), ("localities", "--as", "A B"),
    ("standings", *MONTH, "--as-of", "yesterday"), ("decisions", "yunxi", "--publication", "secret"),
])  # fmt: skip
def test_what_is_not_there_is_said_in_two_lines(ask: Cli, arguments: tuple[str, ...]) -> None:
    """Unknown names and unreadable times are refused: nothing on stdout, at most two lines."""
    ran = ask(*arguments)
    assert ran.code in (1, 2)
    assert ran.out == ""
    assert ran.err.startswith("envrules: ")
    assert len(ran.err.splitlines()) <= 2
