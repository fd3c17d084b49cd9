"""`envrules submit`, `watermark`, `approve`, `revoke`, `close`, `publish`, `skip`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from tests.cli.terminal import Cli
from tests.service.site import TOWN, Raiser, at, open_site

from envrules.resources import rulesets_dir

PATROL = "issue_found: {issue: GD-9, source: patrol, place: main_road, category: 白色垃圾, place_unit: zhao}"
YAML = f"""\
locality: yunxi
events:
- {{id: e1, at: 2026-08-01 10:00, {PATROL}}}
- {{id: e2, at: 2026-08-01 10:30, issue_moved: {{issue: GD-9, move: handled}}}}
"""


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Two good events."""
    path = tmp_path / "events.yaml"
    path.write_text(YAML, encoding="utf-8")
    return path


def test_submit_prints_a_receipt_for_each(tell: Cli, events: Path) -> None:
    """Stored once; sent again, the first receipts come back as duplicates."""
    ran = tell("submit", events)
    assert ran.code == 0
    first, second = (line.split() for line in ran.out.splitlines())
    assert (first[:2], second[:2]) == (["e1", "stored"], ["e2", "stored"])
    assert int(second[2][1:]) == int(first[2][1:]) + 1
    assert "2 stored" in ran.err
    again = tell("submit", events)
    assert again.out == ran.out.replace("stored", "duplicate")
    assert "2 duplicate" in again.err


def test_waiting_for_decisions_names_them(tell: Cli, events: Path) -> None:
    """With `--wait decided` a receipt names the decisions that the event gave rise to."""
    receipts = tell("submit", events, "--wait", "decided", "--json").json_lines
    assert all(receipt["decided"] for receipt in receipts)
    named = receipts[0]["decision_ids"]
    kinds = {tell("explain", "yunxi", one, "--json").json["decision"]["kind"] for one in named}
    assert kinds == {"slip", "deadline"}


def test_formats(tell: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON, JSON lines and stdin hold the same events; points with decimals stay exact."""
    event = {
        "id": "p1", "at": "2026-08-30 10:00",
        "score_supplied": {"unit": "zhao", "score": "monthly", "item": "transfer",
                           "period": "2026-08", "points": 9.7, "organ": "村建办"},
    }  # fmt: skip
    text = json.dumps(event)
    (tmp_path / "a.json").write_text(f"[{text}]", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(f"{text}\n\n", encoding="utf-8")
    assert "stored" in tell("submit", tmp_path / "a.json", "-l", "yunxi").out
    assert "duplicate" in tell("submit", tmp_path / "b.jsonl", "-l", "yunxi").out
    for written in (text, f"[{text}]", f"- {text}"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written.encode())))
        assert "duplicate" in tell("submit", "-", "--locality", "yunxi").out


def test_a_bad_event_refuses_only_itself(tell: Cli, events: Path) -> None:
    """Problems are told with place and field, whether we or the server found them."""
    text = events.read_text("utf-8")
    text += "- {id: bad1, at: 2026-08-01 11:00, issue_found: {isue: X}}\n"
    text += "- {id: bad2, at: 2027-08-01 11:00, unit_renamed: {unit: zhao, title: 新村}}\n"
    events.write_text(text, encoding="utf-8")
    ran = tell("submit", events)
    assert ran.code == 1
    assert "2 stored, 2 refused" in ran.err
    assert f"{events}[2]: issue_found.isue is not a field here; did you mean issue?" in ran.out
    assert f"{events}[3]: occurred_at lies in the future" in ran.out


@pytest.mark.parametrize(("name", "content", "said"), [
    ("x.yaml", b"\xff\xfe", "not UTF-8"), ("x.json", b'[{"id": ]', ":1:9: not JSON"),
    ("x.jsonl", b'{}\n{"id": ]', ":2:8: not JSON"), ("x.yaml", b"a: [", "not YAML"),
    ("x.yaml", b"just text", "no events"), ("x.yaml", b"events: []\nzone: x", "unknown key zone"),
])  # fmt: skip
def test_files_that_cannot_be_read(
    tell: Cli, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """The line that is wrong is named; nothing is sent."""
    path = tmp_path / name
    path.write_bytes(content)
    ran = tell("submit", path, "-l", "yunxi")
    assert ran.code == 1
    assert ran.out == ""
    assert said in ran.err
    assert len(ran.err.splitlines()) <= 2


def test_submit_needs_to_know_the_locality(tell: Cli, tmp_path: Path) -> None:
    """Without a locality in the file or on the command line nothing is sent."""
    path = tmp_path / "x.yaml"
    path.write_text("[]", encoding="utf-8")
    assert tell("submit", path).code == 2


def test_a_watermark_lets_deadlines_fire(tell: Cli, events: Path) -> None:
    """Time goes on up to the watermark and no further; releasing lets it run to now."""
    tell("submit", events, "--wait", "decided")
    ran = tell("watermark", "yunxi", "grid", "2026-08-09 09:00")
    assert (ran.code, ran.out) == (0, "yunxi: it is 2026-08-09 09:00, held by grid\n")
    freed = tell("watermark", "yunxi", "grid", "--release", "--json").json
    assert freed["now"] == "2026-11-22T12:00:00+08:00"
    assert tell("watermark", "yunxi", "grid").code == 2
    assert tell("watermark", "yunxi", "grid", "2026-13-01").code == 2


def test_approve_publishes_and_revoke_takes_back(tell: Cli) -> None:
    """A proposed decision is approved and public in one step, and can be taken back."""
    (waiting,) = tell("decisions", "yunxi", "--publication", "proposed", "--json").json
    refused = tell("approve", "yunxi", waiting["id"], "--as", "office")
    assert refused.code == 1
    assert "who submits does not approve" in refused.err
    (approved,) = tell("approve", "yunxi", waiting["id"][:8], "--as", "chief", "--no-publish",
                       "--json").json  # fmt: skip
    assert approved["publication"] == "approved"
    (public,) = tell("approve", "yunxi", approved["id"], "--as", "chief", "--json").json
    assert public["publication"] == "published"
    assert "已撤销" in tell(
        "revoke", "yunxi", public["id"], "--as", "chief", "--reason", "误判"
    ).out  # fmt: skip
    assert tell("decisions", "yunxi", "--publication", "proposed", "--json").json == []


def test_close_prints_the_report(tell: Cli) -> None:
    """A month that is not over is refused; a closed one gives its report, again and again."""
    early = tell("close", "yunxi", TOWN, "2026-08")
    assert early.code == 1
    assert "2026-08 is not over yet" in early.err
    tell("watermark", "yunxi", "grid", "2026-09-01 09:00")
    ran = tell("close", "yunxi", TOWN, "2026-08")
    assert ran.code == 0
    assert "2026-08 已结账" in ran.out
    assert tell("close", "yunxi", TOWN, "2026-08", "--json").json["report"]["closed_seq"]


def test_publish_sets_a_locality_s_own_value(tell: Cli) -> None:
    """--set adds to the values a locality has, --unset drops one, --dry-run changes nothing."""
    tried = tell("publish", "yunxi", TOWN, "--set", "warning_line=65@2027-01-01", "--dry-run")
    assert tried.code == 0
    assert "65" in tried.out
    assert _overrides(tell) == {}
    for change in ("warning_line=65@2027-01-01", "pledge_within=5@2027-01-01"):
        assert tell("publish", "yunxi", TOWN, "--set", change, "--reason", "年度调整").code == 0
    assert _overrides(tell) == {"warning_line": "65", "pledge_within": "5"}
    assert tell("publish", "yunxi", TOWN, "--unset", "pledge_within").code == 0
    assert _overrides(tell) == {"warning_line": "65"}


def _overrides(tell: Cli) -> dict[str, str]:
    (locality,) = tell("localities", "--json").json
    (binding,) = locality["schemes"]
    return {
        own["parameter"]: own["values"][-1]["value"] for own in binding.get("overrides", ())
    }  # fmt: skip


def test_the_past_is_not_changed_by_accident(tell: Cli) -> None:
    """A value dated before today needs --retroactive and a reason."""
    change = ("publish", "yunxi", TOWN, "--set", "warning_line=65@2026-08-01")
    assert tell(*change).code == 1
    assert tell(*change, "--retroactive", "--reason", "上级文件").code == 0


def test_publishing_a_file(tell: Cli, tmp_path: Path) -> None:
    """A ruleset file of one's own is put into force; one that is not good is refused."""
    text = (rulesets_dir() / f"{TOWN}.yaml").read_text("utf-8")
    path = tmp_path / f"{TOWN}.yaml"
    path.write_text(text.replace("title: 当月警告", "title: 本月警告"), encoding="utf-8")
    assert tell("publish", "yunxi", TOWN, path).code == 0
    path.write_text(text.replace("$warning_line", "$nosuch"), encoding="utf-8")
    refused = tell("publish", "yunxi", TOWN, path)
    assert refused.code == 2
    assert "the ruleset is not good" in refused.err
    assert tell("publish", "yunxi", TOWN, path, "--revision", "x").code == 2


@pytest.mark.parametrize("change", ["warning_line", "warning_line=", "=3"])
def test_a_malformed_setting(tell: Cli, change: str) -> None:
    """--set says how it wants to be written."""
    ran = tell("publish", "yunxi", TOWN, "--set", change)
    assert ran.code == 2
    assert "PARAMETER=VALUE" in ran.err


def test_skip_only_where_it_stalls(tell: Cli) -> None:
    """An entry that nothing stalls at is not passed over."""
    ran = tell("skip", "yunxi", 3, "--reason", "x")
    assert ran.code == 1
    assert "does not stall" in ran.err


def test_a_stalled_locality_is_helped_on(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`localities` shows the stall; `skip` passes over the entry, and judging goes on."""
    site = open_site(tmp_path, Raiser(tmp_path, "faulty"))
    try:
        monkeypatch.setenv("ENVRULES_SERVER", site.address)
        office = site.client("office")
        office.create_locality("east", "东镇", "Asia/Shanghai")
        office.advance("east", "grid", at("2026-07-01 00:00"))
        office.publish("east", "faulty")
        path = tmp_path / "bad.json"
        path.write_text(json.dumps([{
            "id": "x", "at": "2026-07-01 10:00", "source": "bad",
            "issue_found": {"issue": "GD-1", "place_unit": "u"},
        }]), encoding="utf-8")  # fmt: skip
        cli("submit", path, "-l", "east", "--wait", "decided")
        assert "STALLED" in cli("localities").out
        (before,) = cli("localities", "--json").json
        ran = cli("skip", "east", before["stall"]["seq"], "--reason", "坏记录", "--json")
        assert ran.json["skipped"] == before["stall"]["seq"]
        assert site.runtime.wait_decided("east", ran.json["seq"], 20)
        (after,) = cli("localities", "--json").json
        assert "stall" not in after
        assert after["projected_seq"] == ran.json["seq"]
    finally:
        site.stop(grace=0)
