"""Whatever strangers send is answered properly: no crash, no hang, no fault of ours, no leak."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.harness import HAS_ATHERIS
from tests.fuzz.long import SHARES
from tests.fuzz.mutations import inputs
from tests.fuzz.targets import BY_NAME, Target, Wire
from tests.security.conftest import OWN, Guarded, guarded_site
from tests.security.door import METHODS, call
from tests.security.requests import REQUESTS

ROOT = Path(__file__).parents[2]
RUNS = {
    "wire": 4000, "door": 20000, "pages": 20000, "tokens": 2000, "csv": 2000, "codes": 600,
    "ruleset": 150, "xlsx": 300,
}  # fmt: skip
"""What CI can wait for: together some 50,000 inputs."""
DRAWN = {name: max(20, runs // 40) for name, runs in RUNS.items()}
ANSWERS = {
    "OK", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION", "ABORTED",
    "UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
}  # fmt: skip


@pytest.fixture(scope="module", params=BY_NAME)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Each target, made once."""
    made = BY_NAME[request.param]()
    yield made
    made.close()


def test_seeds_get_far(target: Target) -> None:
    """Each seed is taken, and some come through: fuzzing begins behind the first refusal."""
    good = {"OK", "reader", "good", "read", "1 tokens"}
    for seed in target.seeds():
        target.one(seed)
    assert good & target.ended.keys()


def test_mutations_are_taken(target: Target) -> None:
    """What is a few steps from a good input is taken, too."""
    seeds = list(target.seeds())
    for data in islice(inputs(seeds, random.Random(20261126)), DRAWN[target.name]):
        target.one(data)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_hypothesis_finds_is_taken(target: Target, data: Any) -> None:
    """The same for bytes that hypothesis makes up, or puts into a good input."""
    seeds = list(target.seeds())[:20]
    seed = data.draw(st.sampled_from([b"", *seeds]))
    at = data.draw(st.integers(0, len(seed)))
    drawn = data.draw(st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
    target.one(seed[:at] + drawn + seed[at + data.draw(st.integers(0, 40)) :])


@pytest.mark.skipif(not HAS_ATHERIS, reason="atheris has wheels for x86_64 only")
@pytest.mark.parametrize("name", BY_NAME)
def test_guided_by_atheris(tmp_path: Path, name: str) -> None:
    """A bounded run that follows what its inputs reach ends well, each input in seconds."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.harness", name, "--runs", str(RUNS[name]),
         "--seconds", "60", "--artifacts", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["inputs"] == RUNS[name]
    assert figures["grown_mb"] < 100


def test_every_target_has_its_share() -> None:
    """The long run leaves nothing out."""
    assert SHARES.keys() == RUNS.keys() == BY_NAME.keys()
    assert sum(SHARES.values()) == pytest.approx(1)


def test_the_harness_notices_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in a call is not taken for a proper refusal."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    wire = Wire()
    try:
        monkeypatch.setattr(wire._service.runtime, "locality", fail)
        with pytest.raises(AssertionError, match="INTERNAL"):
            list(map(wire.one, wire.seeds()))
    finally:
        wire.close()


# ── over a real channel ──


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One real server for all calls."""
    site = guarded_site(tmp_path_factory.mktemp("fuzz"))
    yield site
    site.channel.close()
    site.site.stop(grace=0)


@pytest.mark.parametrize("name", METHODS)
def test_bytes_on_the_wire(guarded: Guarded, name: str) -> None:
    """Bytes near a good request of each call are answered properly by a real server."""
    token = guarded.grant("submit", "read", "operate", "approve", "administer", principal=
                          name.rpartition("/")[2].lower())  # fmt: skip
    seed = REQUESTS[name](OWN).SerializeToString()
    for data in islice(inputs([seed], random.Random(name)), 40):
        answer = call(guarded.channel, name, data, token)
        assert answer.code in ANSWERS, (answer, data)
        assert answer.code == "OK" or len(answer.details) < 8192


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300))
def test_metadata_on_the_wire(guarded: Guarded, value: str) -> None:
    """Whatever stands in the metadata, a real server refuses it as what it is: no token."""
    name = "LocalityService/ListLocalities"
    answer = call(guarded.channel, name, b"", "", [("authorization", value)])
    assert answer.code == "UNAUTHENTICATED"
    assert answer.reason in ("BAD_TOKEN", "TOKEN_MISSING")


def test_the_server_is_well_afterwards(guarded: Guarded) -> None:
    """After all that it answers a good call."""
    answer = call(guarded.channel, "LocalityService/GetLocality",
                  REQUESTS["LocalityService/GetLocality"](OWN), guarded.root)  # fmt: skip
    assert answer.code == "OK"
    assert answer.message.locality.locality == OWN
    assert grpc.channel_ready_future(guarded.channel).result(10) is None
