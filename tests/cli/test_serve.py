"""`envrules serve` as a process: it binds, listens, drains, and may be killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.terminal import Cli
from tests.codes.tables import TABLE
from tests.service.site import TOWN

from envrules.client import Client
from envrules.resources import rulesets_dir


@dataclass
class Process:
    """A server process that answers."""

    popen: subprocess.Popen[str]
    address: str

    def end(self, number: signal.Signals) -> int:
        """End it with a signal; return its exit code."""
        self.popen.send_signal(number)
        return self.popen.wait(30)


Serve = Callable[..., Process]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers on free ports over one database."""
    with contextlib.ExitStack() as stack:

        def started(*arguments: object) -> Process:
            command = [
                sys.executable, "-m", "envrules.cli", "serve", "--db",
                f"sqlite:///{tmp_path / 'envrules.db'}", "--address", "127.0.0.1:0",
                *map(str, arguments),
            ]  # fmt: skip
            popen = stack.enter_context(subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ))  # fmt: skip
            stack.callback(popen.kill)
            assert popen.stdout is not None
            line = popen.stdout.readline()
            assert line.startswith("listening on 127.0.0.1:")
            return Process(popen, line.split()[-1])

        yield started


def bound(cli: Cli, address: str) -> dict[str, tuple[str, int]]:
    """Return what judges each locality: scheme and revision, and the length of its log."""
    return {
        one["locality"]: (one["schemes"][0]["revision"], one["head_seq"])
        for one in cli("localities", "--server", address, "--json").json
    }


def test_binding_and_draining(serve: Serve, cli: Cli) -> None:
    """--bind makes the locality and publishes once; SIGTERM ends the server in order."""
    first = serve("--bind", f"east={TOWN}", "--bind", f"west={TOWN}")
    before = bound(cli, first.address)
    assert set(before) == {"east", "west"}
    assert first.end(signal.SIGTERM) == 0
    second = serve("--bind", f"east={TOWN}")
    after = bound(cli, second.address)
    assert {name: revision for name, (revision, _) in after.items()} == {
        name: revision for name, (revision, _) in before.items()
    }
    assert second.end(signal.SIGINT) == 0


def test_a_new_locality_waits_for_what_is_brought_in(
    serve: Serve, cli: Cli, tmp_path: Path
) -> None:
    """--backfill begins a new locality in the past: its duties bind, its time waits for the source."""
    options = ("--bind", f"east={TOWN}", "--backfill", "archive@2026-04-01")
    first = serve(*options)
    to = ("--server", first.address)
    village = {"unit": "zhao", "title": "赵村", "type": "village"}
    event = {"id": "U1", "occurred_at": "2026-04-01 00:00", "unit_declared": village}
    (tmp_path / "events.json").write_text(json.dumps(event), encoding="utf-8")
    assert cli("submit", tmp_path / "events.json", "-l", "east", "--wait", "decided", *to).code == 0
    assert cli("decisions", "east", "--json", *to).json == []
    cli("watermark", "east", "archive", "2026-05-01", *to)
    (missed,) = cli("decisions", "east", "--json", *to).json
    assert (missed["kind"], missed["outcome"], missed["period"]) == ("duty", "missed", "2026-04")
    first.end(signal.SIGTERM)
    second = serve(*options)
    (east,) = cli("localities", "--server", second.address, "--json").json
    assert east["now"].startswith("2026-05-01T00:00")
    assert [held["source"] for held in east["sources"]] == ["archive"]


@pytest.mark.parametrize(("publish", "published"), [("auto", True), ("manual", False)])
def test_a_ruleset_that_was_edited_while_nobody_served(
    serve: Serve, cli: Cli, tmp_path: Path, publish: str, published: bool
) -> None:
    """A folder brings schemes of its own; a newer text is published at the start, or waits."""
    folder = tmp_path / "rulesets"
    folder.mkdir()
    text = (rulesets_dir() / f"{TOWN}.yaml").read_text("utf-8")
    own = folder / "our_town.yaml"
    own.write_text(text.replace(f"ruleset: {TOWN}", "ruleset: our_town"), encoding="utf-8")
    options = (
        "--rulesets", folder, "--publish", publish, "--bind", "east=our_town",
        "--bind", f"west={TOWN}",
    )  # fmt: skip
    first = serve(*options)
    before = bound(cli, first.address)
    first.end(signal.SIGTERM)
    later = own.read_text("utf-8").replace("{always: 70}", "{always: 70, 2100-01-01: 75}")
    own.write_text(later, encoding="utf-8")
    second = serve(*options)
    after = bound(cli, second.address)
    (east, _) = cli("localities", "--server", second.address, "--json").json
    second.end(signal.SIGTERM)
    assert (after["east"][0] != before["east"][0]) == published
    assert ("candidate" in east["schemes"][0]["file"]) != published
    assert after["west"][0] == before["west"][0]


def test_a_broken_folder_keeps_nobody_down(serve: Serve, cli: Cli, tmp_path: Path) -> None:
    """After a bad edit a new server serves on what is in force; only a new locality is refused."""
    folder = tmp_path / "rulesets"
    folder.mkdir()
    file = folder / f"{TOWN}.yaml"
    text = (rulesets_dir() / file.name).read_text("utf-8")
    file.write_text(text, encoding="utf-8")
    options = ("--rulesets", folder, "--bind", f"east={TOWN}")
    first = serve(*options)
    before = bound(cli, first.address)
    first.end(signal.SIGTERM)
    file.write_text(text.replace("{always: 70}", "{always: seventy}"), encoding="utf-8")
    second = serve(*options)
    assert bound(cli, second.address)["east"][0] == before["east"][0]
    (east,) = cli("localities", "--server", second.address, "--json").json
    (problem,) = east["schemes"][0]["file"]["problems"]
    assert (problem["file"], problem["code"]) == (f"rulesets/{TOWN}.yaml", "ER402")
    second.end(signal.SIGTERM)
    ran = cli("serve", *options, "--bind", f"west={TOWN}", "--db", f"sqlite:///{tmp_path / 'w.db'}")
    assert (ran.code, ran.out) == (1, "")
    assert "ER402" in ran.err


def test_a_unix_socket_is_told_by_its_name(tmp_path: Path) -> None:
    """A server on a socket file prints the address under which it answers."""
    address = f"unix:{tmp_path / 'envrules.sock'}"
    command = [
        sys.executable, "-m", "envrules.cli", "serve", "--address", address,
        "--db", f"sqlite:///{tmp_path / 'envrules.db'}",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == f"listening on {address}\n"
        with Client.connect(address) as client:
            assert list(client.list_localities()) == []
        server.terminate()


def test_a_code_table_is_bound_with_its_scheme(serve: Serve, cli: Cli, tmp_path: Path) -> None:
    """--codes publishes a locality's table; later starts keep it, or take a newer one."""
    table = tmp_path / "east.codes.yaml"
    table.write_text(TABLE, encoding="utf-8")
    bind = ("--bind", f"east={TOWN}", "--bind", f"west={TOWN}")
    given = ("--codes", f"east={table}")
    seen: list[dict[str, str]] = []
    for options in (bind, (*bind, *given), bind, (*bind, *given)):
        if len(seen) == 3:
            table.write_text(TABLE + '- {small: "9", category: 三大堆}\n', encoding="utf-8")
        server = serve(*options)
        seen.append({name: revision for name, (revision, _) in bound(cli, server.address).items()})
        server.end(signal.SIGTERM)
    assert [one["west"] for one in seen] == [seen[0]["west"]] * 4
    bare, with_table, kept, newer = (one["east"] for one in seen)
    assert bare == seen[0]["west"]
    assert with_table == kept
    assert len({bare, with_table, newer}) == 3


def test_a_killed_server_is_not_reachable(serve: Serve, cli: Cli) -> None:
    """After kill -9 commands exit with 3; a new server has everything."""
    first = serve("--bind", f"east={TOWN}")
    known = bound(cli, first.address)
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    ran = cli("localities", "--server", first.address)
    assert ran.code == 3
    assert "no server answers" in ran.err
    second = serve()
    assert bound(cli, second.address)["east"][0] == known["east"][0]


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("--bind", "east"), 2, "LOCALITY=SCHEME"),
    (("--bind", "east=nosuch"), 1, "there are: "),
    (("--backfill", "archive"), 2, "SOURCE@TIME"),
    (("--bind", f"east={TOWN}", "--backfill", "archive@yesterday"), 2, "yesterday"),
    (("--address", "0.0.0.0:0"), 2, "--insecure"),
    (("--rulesets", "empty"), 1, "cannot be used"),
    (("--bind", f"east={TOWN}", "--codes", "east"), 2, "LOCALITY=FILE"),
    (("--bind", f"east={TOWN}", "--codes", "east=nowhere.yaml"), 1, "ER901"),
    (("--bind", "east=liuhu", "--codes", "east=town.yaml"), 1, f"add --bind east={TOWN}"),
])  # fmt: skip
def test_a_server_that_cannot_be_set_up(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...],
    code: int, said: str,
) -> None:  # fmt: skip
    """What is wrong with its options is said, and nothing listens."""
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("town.yaml").write_text(TABLE, encoding="utf-8")
    ran = cli("serve", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_port_that_is_taken(serve: Serve, tmp_path: Path) -> None:
    """A second server on the same port is refused in two lines."""
    first = serve()
    command = [sys.executable, "-m", "envrules.cli", "serve", "--address", first.address]
    ran = subprocess.run(
        [*command, "--db", f"sqlite:///{tmp_path / 'other.db'}"], capture_output=True, text=True,
        check=False, timeout=60, env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 2
    assert "cannot listen" in ran.stderr
