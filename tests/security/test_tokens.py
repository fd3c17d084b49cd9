"""Tokens at the door: who comes in with one, for how long, and what the others are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tests.security.conftest import OWN, Guarded
from tests.security.door import Answer, call, connect, grant, revoke
from tests.security.requests import REQUESTS
from tests.service.site import NOW, STREET, month_of_the_street, open_site, refused, village

from envrules.client import Client
from envrules.credentials import Credentials
from envrules.model.events import Event
from envrules.service import ConfigError, ServerConfig
from envrules.service.tokens import editing, parts_of
from envrules.wire.times import format_instant

LIST = "DecisionService/ListDecisions"
HOUR = 3_600_000_000


def asked(guarded: Guarded, token: str = "", *metadata: tuple[str, str]) -> Answer:
    """What a reader is answered."""
    return call(guarded.channel, LIST, REQUESTS[LIST](OWN), token, metadata)


def changed(token: str, place: int) -> str:
    """Return the token with one of its characters replaced."""
    other = "A" if token[place] != "A" else "B"
    return f"{token[:place]}{other}{token[place:][1:]}"


def test_the_principal_is_the_token_s(guarded: Guarded) -> None:
    """What is submitted is on record under the principal of the token."""
    client = connect(guarded.site, guarded.grant("submit", principal="grid-7"))
    client.submit(OWN, [village("wang")])
    rows = guarded.site.store.event_rows(OWN, ["unit-wang"])
    assert rows["unit-wang"].submitted_by == "grid-7"


def test_nothing_but_the_very_token_opens(guarded: Guarded) -> None:
    """One wrong character, no secret, another's secret, a hash: all are told the same."""
    token, other = guarded.grant("read"), guarded.grant("read", principal="b")
    name, secret = parts_of(token)
    kept = guarded.tokens.read_text("utf-8")
    bad = [
        changed(token, -1), changed(token, len("envrules_")), changed(token, 0), token[:-1],
        token + "A", f"envrules_{name}_", f"envrules_{name}_{parts_of(other)[1]}", secret, "x",
        f"envrules_{name}_{'0' * 64}", f"envrules__{secret}", "envrules_" * 100,
    ]  # fmt: skip
    answers = {asked(guarded, wrong) for wrong in bad}
    assert [(one.code, one.reason) for one in answers] == [("UNAUTHENTICATED", "BAD_TOKEN")]
    assert asked(guarded, token).code == "OK"
    assert secret not in kept


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic abc", "bearer  x", "Bearer a b"])
def test_metadata_that_hold_no_token(guarded: Guarded, value: str) -> None:
    """Whatever stands there instead of a token is none."""
    answer = asked(guarded, "", ("authorization", value))
    assert (answer.code, answer.reason) == ("UNAUTHENTICATED", "BAD_TOKEN")


def test_two_tokens_are_none(guarded: Guarded) -> None:
    """A caller that shows two tokens is not taken for either of their owners."""
    first, second = (
        ("authorization", f"Bearer {guarded.grant('read', principal=p)}") for p in "ab"
    )
    assert asked(guarded, "", first, second).reason == "BAD_TOKEN"
    assert asked(guarded, "", first).code == "OK"


def test_nobody_names_itself(guarded: Guarded) -> None:
    """Beside a token the metadata of a principal may say the same, and nothing else."""
    token = guarded.grant("read", principal="grid")
    key = "envrules-principal"
    assert asked(guarded, token, (key, "grid")).code == "OK"
    assert asked(guarded, token, (key, "office")).reason == "BAD_PRINCIPAL"
    assert asked(guarded, "", (key, "grid")).reason == "TOKEN_MISSING"


def test_a_server_without_tokens_takes_none(tmp_path: Path) -> None:
    """It does not pretend to know who shows one."""
    site = open_site(tmp_path)
    try:
        with refused("UNAUTHENTICATED", "NO_TOKENS_HERE"):
            connect(site, "envrules_a_b").locality(OWN)
    finally:
        site.stop()


def test_a_token_ends_when_it_says(tmp_path: Path) -> None:
    """It is valid up to its last moment, and not from then on."""
    clock = [NOW]
    tokens = tmp_path / "tokens.json"
    token = grant(tokens, "grid", ["read"], None, format_instant(NOW + HOUR))
    site = open_site(tmp_path, tokens=tokens, clock=lambda: clock[0])
    try:
        client = connect(site, token)
        for moment in (NOW, NOW + HOUR - 1):
            clock[0] = moment
            assert list(client.list_localities()) == []
        clock[0] = NOW + HOUR
        with refused("UNAUTHENTICATED", "BAD_TOKEN"):
            list(client.list_localities())
    finally:
        site.stop()


def test_rotation_without_a_gap(guarded: Guarded) -> None:
    """A new token opens at once, beside the old one until that is revoked."""
    old = guarded.grant("read", principal="grid")
    assert asked(guarded, old).code == "OK"
    new = guarded.grant("read", principal="grid")
    assert asked(guarded, old).code == asked(guarded, new).code == "OK"
    revoke(guarded.tokens, old)
    assert (asked(guarded, old).reason, asked(guarded, new).code) == ("BAD_TOKEN", "OK")


def test_a_bad_file_changes_nothing(guarded: Guarded) -> None:
    """What was read last stays in force, until the file is good again."""
    token = guarded.grant("read", principal="grid")
    assert asked(guarded, token).code == "OK"
    good = guarded.tokens.read_text("utf-8")
    for bad in ("", "{", '{"tokens": [{}]}', good.replace("grid", "a b")):
        guarded.tokens.write_text(bad, "utf-8")
        assert asked(guarded, token).code == "OK", bad
    guarded.tokens.write_text('{"tokens": []}', "utf-8")
    assert asked(guarded, token).reason == "BAD_TOKEN"
    guarded.tokens.write_text(good, "utf-8")
    guarded.tokens.chmod(0o640)
    assert asked(guarded, token).reason == "BAD_TOKEN"
    guarded.tokens.chmod(0o600)
    assert asked(guarded, token).code == "OK"
    guarded.tokens.unlink()
    assert asked(guarded, token).code == "OK"


@pytest.mark.parametrize(("mode", "text", "why"), [
    (0o644, '{"tokens": []}', "chmod 600"), (0o620, '{"tokens": []}', "chmod 600"),
    (0o600, "[]", "not a file of tokens"), (0o600, '{"token": []}', "not a file of tokens"),
])  # fmt: skip
def test_no_start_with_a_bad_file(tmp_path: Path, mode: int, text: str, why: str) -> None:
    """A server does not start with tokens that it cannot trust, or without those it was promised."""
    file = tmp_path / "tokens.json"
    file.write_text(text, "utf-8")
    file.chmod(mode)
    with pytest.raises(ConfigError, match=why):
        open_site(tmp_path, tokens=file)
    with pytest.raises(ConfigError, match="No such file"):
        open_site(tmp_path, tokens=tmp_path / "nothing.json")


def test_streams_end_with_their_token(guarded: Guarded) -> None:
    """A watch and a stream that are open when their token is revoked are ended soon after."""
    token = guarded.grant("read", "submit", principal="grid")
    client = connect(guarded.site, token)
    watch = client.watch(OWN)
    next(watch)
    go_on = threading.Event()

    def batches() -> Iterator[list[Event]]:
        yield [village("a")]
        go_on.wait(30)
        yield [village("b")]

    stream = client.stream(OWN, batches())
    assert next(stream)[0].seq
    revoke(guarded.tokens, token)
    go_on.set()
    with refused("UNAUTHENTICATED", "BAD_TOKEN"):
        list(stream)
    with refused("UNAUTHENTICATED", "BAD_TOKEN"):
        list(watch)
    assert "unit-b" not in guarded.site.store.event_rows(OWN, ["unit-b"])


def test_who_submits_does_not_approve(guarded: Guarded) -> None:
    """A principal cannot release what rests on its own events, whichever of its tokens it shows."""
    root = connect(guarded.site, guarded.root)
    root.create_locality("street", "柳湖街道", "Asia/Shanghai")
    root.advance("street", "clock", None)
    root.create_locality("street", "柳湖街道", "Asia/Shanghai", [STREET])
    roles = {"grid": ("submit", "operate", "approve"), "chief": ("approve", "read")}
    both, chief = (
        connect(guarded.site, guarded.grant(*some, localities=("street",), principal=name))  # type: ignore[arg-type]
        for name, some in roles.items()
    )
    again = connect(
        guarded.site, guarded.grant("approve", localities=("street",), principal="grid")
    )
    both.submit("street", month_of_the_street(), decided=True)
    both.close_period("street", STREET, "2026-07")
    red, *_ = chief.list_decisions("street", rules=["lists.red"])
    for client in (both, again):
        with refused("PERMISSION_DENIED", "SUBMITTER_MAY_NOT_APPROVE"):
            client.approve("street", red.id)
    assert chief.approve("street", red.id).supersedes == red.id


def test_reflection_needs_a_token(guarded: Guarded) -> None:
    """Strangers hold no stream, not even to ask what there is."""
    with pytest.raises(grpc.RpcError) as caught:
        ProtoReflectionDescriptorDatabase(guarded.channel).get_services()
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_strangers_hold_no_thread(start: Callable[..., Guarded]) -> None:
    """Calls without a token are refused before their message is there."""
    guarded = start(workers=10, max_streams=1, max_watchers=1, max_each=1)
    never = threading.Event()

    def nothing() -> Iterator[bytes]:
        never.wait(60)
        yield b""

    channel = grpc.insecure_channel(guarded.site.address)
    send: Any = channel.stream_stream("/envrules.v1.EventService/SubmitEvents")
    calls = [send(nothing(), timeout=60) for _ in range(50)]
    try:
        assert {one.code() for one in calls} == {grpc.StatusCode.UNAUTHENTICATED}
        assert asked(guarded, guarded.root).code == "OK"
    finally:
        never.set()
        channel.close()


def test_a_token_does_not_travel_in_the_open(tmp_path: Path) -> None:
    """The client sends a token to another machine only through TLS, or when told to by name."""
    with pytest.raises(ValueError, match="unencrypted"):
        Client.connect("10.0.0.7:50051", Credentials("envrules_a_b"))
    Client.connect("10.0.0.7:50051", Credentials("envrules_a_b", plaintext=True)).close()
    Client.connect("10.0.0.7:50051", Credentials("envrules_a_b", tls=True)).close()
    Client.connect("10.0.0.7:50051").close()
    assert "envrules_a_b" not in repr(Credentials("envrules_a_b"))
    with pytest.raises(ValueError, match="single word"):
        Credentials("two words")
    with pytest.raises(ValueError, match="go together"):
        Credentials(certificate=tmp_path)


def test_other_machines_need_tokens_and_tls(tmp_path: Path) -> None:
    """Beyond loopback both are needed, unless a proxy's protection is claimed by name."""
    pem, reached = tmp_path / "x.pem", "0.0.0.0:1"
    with pytest.raises(ConfigError, match="anybody may do anything"):
        ServerConfig(address=reached, tls_cert=pem, tls_key=pem)
    with pytest.raises(ConfigError, match="nothing is encrypted"):
        ServerConfig(address=reached, tokens=pem)
    assert ServerConfig(address=reached, tls_cert=pem, tls_key=pem, tokens=pem).tokens
    assert ServerConfig(address=reached, insecure=True).insecure
    with pytest.raises(ConfigError, match="go together"):
        ServerConfig(tls_cert=pem)
    with pytest.raises(ConfigError, match="only to a server"):
        ServerConfig(client_ca=pem)


def test_two_edits_of_the_file_wait_for_each_other(tmp_path: Path) -> None:
    """Tokens that are made at the same moment are all there afterwards."""
    file = tmp_path / "tokens.json"
    threads = [
        threading.Thread(target=grant, args=(file, f"p{n}", ["read"], None)) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with editing(file) as known:
        assert {token.principal for token in known.values()} == {f"p{n}" for n in range(8)}
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_edit_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Who raises while editing leaves the file as it was."""
    file = tmp_path / "tokens.json"
    grant(file, "grid", ["read"], None)
    before = file.read_bytes()
    with pytest.raises(RuntimeError), editing(file) as known:  # noqa: PT012 - the edit must come first
        known.clear()
        raise RuntimeError
    assert file.read_bytes() == before
