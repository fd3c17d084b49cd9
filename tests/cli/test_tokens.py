"""`envrules token`, and a server that takes tokens over TLS, from the command line."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import trustme
from tests.cli.terminal import Cli
from tests.cli.test_serve import Serve, serve
from tests.service.site import TOWN

__all__ = ["serve"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of tokens that is not there yet."""
    return tmp_path / "tokens.json"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ENVRULES_T")]:
        monkeypatch.delenv(name)


def new(cli: Cli, file: Path, *options: str) -> str:
    """Make a token; return it."""
    ran = cli("token", "new", "--tokens", file, *options)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def test_a_token_is_shown_once(cli: Cli, file: Path) -> None:
    """It is printed alone, so that it can be redirected; the file and the list hold no secret."""
    token = new(cli, file, "--principal", "grid", "--role", "read", "--role", "submit",
                "--locality", "yunxi", "--expires", "2100-01-01T00:00:00Z")  # fmt: skip
    assert re.fullmatch(r"envrules_[0-9a-f]{10}_[\w-]{43}", token)
    secret = token.split("_", 2)[2]
    listed = cli("token", "list", "--tokens", file)
    assert "grid" in listed.out
    (plain,) = cli("token", "list", "--tokens", file, "--json").json
    assert (plain["principal"], plain["roles"], plain["localities"], plain["expires"]) == (
        "grid", ["submit", "read"], ["yunxi"], "2100-01-01T00:00:00Z",
    )  # fmt: skip
    assert plain["valid"]
    for text in (file.read_text("utf-8"), listed.out, json.dumps(plain)):
        assert secret not in text
    assert "sha256" not in plain
    assert file.stat().st_mode & 0o777 == 0o600


def test_two_tokens_at_a_time(cli: Cli, file: Path) -> None:
    """A third valid one is refused until one is revoked; other principals are not concerned."""
    options = ("--role", "read", "--everywhere")
    first = new(cli, file, "--principal", "grid", *options)
    new(cli, file, "--principal", "grid", *options)
    refused = cli("token", "new", "--tokens", file, "--principal", "grid", *options)
    assert (refused.code, refused.out) == (1, "")
    assert "two" in refused.err or "2 valid tokens" in refused.err
    new(cli, file, "--principal", "other", *options)
    assert cli("token", "revoke", first.split("_")[1], "--tokens", file).code == 0
    new(cli, file, "--principal", "grid", *options)


@pytest.mark.parametrize(("options", "why"), [
    (("--principal", "grid", "--role", "read"), "--locality"),
    (("--principal", "grid", "--role", "read", "--everywhere", "--locality", "a"), "--locality"),
    (("--principal", "grid", "--role", "red", "--everywhere"), "no role 'red'"),
    (("--principal", "Grid", "--role", "read", "--everywhere"), "--principal"),
    (("--principal", "serve", "--role", "read", "--everywhere"), "server's own"),
    (("--principal", "grid", "--role", "read", "--locality", "云溪"), "--locality"),
    (("--principal", "grid", "--role", "read", "--everywhere", "--expires", "2020-01-01"), "past"),
    (("--principal", "grid", "--role", "read", "--everywhere", "--expires", "soon"), "--expires"),
])  # fmt: skip
def test_what_makes_no_token(cli: Cli, file: Path, options: tuple[str, ...], why: str) -> None:
    """What is missing or wrong is said, and no file is written."""
    ran = cli("token", "new", "--tokens", file, *options)
    assert (ran.code, ran.out) == (2, "")
    assert why in ran.err
    assert not file.exists()


def test_a_file_that_cannot_be_used(cli: Cli, file: Path) -> None:
    """Neither one that others may read nor one that is none is touched."""
    assert cli("token", "list", "--tokens", file).code == 1
    file.write_text("{}", "utf-8")
    file.chmod(0o644)
    for command in (
        ("list",),
        ("revoke", "x"),
        ("new", "--principal", "a", "--role", "read", "--everywhere"),
    ):
        ran = cli("token", *command, "--tokens", file)
        assert (ran.code, ran.out) == (1, "")
        assert "chmod 600" in ran.err
    file.chmod(0o600)
    assert "no token x" in cli("token", "revoke", "x", "--tokens", file).err
    assert file.read_text("utf-8") == "{}"


def test_tls_and_tokens_from_end_to_end(
    serve: Serve, cli: Cli, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with certificates both ways, tokens and a record; the commands that reach it."""
    authority = trustme.CA()
    pems = {"ca": tmp_path / "ca.pem", "cert": tmp_path / "s.pem", "key": tmp_path / "s.key",
            "own": tmp_path / "c.pem", "own-key": tmp_path / "c.key"}  # fmt: skip
    authority.cert_pem.write_to_path(pems["ca"])
    for issued, cert, key in (
        (authority.issue_cert("127.0.0.1"), "cert", "key"),
        (authority.issue_cert("grid.example"), "own", "own-key"),
    ):
        issued.cert_chain_pems[0].write_to_path(pems[cert])
        issued.private_key_pem.write_to_path(pems[key])
    token = new(cli, file, "--principal", "chief", "--role", "read", "--role", "operate",
                "--locality", "east")  # fmt: skip
    audit = tmp_path / "audit.jsonl"
    running = serve(
        "--bind", f"east={TOWN}", "--bind", f"west={TOWN}", "--tokens", file, "--audit", audit,
        "--tls-cert", pems["cert"], "--tls-key", pems["key"], "--client-ca", pems["ca"],
    )  # fmt: skip
    monkeypatch.setenv("ENVRULES_SERVER", running.address)
    shown = ("--tls-ca", pems["ca"], "--tls-cert", pems["own"], "--tls-key", pems["own-key"])
    assert cli("localities").code == 3
    assert cli(*shown[:2], "localities").code == 3
    without = cli(*shown, "localities")
    assert (without.code, "token" in without.err) == (2, True)
    (tmp_path / "token").write_text(f"{token}\n", "utf-8")
    by_file = cli("--token-file", tmp_path / "token", *shown, "localities", "--json")
    assert [one["locality"] for one in by_file.json] == ["east"]
    monkeypatch.setenv("ENVRULES_TOKEN", token)
    assert cli(*shown, "localities", "--json").json == by_file.json
    there, nowhere = (cli(*shown, "decisions", name) for name in ("west", "none"))
    assert (there.code, there.err.replace("west", "none")) == (nowhere.code, nowhere.err)
    assert cli(*shown, "localities", "--as", "boss").code in (1, 2)
    assert cli(*shown, "publish", "east", TOWN, "--dry-run").code == 0
    recorded = [json.loads(line) for line in audit.read_text("utf-8").splitlines()]
    assert {"chief"} < {line.get("principal", "") for line in recorded}
    assert token.split("_", 2)[2] not in audit.read_text("utf-8")


@pytest.mark.parametrize("content", ["", "two words", "\x00"])
def test_a_token_file_that_holds_no_token(cli: Cli, tmp_path: Path, content: str) -> None:
    """It is told, and nothing is called."""
    file = tmp_path / "token"
    file.write_text(content, "utf-8")
    ran = cli("--token-file", file, "localities")
    assert (ran.code, ran.out) == (2, "")
    assert cli("--token-file", tmp_path / "nothing", "localities").code == 2


def test_a_token_is_not_sent_in_the_open(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on another machine gets a token only through TLS."""
    monkeypatch.setenv("ENVRULES_TOKEN", "envrules_a_b")
    ran = cli("localities", "--server", "10.0.0.7:50051")
    assert ran.code == 2
    assert "unencrypted" in ran.err


def test_serving_others_in_the_open_is_refused(cli: Cli, file: Path, tmp_path: Path) -> None:
    """Beyond loopback the server wants TLS and tokens, or to be told that it is to do without."""
    database = f"sqlite:///{tmp_path / 'x.db'}"
    ran = cli("serve", "--db", database, "--address", "0.0.0.0:0")
    assert (ran.code, "encrypted" in ran.err) == (2, True)
    ran = cli(
        "serve", "--db", database, "--address", "0.0.0.0:0", "--tls-cert", file, "--tls-key", file
    )
    assert (ran.code, "anybody may do anything" in ran.err) == (2, True)
    assert not (tmp_path / "x.db").exists()
