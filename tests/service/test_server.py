"""The server as a whole: health, reflection, draining, faults, who calls, where it listens."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from sqlalchemy import create_engine, text
from tests.service.site import TOWN, Site, month_of_the_town, refused, village
from tests.service.test_streaming import batch, eventually

from envrules.client import CallFailed, Client
from envrules.model.decisions import Publication
from envrules.service import ConfigError, ServerConfig, build_server
from envrules.service.server import SERVICES
from envrules.service.status import WORDS
from envrules.store import StoreError
from envrules.v1 import event_service_pb2, events_pb2
from envrules.wire.address import is_local
from envrules.wire.events_out import event_to_proto
from envrules.wire.problems import MESSAGES

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def health_of(site: Site, name: str) -> int:
    """What the health service says of a name."""
    with grpc.insecure_channel(site.address) as channel:
        request = health_pb2.HealthCheckRequest(service=name)
        stub: Any = health_pb2_grpc.HealthStub(channel)
        return int(stub.Check(request, timeout=10).status)


# ── health ──


def test_a_server_with_its_store_is_serving(site: Site) -> None:
    """The server, each service and each sound locality are told to be serving."""
    assert len(SERVICES) == 6
    for name in ("", *SERVICES):
        assert health_of(site, name) == SERVING, name
    assert eventually(lambda: _known(site, "localities/yunxi"))
    assert health_of(site, "localities/yunxi") == SERVING
    assert not _known(site, "localities/nowhere")


def _known(site: Site, name: str) -> bool:
    try:
        return health_of(site, name) != health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    except grpc.RpcError:
        return False


def _execute(url: str, statement: str) -> None:
    """Change a database behind the server's back."""
    outside = create_engine(url)
    with outside.begin() as connection:
        connection.execute(text(statement))
    outside.dispose()


def test_health_follows_the_store(site: Site, database_url: str) -> None:
    """When the store fails the server is not serving and calls are told so; it comes back by itself."""
    client = site.client()
    _execute(database_url, "ALTER TABLE localities RENAME TO hidden")
    assert eventually(lambda: health_of(site, "") == NOT_SERVING)
    assert health_of(site, SERVICES[0]) == NOT_SERVING
    with refused("UNAVAILABLE", "STORE_UNAVAILABLE"):
        client.locality("yunxi")
    _execute(database_url, "ALTER TABLE hidden RENAME TO localities")
    assert eventually(lambda: health_of(site, "") == SERVING)
    assert client.submit("yunxi", [village("zhao")], decided=True)[0].decided


def test_an_outage_is_told_once(
    site: Site, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Calls that fail in one outage are told one number, which is in the log, in a line, once."""
    caplog.set_level(logging.INFO)
    _execute(database_url, "ALTER TABLE localities RENAME TO hidden")
    assert eventually(lambda: health_of(site, "") == NOT_SERVING)
    said = set()
    with Client.connect(site.address, retry=False) as client:
        for _ in range(5):
            with pytest.raises(CallFailed) as caught:
                client.locality("yunxi")
            said.add(str(caught.value).partition("incident ")[2].rstrip(")"))
    (number,) = said
    _execute(database_url, "ALTER TABLE hidden RENAME TO localities")
    assert eventually(lambda: health_of(site, "") == SERVING)
    told = [record for record in caplog.records if number in record.getMessage()]
    assert [record.levelname for record in told] == ["ERROR", "INFO"]
    assert not any(record.exc_info for record in caplog.records)


def test_health_can_be_watched(site: Site) -> None:
    """A watcher of the health service hears of a change, and holds none of our threads."""
    with grpc.insecure_channel(site.address) as channel:
        request = health_pb2.HealthCheckRequest(service=SERVICES[0])
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(request, timeout=30)
        assert next(watch).status == SERVING
        stopping = threading.Thread(target=site.server.stop, args=(5.0,))
        stopping.start()
        assert next(watch).status == NOT_SERVING
        watch.cancel()
        stopping.join()


# ── reflection ──


def test_reflection_tells_all_services(site: Site) -> None:
    """Reflection lists every service, and gives the descriptors to call them."""
    with grpc.insecure_channel(site.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        listed = set(database.get_services())
        assert {*SERVICES, health.SERVICE_NAME} <= listed
        pool = DescriptorPool(database)
        for name in SERVICES:
            methods = pool.FindServiceByName(name).methods
            assert {method.input_type.name for method in methods}


# ── draining ──


def test_calls_under_way_end_before_the_server_does(site: Site, client: Client) -> None:
    """A drained server answers what it has begun, takes nothing more, and ends its streams."""
    go_on = threading.Event()

    def requests() -> Iterator[event_service_pb2.StreamEventsRequest]:
        yield event_service_pb2.StreamEventsRequest(locality="yunxi", events=batch(0, 5))
        go_on.wait(30)

    stream = client.event_stub.StreamEvents(requests())
    assert len(next(stream).receipts) == 5
    watch = client.watch("yunxi")
    next(watch)
    slow = threading.Event()
    original = site.runtime.store.append

    def append(batches: Any, lease: Any = None) -> Any:
        slow.set()
        assert go_on.wait(30)
        return original(batches, lease)

    site.runtime.store.append = append  # type: ignore[method-assign]
    answers: list[Any] = []
    caller = threading.Thread(target=lambda: answers.extend(client.submit("yunxi", [village("a")])))
    caller.start()
    assert slow.wait(30)
    stopping = threading.Thread(target=site.server.stop, args=(20.0,))
    stopping.start()
    with refused("UNAVAILABLE", "STOPPING"):
        list(watch)
    with pytest.raises(grpc.RpcError) as ended:
        next(stream)
    assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
    with pytest.raises(CallFailed) as caught:
        site.client().submit("yunxi", [village("b")])
    assert caught.value.code == grpc.StatusCode.UNAVAILABLE
    assert stopping.is_alive(), "one call is still under way"
    go_on.set()
    stopping.join()
    caller.join()
    assert answers[0].status == event_service_pb2.RECEIPT_STATUS_STORED


def test_draining_has_a_deadline(site: Site, client: Client) -> None:
    """What does not end in time is cut off, and its caller is told."""
    begun, cut_off = threading.Event(), threading.Event()
    failed: list[CallFailed] = []

    def append(batches: Any, lease: Any = None) -> Any:
        del batches, lease
        begun.set()
        cut_off.wait(30)
        raise StoreError("too late")

    site.runtime.store.append = append  # type: ignore[method-assign]

    def call() -> None:
        with pytest.raises(CallFailed) as caught:
            client.submit("yunxi", [village("a")])
        failed.append(caught.value)

    caller = threading.Thread(target=call)
    caller.start()
    assert begun.wait(30)
    site.server.stop(0.2)
    caller.join()
    cut_off.set()
    assert failed[0].code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


SERVE = """
import sys
from pathlib import Path
from tests.service.site import open_site
site = open_site(Path(sys.argv[1]), url=sys.argv[2])
print(site.server.port, flush=True)
site.server.wait()
site.runtime.stop()
site.store.close()
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_signals_drain_the_process(
    tmp_path: Path, database_url: str, number: signal.Signals
) -> None:
    """A server process told to end closes its streams properly and ends well."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path), database_url],
        stdout=subprocess.PIPE, text=True, cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with Client.connect(f"127.0.0.1:{port}", principal="grid") as client:
            client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN])
            receipts = client.submit("yunxi", month_of_the_town(), decided=True)
            watch = client.watch("yunxi")
            next(watch)
            process.send_signal(number)
            with refused("UNAVAILABLE", "STOPPING"):
                list(watch)
        assert process.stdout.readline() == "ended\n"
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    assert all(receipt.decided for receipt in receipts)


# ── faults ──


def test_an_unforeseen_fault_is_told_by_its_number_only(
    site: Site, client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours becomes INTERNAL with an id; the log has the id and the whole story."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(site.runtime, "locality", fail)
    with caplog.at_level(logging.ERROR), pytest.raises(CallFailed) as caught:
        client.locality("yunxi")
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "secret" not in str(caught.value)
    (record,) = [r for r in caplog.records if r.name == "envrules.service.guard"]
    incident = str(record.args[0]) if isinstance(record.args, tuple) else ""
    assert incident in str(caught.value)
    assert "secret detail" in caplog.text


def test_a_fault_in_a_stream_is_told_by_its_number_only(
    site: Site, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same holds for what fails in the middle of a stream."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(site.runtime, "submit_later", fail)
    with pytest.raises(CallFailed) as caught:
        list(client.stream("yunxi", [batch(0, 1)]))
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "secret" not in str(caught.value)


def test_bytes_that_are_no_message(site: Site) -> None:
    """Bytes that are no protobuf are refused, and the server serves on."""
    junk = b"\xff\xff\xff\xff"
    with grpc.insecure_channel(site.address) as channel:
        call: Any = channel.unary_unary("/envrules.v1.EventService/SubmitEvents")
        watch: Any = channel.unary_stream("/envrules.v1.DecisionService/WatchDecisions")
        stream: Any = channel.stream_stream("/envrules.v1.EventService/StreamEvents")
        sends: list[Callable[[], Any]] = [
            lambda: call(junk, timeout=10),
            lambda: next(watch(junk, timeout=10)),
            lambda: next(stream(iter([junk]), timeout=10)),
        ]
        for send in sends:
            with pytest.raises(grpc.RpcError) as refusal:
                send()
            assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        nothing: Any = channel.unary_unary("/envrules.v1.EventService/Nothing")
        with pytest.raises(grpc.RpcError) as unknown:
            nothing(b"", timeout=10)
        assert unknown.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert health_of(site, "") == SERVING


def test_a_status_fits_whatever_is_wrong(client: Client) -> None:
    """A thousand problems are told as far as a status can carry them."""
    long = "字" * 120
    log = [event_to_proto(village("v")) for _ in range(50)]
    for event in log:
        event.unit_declared.title = f"{long}\n{long}"
        event.id = f"{long}#{long}"
    with pytest.raises(CallFailed) as caught:
        client.evaluate(TOWN, log)
    error = caught.value
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST")
    assert 1 <= len(error.fields) <= 20
    assert error.fields[0].field.startswith("entries[0].event.")


def test_every_reason_is_told_in_chinese() -> None:
    """Each reason that the runtime or the service gives has words for officials."""
    source = Path(sys.modules["envrules.service"].__file__ or "").parent
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in (source, source.parent / "runtime")
        for path in folder.glob("*.py")
    )
    others = {"INTERNAL", "ENVRULES_DB", "MALLOC_ARENA_MAX"}
    given = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', code)) - set(MESSAGES) - others
    states = {f"IS_{state.upper()}" for state in get_args(Publication)}
    assert len(given) > 20
    assert given | states | {"STOPPING", "RETROACTIVE", "SUPERSEDED", "INTERNAL"} == set(WORDS)
    assert all("\u4e00" <= words[0] <= "\u9fff" for words in WORDS.values())


# ── who calls ──


def test_the_principal_of_a_call_is_on_record(site: Site) -> None:
    """A caller is who it says in the metadata, and `local` if it says nothing."""
    site.client("grid-2").submit("yunxi", [village("a")])
    site.client("").submit("yunxi", [village("b")])
    rows = site.store.event_rows("yunxi", ["unit-a", "unit-b"])
    assert (rows["unit-a"].submitted_by, rows["unit-b"].submitted_by) == ("grid-2", "local")


@pytest.mark.parametrize("name", ["Grid", "a b", "1", "x" * 64, "钱"])
def test_a_name_that_is_no_slug_is_refused(site: Site, name: str) -> None:
    """A principal that is no slug is not taken for anybody."""
    head = site.store.head("yunxi")
    encoded = name.encode().decode("latin-1")
    with (
        refused("UNAUTHENTICATED", "BAD_PRINCIPAL")
        if name.isascii()
        else pytest.raises((CallFailed, ValueError))
    ):
        site.client(encoded).submit("yunxi", [village("a")])
    assert site.store.head("yunxi") == head


def test_two_names_are_none(site: Site) -> None:
    """A caller that names two principals is refused."""
    metadata = (("envrules-principal", "grid"), ("envrules-principal", "office"))
    request = event_service_pb2.SubmitEventsRequest(
        locality="yunxi", events=[events_pb2.Event(id="x")]
    )
    with pytest.raises(grpc.RpcError) as caught:
        site.client().event_stub.SubmitEvents(request, metadata=metadata)
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


# ── set-up ──


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1:50051", True), ("127.8.8.8:0", True), ("localhost:1", True), ("[::1]:1", True),
        ("unix:/tmp/x", True), ("0.0.0.0:1", False), ("[::]:1", False), ("10.0.0.7:1", False),
        ("envrules.example:1", False), (":1", False),
    ],
)  # fmt: skip
def test_other_machines_are_served_only_on_demand(address: str, local: bool) -> None:
    """Without TLS only loopback is listened on, unless that is asked for by name."""
    assert is_local(address) == local
    if local:
        assert ServerConfig(address=address).address == address
    else:
        with pytest.raises(ConfigError, match="nothing is encrypted"):
            ServerConfig(address=address)
    assert ServerConfig(address=address, insecure=True).insecure


def test_set_ups_that_cannot_work() -> None:
    """Streams may not take every thread, and a batch may not exceed what the proto promises."""
    with pytest.raises(ConfigError, match="workers"):
        ServerConfig(workers=20, max_streams=10, max_watchers=10)
    with pytest.raises(ConfigError, match="max_batch"):
        ServerConfig(max_batch=1001)


def test_a_taken_port_is_refused(site: Site) -> None:
    """Two servers do not share a port by mistake."""
    with pytest.raises(ConfigError, match="cannot listen"):
        build_server(site.runtime, ServerConfig(address=site.address))


def test_a_smaller_batch_limit_holds(start: Callable[..., Site]) -> None:
    """The configured size of a batch is the limit."""
    client = start(max_batch=2).client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    assert len(client.submit("yunxi", [village("a"), village("b")])) == 2
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "events TOO_MANY"):
        client.submit("yunxi", [village("c"), village("d"), village("e")])
