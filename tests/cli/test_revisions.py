"""`envrules revisions`, `diff`, `publish`: what judges, what waits to, and going back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.terminal import Cli
from tests.service.site import TOWN, Site, month_of_the_town, open_site
from tests.service.test_streaming import eventually

from envrules.resources import rulesets_dir

TEXT = (rulesets_dir() / f"{TOWN}.yaml").read_text(encoding="utf-8")
LATER = "{always: 70, 2026-12-01: 65}"
"""The clock of these servers stands at 2026-11-22."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The watched file of the town."""
    folder = tmp_path / "rulesets"
    folder.mkdir()
    file = folder / f"{TOWN}.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


@pytest.fixture
def watched(
    tmp_path: Path,
    file: Path,
    cli: Cli,  # noqa: ARG001 -- it empties the environment before we fill it
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    """A server that watches it, with the town of an open July; commands go to it."""
    site = open_site(tmp_path, rulesets=file.parent, settle_seconds=0.05)
    office = site.client("office")
    office.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN])
    office.submit("yunxi", month_of_the_town(), decided=True)
    monkeypatch.setenv("ENVRULES_SERVER", site.address)
    yield site
    site.stop(grace=0)


def edit(site: Site, file: Path, before: str, after: str) -> None:
    """Save an edit, and wait until the server has read it."""
    office = site.client("office")

    def read() -> int:
        state = office.locality("yunxi").schemes[0].file
        return state.accepted + state.refused

    known, text = read(), file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    assert eventually(lambda: read() > known)


def test_an_edit_waits_and_is_published_by_name(watched: Site, file: Path, cli: Cli) -> None:
    """A good edit is the candidate, told in words; publishing it takes its name, and who and why."""
    (first,) = cli("revisions", "yunxi", TOWN, "--json").json["revisions"]
    edit(watched, file, "{always: 70}", LATER)
    ran = cli("revisions", "yunxi", TOWN)
    assert "候选" in ran.out
    assert "待发布" in ran.out
    assert cli("diff", "current", "candidate", "-l", "yunxi").out == (
        "parameters.warning_line 警告线（低于）: 70 → 65 自 2026-12-01\n"
    )
    candidate = cli("revisions", "yunxi", TOWN, "--json").json["file"]["candidate"]
    assert candidate != first["revision"]
    ran = cli(
        "publish", "yunxi", TOWN, "--revision", candidate[:8], "--reason", "办公会", "--as", "li"
    )
    assert ran.code == 0, ran.err
    told = cli("revisions", "yunxi", TOWN, "--json").json
    assert "candidate" not in told["file"]
    latest = told["revisions"][0]
    assert (latest["revision"], latest["published_by"], latest["reason"]) == (
        candidate, "li", "办公会",
    )  # fmt: skip
    assert latest["seq"] > first["seq"]
    assert "现行" in cli("revisions", "yunxi", TOWN).out
    assert cli("diff", first["revision"][:8], "current", "-l", "yunxi").out.count("\n") == 1


def test_going_back_restores_values_and_codes_too(watched: Site, cli: Cli) -> None:
    """An earlier revision comes back just as it was, under its own name."""
    (first,) = cli("revisions", "yunxi", TOWN, "--json").json["revisions"]
    assert cli("publish", "yunxi", TOWN, "--set", "warning_line=65@2026-12-01").code == 0
    ran = cli("publish", "yunxi", TOWN, "--revision", first["revision"][:8])
    assert ran.code == 0, ran.err
    (binding,) = watched.client().locality("yunxi").schemes
    assert (binding.revision, list(binding.overrides)) == (first["revision"], [])
    ran = cli("publish", "yunxi", TOWN, "--revision", "current", "--set", "warning_line=65")
    assert ran.code == 2
    assert "second step" in ran.err


def test_a_bad_edit_is_told_by_place(watched: Site, file: Path, cli: Cli) -> None:
    """What is refused says where and why; what was in force serves on, and nothing is a candidate."""
    before = cli("revisions", "yunxi", TOWN, "--json").json["revisions"]
    edit(watched, file, "{always: 70}", "{always: seventy}")
    ran = cli("revisions", "yunxi", TOWN)
    assert (ran.code, "候选" in ran.out) == (0, False)
    line = next(i for i, text in enumerate(TEXT.splitlines(), 1) if "{always: 70}" in text)
    assert f"rulesets/{TOWN}.yaml:{line}:" in ran.err
    assert "ER402" in ran.err
    assert "serves on" in ran.err
    assert "refused as it is" in cli("localities").out
    ran = cli("diff", "current", "candidate", "-l", "yunxi")
    assert ran.code == 1
    assert "mend it" in ran.err
    assert cli("revisions", "yunxi", TOWN, "--json").json["revisions"] == before


def test_a_candidate_of_the_past_must_be_meant(watched: Site, file: Path, cli: Cli) -> None:
    """A value dated before today waits for --retroactive and --reason, then judges the open month."""
    edit(watched, file, "{always: 70}", "{always: 55}")
    assert "追溯" in cli("revisions", "yunxi", TOWN).out
    ran = cli("publish", "yunxi", TOWN, "--revision", "candidate", "--reason", "改")
    assert ran.code == 1
    assert "since always" in ran.err
    ran = cli("publish", "yunxi", TOWN, "--revision", "candidate", "--retroactive")
    assert ran.code == 2
    ran = cli(
        "publish", "yunxi", TOWN, "--revision", "candidate", "--retroactive", "--reason", "改"
    )
    assert ran.code == 0, ran.err
    bands = {
        s.unit: s.band.id for s in watched.client().standings("yunxi", TOWN, "monthly", "2026-07")
    }
    assert bands["sun"] == "ok"
    ran = cli("diff", "current", "candidate", "-l", "yunxi")
    assert "is what is in force" in ran.err


def test_a_candidate_has_the_localitys_own_values(watched: Site, file: Path, cli: Cli) -> None:
    """What a locality sets itself stays as it is when the file's edit is published."""
    assert cli("publish", "yunxi", TOWN, "--set", "warning_line=60@2026-12-01").code == 0
    edit(
        watched,
        file,
        "未写期限, values: {always: 3}",
        "未写期限, values: {always: 3, 2026-12-01: 5}",
    )
    assert cli("diff", "current", "candidate", "-l", "yunxi").out.startswith(
        "parameters.notice_within 整改期限: 3 → 5"
    )
    assert cli("diff", "current", str(file), "-l", "yunxi").out.count("\n") == 1
    assert cli("publish", "yunxi", TOWN, "--revision", "candidate").code == 0
    (own,) = watched.client().locality("yunxi").schemes[0].overrides
    assert (own.parameter, own.values[0].value) == ("warning_line", "60")
    edit(watched, file, "warning_line:", "alarm_line:")
    edit(watched, file, "$warning_line", "$alarm_line")
    ran = cli("revisions", "yunxi", TOWN)
    assert "override of unknown parameter warning_line" in ran.err


@pytest.mark.usefixtures("watched")
def test_a_colleague_was_quicker(cli: Cli) -> None:
    """--expect names what was looked at; if another revision is in force by now, nothing happens."""
    (first,) = cli("revisions", "yunxi", TOWN, "--json").json["revisions"]
    cli("publish", "yunxi", TOWN, "--set", "warning_line=65@2026-12-01")
    ran = cli(
        "publish", "yunxi", TOWN, "--set", "notice_within=5@2026-12-01", "--expect",
        first["revision"][:8],
    )  # fmt: skip
    assert ran.code == 1
    assert "is in force, not" in ran.err
    assert len(cli("revisions", "yunxi", TOWN, "--json").json["revisions"]) == 2


def test_files_are_compared_without_a_server(tmp_path: Path, cli: Cli) -> None:
    """Two files need no server; no difference prints nothing; another scheme is refused."""
    old, new = tmp_path / "a" / f"{TOWN}.yaml", tmp_path / "b" / f"{TOWN}.yaml"
    for path, text in ((old, TEXT), (new, TEXT.replace("{always: 70}", LATER))):
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    ran = cli("diff", old, new)
    assert (ran.code, ran.out) == (
        0, "parameters.warning_line 警告线（低于）: 70 → 65 自 2026-12-01\n",
    )  # fmt: skip
    (change,) = cli("diff", old, new, "--json").json
    assert (change["before"], change["after"], change["since"]) == ("70", "65", "2026-12-01")
    assert cli("diff", old, old).out == ""
    assert cli("diff", old, "abcd1234").code == 2
    new.write_text("ruleset: [", encoding="utf-8")
    ran = cli("diff", old, new)
    assert (ran.code, "ER102" in ran.err) == (1, True)
    ran = cli("diff", old, rulesets_dir() / "liuhu.yaml")
    assert (ran.code, "liuhu" in ran.err) == (1, True)


@pytest.mark.usefixtures("watched")
def test_what_is_not_there(cli: Cli) -> None:
    """Unknown schemes, revisions and candidates are told as such."""
    assert "does not use scheme 'liuhu'" in cli("revisions", "yunxi", "liuhu").err
    assert "has no revision" in cli("publish", "yunxi", TOWN, "--revision", "feedfeed").err
    assert cli("publish", "yunxi", TOWN, "--revision", "f").code == 2
    assert "there is no candidate" in cli("diff", "current", "candidate", "-l", "yunxi").err
