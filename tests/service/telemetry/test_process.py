"""A real server process seen from outside: its metrics, its log, its health, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.service.site import TOWN, check, refused, village
from tests.service.telemetry.scraping import collecting, scrape
from tests.service.test_streaming import batch, eventually

from envrules.client import CallFailed, Client

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass
class Process:
    """A server process that answers."""

    popen: subprocess.Popen[str]
    address: str
    metrics: int
    log: Path

    def health(self) -> int:
        """What its health service says of it."""
        with grpc.insecure_channel(self.address) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status)

    def lines(self) -> list[dict[str, Any]]:
        """Its log, each line of which is JSON."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def end(self) -> int:
        """End it by SIGTERM; return its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(40)


Serve = Callable[..., Process]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers that log JSON and have metrics, over one database."""
    with contextlib.ExitStack() as stack:

        def started(*arguments: object, **environment: str) -> Process:
            log = tmp_path / "server.log"
            command = [
                sys.executable, "-m", "envrules.cli", "serve", "--address", "127.0.0.1:0",
                "--db", f"sqlite:///{tmp_path / 'envrules.db'}", "--metrics", ":0",
                "--log-format", "json", "--log-level", "debug", "--bind", f"east={TOWN}",
                *map(str, arguments),
            ]  # fmt: skip
            popen = stack.enter_context(subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=stack.enter_context(log.open("w")),
                text=True, env={**os.environ, **environment},
            ))  # fmt: skip
            stack.callback(popen.kill)
            assert popen.stdout is not None
            address = popen.stdout.readline().split()[-1]
            told = popen.stdout.readline()
            assert told.startswith("metrics on http://127.0.0.1:")
            port = int(told.rstrip().removesuffix("/metrics").rpartition(":")[2])
            return Process(popen, address, port, log)

        yield started


def test_numbers_move_after_events(serve: Serve) -> None:
    """What is submitted shows in the next scrapes: calls, receipts, log, decisions, no lag.

    Its own log is JSON from start to end, and holds nothing of what the events say.
    """
    process = serve()
    with Client.connect(process.address, principal="grid") as client:
        before = scrape(process.metrics)
        assert before.value("envrules_store_up") == 1
        assert before.values("envrules_events_total") == []
        client.submit("east", [village("zhao", "赵庄村"), check("c1", "zhao", "2026-07-03 09:00", "三大堆")],
                      decided=True)  # fmt: skip
        client.submit("east", [village("zhao", "赵庄村")])

        def moved() -> bool:
            told = scrape(process.metrics)
            return bool(told.values("envrules_decisions_total", locality="east")) and (
                told.value("envrules_projected_entries", locality="east")
                > before.total("envrules_projected_entries")
            )

        assert eventually(moved)
        told = scrape(process.metrics)
    assert told.value("envrules_events_total", result="stored", locality="east") == 2
    assert told.value("envrules_events_total", result="duplicate", locality="east") == 1
    method = "envrules.v1.EventService/SubmitEvents"
    assert told.value("envrules_calls_total", method=method, code="OK") == 2
    assert told.value("envrules_projector_lag_entries", locality="east") == 0
    assert told.value("envrules_source_silence_seconds", source="grid") < 60
    assert process.end() == 0
    lines = process.lines()
    assert {line["level"] for line in lines} >= {"INFO", "DEBUG"}
    assert not [line for line in lines if line["level"] == "ERROR"]
    stored = [line for line in lines if line["message"] == "a batch is stored"]
    assert [(line["locality"], line["principal"], line["stored"]) for line in stored] == [
        ("east", "grid", 2), ("east", "grid", 0),
    ]  # fmt: skip
    assert [line["message"] for line in lines][-2:] == ["told to stop: draining", "stopped"]
    assert "赵庄村" not in process.log.read_text("utf-8")


def test_health_follows_a_disk_that_is_full(serve: Serve, tmp_path: Path) -> None:
    """When nothing more can be written it is not serving, reads go on, and it comes back by itself.

    The process may not let its files grow, which to SQLite is a disk without space.
    """
    process = serve()
    with Client.connect(process.address, principal="grid") as client:
        client.submit("east", [village("zhao")], decided=True)
        assert process.health() == SERVING
        limits = resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE)
        full = (tmp_path / "envrules.db-wal").stat().st_size
        resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, (full, limits[1]))
        assert eventually(lambda: process.health() == NOT_SERVING)
        assert scrape(process.metrics).value("envrules_store_up") == 0
        head = client.locality("east").head_seq
        with refused("UNAVAILABLE", "STORE_UNAVAILABLE"):
            client.submit("east", [village("qian")])
        assert client.locality("east").head_seq == head
        resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, limits)
        assert eventually(lambda: process.health() == SERVING)
        assert eventually(lambda: scrape(process.metrics).value("envrules_store_up") == 1)
        assert client.submit("east", [village("qian")], decided=True)[0].decided
    assert process.end() == 0
    assert [line for line in process.lines() if "the store cannot be used" in line["message"]]


def test_an_end_with_streams_open_and_the_collector_away(serve: Serve) -> None:
    """SIGTERM ends watchers and streams with UNAVAILABLE, within the deadline and a few seconds."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        process = serve("--drain", "5", "--otlp", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with Client.connect(process.address, principal="grid") as client:
            watch = client.watch("east")
            next(watch)
            replies = client.stream("east", iter([batch(0, 3)]))
            next(replies)
            process.popen.send_signal(signal.SIGTERM)
            with pytest.raises(CallFailed) as ended:
                list(watch)
            assert ended.value.code is grpc.StatusCode.UNAVAILABLE
        assert process.popen.wait(30) == 0


def test_the_collector_may_be_named_in_the_environment(serve: Serve) -> None:
    """OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME are enough for traces."""
    with collecting() as (collector, endpoint):
        process = serve(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_SERVICE_NAME="east-1")
        with Client.connect(process.address, principal="grid") as client:
            client.submit("east", [village("zhao")])
        assert process.end() == 0
        assert collector.named("append")
        assert {about["service.name"] for _, about in collector.spans} == {"east-1"}


BARE = """
import sys
sys.modules["prometheus_client"] = sys.modules["opentelemetry"] = None
from envrules.cli import main
main()
"""


@pytest.mark.parametrize(
    "options", [("--metrics", ":0"), ("--otlp", "http://127.0.0.1:1")], ids=["metrics", "otlp"]
)
def test_without_the_extra(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Who asks for metrics or traces is told what to install."""
    command = [sys.executable, "-c", BARE, "serve", "--address", "127.0.0.1:0", *options]
    ran = subprocess.run(
        [*command, "--db", f"sqlite:///{tmp_path / 'x.db'}"], capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "pip install 'envrules[telemetry]'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_server_without_the_extra_serves(tmp_path: Path) -> None:
    """Nothing of it is needed unless it is asked for."""
    command = [sys.executable, "-c", BARE, "serve", "--address", "127.0.0.1:0"]
    with subprocess.Popen(
        [*command, "--db", f"sqlite:///{tmp_path / 'x.db'}"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        address = server.stdout.readline().split()[-1]
        with Client.connect(address) as client:
            client.create_locality("east", "东镇", "Asia/Shanghai", [TOWN])
            assert client.submit("east", [village("zhao")], decided=True)[0].decided
        server.terminate()
        assert server.wait(30) == 0
