"""Log lines, for people and for machines: what they are about, and never what an event holds."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.service.site import TOWN, Raiser, Site, at, check, month_of_the_town, refused, village
from tests.service.test_streaming import batch, eventually

from envrules.client import Client
from envrules.logs import IDS, JsonLines, TextLines
from envrules.v1 import event_service_pb2 as pb


class Kept(logging.Handler):
    """Keeps lines as a formatter makes them, in the thread that logs."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(self.format(record))

    def told(self, message: str) -> list[dict[str, Any]]:
        """The JSON lines of a message."""
        return [line for line in map(json.loads, self.lines) if line["message"] == message]


@pytest.fixture
def kept() -> Iterator[Kept]:
    """All that envrules logs in this test, as JSON."""
    handler, ours = Kept(JsonLines()), logging.getLogger("envrules")
    before = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    yield handler
    ours.removeHandler(handler)
    ours.setLevel(before)


def record(message: str, *args: object, error: bool = False, **extra: object) -> logging.LogRecord:
    """A record as a logger makes it."""
    info = (ValueError, ValueError("no\nline"), None) if error else None
    made = logging.getLogger("envrules.x").makeRecord(
        "envrules.x", logging.INFO, "f", 1, message, args, info, extra=extra
    )
    made.created = datetime(2026, 7, 1, 8, 0, 0, 250, UTC).timestamp()
    return made


def test_a_json_line_is_one_line_with_its_fields() -> None:
    """Time in UTC, level, logger, message and fields, whatever a field holds; errors inside it."""
    line = JsonLines().format(record("赵庄 %d\nlines", 2, seq=7, locality="yunxi", what={1}))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-07-01T08:00:00.000250Z", "level": "INFO", "logger": "envrules.x",
        "message": "赵庄 2\nlines", "seq": 7, "locality": "yunxi", "what": "{1}",
    }  # fmt: skip
    failed = JsonLines().format(record("failed", error=True))
    assert "\n" not in failed
    assert json.loads(failed)["error"] == "ValueError"
    assert "no\nline" in json.loads(failed)["traceback"]


def test_a_text_line_ends_with_its_fields() -> None:
    """People read the message first, then what it is about; empty fields are left out."""
    line = TextLines().format(record("stored", locality="yunxi", seq=7, event_id=""))
    assert re.fullmatch(r"\S+ \S+ INFO stored locality=yunxi seq=7", line)


PARENT = """
import os, subprocess, sys
from envrules.logs import configure, environment
configure(*sys.argv[1:3])
child = (
    "import logging; from envrules.logs import configure_as_told; configure_as_told();"
    "log = logging.getLogger('envrules.x'); log.debug('quiet'); log.warning('loud')"
)
subprocess.run([sys.executable, "-c", child], env={**os.environ, **environment()}, check=True)
"""


@pytest.mark.parametrize("how", ["text", "json"])
@pytest.mark.parametrize(("level", "count"), [("debug", 2), ("info", 1), ("error", 0)])
def test_a_process_of_ours_logs_as_the_server_does(how: str, level: str, count: int) -> None:
    """What the server is told of logs, it tells the projectors that it starts."""
    ran = subprocess.run(
        [sys.executable, "-c", PARENT, how, level], capture_output=True, text=True, check=True
    )
    lines = ran.stderr.splitlines()
    assert len(lines) == count
    assert all(line.startswith("{") == (how == "json") for line in lines)


def test_lines_name_the_call_under_way() -> None:
    """What identifies the call is on every line that it logs."""
    token = IDS.set({"request_id": "r-1"})
    try:
        assert json.loads(JsonLines().format(record("x")))["request_id"] == "r-1"
    finally:
        IDS.reset(token)
    assert "request_id" not in JsonLines().format(record("x"))


def test_a_batch_is_told_by_its_places_not_its_content(site: Site, kept: Kept) -> None:
    """Stored batches are told at DEBUG with first and last entry, counts, principal and request."""
    request = pb.SubmitEventsRequest(locality="yunxi", events=batch(0, 3))
    stub = site.client().event_stub
    metadata = (("envrules-principal", "grid"), ("x-request-id", "req-42"))
    stub.SubmitEvents(request, metadata=metadata)
    stub.SubmitEvents(request, metadata=metadata)
    first, again = kept.told("a batch is stored")
    assert (first["level"], first["locality"], first["principal"]) == ("DEBUG", "yunxi", "grid")
    assert (first["first_seq"], first["last_seq"], first["stored"]) == (3, 5, 3)
    assert (again["stored"], again["duplicates"]) == (0, 3)
    assert first["request_id"] == "req-42"
    assert first["method"] == "envrules.v1.EventService/SubmitEvents"


def test_a_stream_s_lines_name_its_call(site: Site, kept: Kept) -> None:
    """Batches of a stream are stored on other threads; their lines name the stream all the same."""
    list(site.client().stream("yunxi", [batch(0, 2), batch(2, 2)]))
    told = kept.told("a batch is stored")
    assert len({line["request_id"] for line in told}) == 1
    assert {line["method"] for line in told} == {"envrules.v1.EventService/StreamEvents"}
    assert [line["last_seq"] for line in told] == [4, 6]


@pytest.mark.parametrize("name", ["two words", "x" * 65, ""])
def test_a_request_id_that_is_unfit_is_replaced(site: Site, kept: Kept, name: str) -> None:
    """A caller's own name of its call is taken only if it cannot spoil a log."""
    request = pb.SubmitEventsRequest(locality="yunxi", events=batch(0, 1))
    site.client().event_stub.SubmitEvents(request, metadata=(("x-request-id", name),))
    (line,) = kept.told("a batch is stored")
    assert re.fullmatch(r"[0-9a-f]{16}", line["request_id"])


def test_operators_acts_are_told_with_their_ids(start: Callable[..., Site], kept: Kept) -> None:
    """Publishing, closing and acting on a decision are told at INFO, with who did it."""
    site = start()
    office = site.client("office")
    office.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    office.advance("yunxi", "grid", at("2026-06-30 00:00"))
    office.publish("yunxi", TOWN)
    site.client().submit("yunxi", month_of_the_town(), decided=True)
    office.advance("yunxi", "grid", at("2026-08-01 09:00"))
    office.close_period("yunxi", TOWN, "2026-07")
    stands = next(office.list_decisions("yunxi"))
    office.revoke("yunxi", stands.id, "mistaken")
    (published,) = kept.told("a revision is published")
    assert (published["level"], published["principal"]) == ("INFO", "office")
    _, _, state = site.runtime.locality("yunxi")
    assert published["revision"] == state.bindings[TOWN].revision
    (closed,) = kept.told("a period is closed")
    assert (closed["period"], closed["locality"]) == ("2026-07", "yunxi")
    (acted,) = kept.told("acted on a decision: revoke")
    assert (acted["decision_id"], acted["principal"]) == (stands.id, "office")
    assert not any("赵庄村" in line or "三大堆" in line for line in kept.lines)


def test_a_stall_is_told_with_its_event(
    start: Callable[..., Site], kept: Kept, tmp_path: Path
) -> None:
    """A log entry that cannot be judged is an ERROR with locality, place and event id."""
    site = start(Raiser(tmp_path, "raiser"))
    client = site.client("office")
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", ["raiser"])
    client.submit("yunxi", [village("zhao")], decided=True)
    client.submit("yunxi", [check("c1", "zhao", "2026-07-10 09:00", source="bad")])
    assert eventually(lambda: any('"event_id": "c1"' in line for line in kept.lines))
    line = next(line for line in map(json.loads, kept.lines) if line.get("event_id") == "c1")
    assert (line["level"], line["locality"]) == ("ERROR", "yunxi")
    assert eventually(lambda: site.store.projection("yunxi").stalled_seq == line["seq"])
    client.skip("yunxi", line["seq"], "known fault")
    assert kept.told(f"log entry {line['seq']} is to be passed over")


def test_an_incident_names_its_call(
    site: Site, client: Client, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw is told with the request that met it."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(site.runtime, "locality", fail)
    with refused("INTERNAL", "INTERNAL"):
        client.locality("yunxi")
    (line,) = [json.loads(line) for line in kept.lines if '"ERROR"' in line]
    assert line["error"] == "ZeroDivisionError"
    assert line["method"] == "envrules.v1.LocalityService/GetLocality"
