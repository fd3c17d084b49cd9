"""The record of who did what: a line for each act and each refusal, and nothing that is secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.security.conftest import OTHER, OWN, ROLES, Guarded
from tests.security.door import METHODS, call, connect
from tests.security.requests import REQUESTS
from tests.service.site import NOW, TOWN, refused, village

from envrules.service import ConfigError
from envrules.service.audit import REFUSALS_AT_ONCE
from envrules.service.principal import ROLES as NEEDED
from envrules.wire.times import format_instant


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """Where the record is kept."""
    return tmp_path / "audit.jsonl"


@pytest.fixture
def recorded(start: Callable[..., Guarded], audit: Path) -> Guarded:
    """A guarded site that keeps a record, empty but for how it was set up."""
    guarded = start(audit=audit)
    audit.write_text("", "utf-8")
    return guarded


def lines(file: Path) -> list[dict[str, Any]]:
    """Return what is on record."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line]


def test_acts_are_recorded_with_their_ids(recorded: Guarded, audit: Path) -> None:
    """Who, when, from where, what, on what, how it ended, and where the log has it."""
    client = connect(recorded.site, recorded.grant(*ROLES, principal="chief"))
    published = client.publish(OWN, TOWN, overrides={"warning_line": {"2030-01-01": "62"}})
    with refused("FAILED_PRECONDITION", "NOT_STALLED_THERE"):
        client.skip(OWN, 1, "坏记录")
    done, failed = lines(audit)
    assert done.pop("peer").startswith("ipv4:127.0.0.1:")
    token = client._who[0][1].split("_")[1]
    who = {"time": format_instant(NOW), "principal": "chief", "token": token}
    assert done == who | {
        "method": "RulesetService/PublishRuleset", "locality": OWN, "scheme": TOWN,
        "revision": "latest", "outcome": "OK", "log_seq": published.published.seq,
    }  # fmt: skip
    del failed["peer"]
    assert failed == who | {
        "method": "LocalityService/SkipEntry", "locality": OWN, "seq": 1,
        "outcome": "FAILED_PRECONDITION", "reason": "NOT_STALLED_THERE",
    }  # fmt: skip


def test_what_is_read_and_submitted_is_not_recorded(recorded: Guarded, audit: Path) -> None:
    """The log has who submitted what; reading leaves no trace."""
    client = recorded.client("read", "submit")
    client.submit(OWN, [village("wang")])
    list(client.list_decisions(OWN))
    assert list(client.stream(OWN, [[village("li")]]))
    assert lines(audit) == []


@pytest.mark.parametrize("name", METHODS)
def test_every_refusal_is_recorded(recorded: Guarded, audit: Path, name: str) -> None:
    """A call without a token, one without the role, and one to another locality leave a line each."""
    other = next(role for role in ROLES if role != NEEDED[name])
    for token in ("", recorded.grant(other, principal="wrong")):
        call(recorded.channel, name, REQUESTS[name](OWN), token)
    stranger, wrong = lines(audit)
    assert (stranger["method"], stranger["reason"]) == (name, "TOKEN_MISSING")
    assert "principal" not in stranger
    assert (wrong["principal"], wrong["outcome"]) == ("wrong", "PERMISSION_DENIED")
    answer = call(recorded.channel, name, REQUESTS[name](OTHER), recorded.grant(NEEDED[name]))
    if answer.reason == "LOCALITY_NOT_FOUND":
        assert lines(audit)[2]["locality"] == OTHER


def test_neither_tokens_nor_events_are_recorded(recorded: Guarded, audit: Path) -> None:
    """Whatever is sent, the record holds no secret and no content."""
    token = recorded.grant("submit")
    secret = token.split("_", 2)[2]
    event = village("wang", title="机密村")
    connect(recorded.site, token).submit(OWN, [event])
    with refused("UNAUTHENTICATED", "BAD_TOKEN"):
        connect(recorded.site, f"{token}x").submit(OWN, [event])
    with refused("NOT_FOUND", "LOCALITY_NOT_FOUND"):
        connect(recorded.site, token).submit(OTHER, [event])
    text = audit.read_text("utf-8")
    assert len(text.splitlines()) == 2
    assert secret not in text
    assert "机密" not in text


def test_what_is_long_is_cut_and_what_is_odd_is_escaped(recorded: Guarded, audit: Path) -> None:
    """Nobody forges a line or fills the disk by what it asks for."""
    for locality in ("x" * 100_000, 'a"\n{"principal": "chief"}'):
        call(recorded.channel, "LocalityService/SkipEntry",
             REQUESTS["LocalityService/SkipEntry"](locality), recorded.root)  # fmt: skip
    long, odd = lines(audit)
    assert len(long["locality"]) == 128
    assert odd["principal"] == "root"
    assert audit.stat().st_mode & 0o777 == 0o600


def test_a_flood_of_refusals_is_counted(recorded: Guarded, audit: Path) -> None:
    """So many lines at once, and then their number with the next line."""
    name = "LocalityService/GetLocality"
    for _ in range(int(REFUSALS_AT_ONCE) + 60):
        call(recorded.channel, name, REQUESTS[name](OWN), "envrules_x_y")
    recorded.client("operate").publish(OWN, TOWN, validate_only=True)
    found = lines(audit)
    refusals = [line for line in found if line["outcome"] != "OK"]
    omitted = sum(line.get("omitted", 0) for line in found)
    assert len(refusals) + omitted == REFUSALS_AT_ONCE + 60
    assert omitted > 0
    assert found[-1]["validate_only"]


def test_the_record_goes_on_after_rotation(recorded: Guarded, audit: Path, tmp_path: Path) -> None:
    """When the file is renamed or removed, the next line opens a new one."""
    client = recorded.client("operate")
    client.publish(OWN, TOWN, validate_only=True)
    audit.rename(tmp_path / "audit.1")
    client.publish(OWN, TOWN, validate_only=True)
    assert len(lines(audit)) == len(lines(tmp_path / "audit.1")) == 1
    audit.unlink()
    client.publish(OWN, TOWN, validate_only=True)
    assert len(lines(audit)) == 1


def test_a_record_that_cannot_be_written_is_told(recorded: Guarded, audit: Path) -> None:
    """The act stands, health says that the record does not, and it goes on where it can again."""
    client = recorded.client("operate")
    audit.unlink()
    audit.mkdir()
    client.publish(OWN, TOWN, validate_only=True)
    assert recorded.site.server._security.state()["audit"] is False
    audit.rmdir()
    client.publish(OWN, TOWN, validate_only=True)
    assert recorded.site.server._security.state()["audit"] is True
    assert [line["outcome"] for line in lines(audit)] == ["OK"]


def test_no_start_without_its_record(start: Callable[..., Guarded], tmp_path: Path) -> None:
    """A server that was told to keep a record does not start where it cannot."""
    with pytest.raises(ConfigError, match="No such file"):
        start(audit=tmp_path / "nowhere" / "audit.jsonl")
