"""Deadlines and retries: one file, which says something about every call, and is obeyed."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor

from envrules.client import CallFailed, Client, connection
from envrules.v1 import (
    decision_service_pb2,
    evaluation_service_pb2,
    event_service_pb2,
    locality_service_pb2,
    ruleset_service_pb2,
    standing_service_pb2,
)

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
CONFIG: dict[str, Any] = json.loads(connection.service_config())
FILES = (
    decision_service_pb2, evaluation_service_pb2, event_service_pb2, locality_service_pb2,
    ruleset_service_pb2, standing_service_pb2,
)  # fmt: skip
BY_HAND = {
    "ApproveDecision", "PublishDecision", "RevokeDecision", "PublishRuleset", "SkipEntry",
    "ClosePeriod",
}  # fmt: skip
"""What only a person decides: it is not repeated unless that person does."""


def methods() -> Iterator[MethodDescriptor]:
    """Every call of the API."""
    for file in FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            yield from service.methods


def told() -> dict[str, dict[str, Any]]:
    """What the config says, by call."""
    return {
        f"{name['service']}.{name['method']}": config
        for config in CONFIG["methodConfig"] for name in config["name"]
    }  # fmt: skip


def test_every_call_has_its_rule() -> None:
    """Each call has a deadline, but for streams, which go on as long as they are wanted."""
    named = [name for config in CONFIG["methodConfig"] for name in config["name"]]
    assert len(named) == len(told())
    streams = {m.full_name for m in methods() if m.server_streaming or m.client_streaming}
    assert told().keys() == {m.full_name for m in methods()} - streams
    for config in told().values():
        assert re.fullmatch(r"\d+s", config["timeout"])


def test_only_what_can_be_repeated_is() -> None:
    """Acts of a person are never repeated; the rest only when the server was not there."""
    repeated = {name.rpartition(".")[2] for name, one in told().items() if "retryPolicy" in one}
    everything = {name.rpartition(".")[2] for name in told()}
    assert everything - repeated == BY_HAND
    policies = [one["retryPolicy"] for one in CONFIG["methodConfig"] if "retryPolicy" in one]
    for policy in policies:
        assert policy["retryableStatusCodes"] == ["UNAVAILABLE"]


def test_the_guide_says_the_same() -> None:
    """The table in docs/api.md has every call, its deadline, and whether it is repeated."""
    rows = re.findall(
        r"^\| (`.+?`) \| (.+?) \| (yes|no) \|", GUIDE.read_text("utf-8"), re.MULTILINE
    )
    written = {
        call: (deadline.replace(" s", "s"), repeated == "yes")
        for calls, deadline, repeated in rows for call in re.findall(r"`(\w+)`", calls)
    }  # fmt: skip
    config = {
        name.rpartition(".")[2]: (one["timeout"], "retryPolicy" in one)
        for name, one in told().items()
    }
    streams = {m.name for m in methods() if m.full_name not in told()}
    assert written == config | dict.fromkeys(streams, ("none", False))


def test_the_deadline_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call to a server that never answers ends when the config says so."""
    short = connection.service_config().replace('"30s"', '"0.2s"')
    monkeypatch.setattr(connection, "service_config", lambda: short)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Client.connect(f"127.0.0.1:{silent.getsockname()[1]}") as client,
    ):
        with pytest.raises(CallFailed) as caught:
            client.locality("yunxi")
        assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
