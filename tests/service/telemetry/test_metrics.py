"""Metrics: counted as things happen, read from the store, and scraped over HTTP."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, text
from tests.service.site import NOW, TOWN, Raiser, Site, at, check, found, refused, village
from tests.service.telemetry.scraping import Scrape, scrape
from tests.service.test_hot_reload import LATER, TEXT
from tests.service.test_streaming import batch, eventually
from tests.store.test_reading import DECISION, emit

from envrules.client import Client
from envrules.model.base import MINUTE, Instant
from envrules.model.events import Event, IssueFound
from envrules.service import ConfigError, ServerConfig, build_server
from envrules.service.telemetry.catalogue import ALL
from envrules.service.telemetry.heard import OTHERS, Heard
from envrules.service.telemetry.tally import Tally
from envrules.store import Store, StoreError

SUBMIT = "envrules.v1.EventService/SubmitEvents"
GET = "envrules.v1.LocalityService/GetLocality"
WATCH = "envrules.v1.DecisionService/WatchDecisions"
_ALL = 1 << 40


class Clock:
    """A clock that stands still until it is set on."""

    def __init__(self) -> None:
        self.now: Instant = NOW

    def __call__(self) -> Instant:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The server's clock."""
    return Clock()


@pytest.fixture
def measured(start: Callable[..., Site], clock: Clock) -> Callable[..., tuple[Site, Client]]:
    """Starts a server with metrics and the town `yunxi`."""

    def opened(*plugins: object, scheme: str = TOWN, **config: Any) -> tuple[Site, Client]:
        site = start(*plugins, metrics="127.0.0.1:0", survey_seconds=0.05, clock=clock, **config)
        client = site.client("office")
        client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [scheme])
        return site, client

    return opened


def seen(site: Site, holds: Callable[[Scrape], bool]) -> Scrape:
    """The first scrape of which this holds."""
    last: list[Scrape] = []

    def now() -> bool:
        last.append(scrape(site.server.metrics_port))
        return holds(last[-1])

    assert eventually(now), last[-1]
    return last[-1]


def caught_up(site: Site) -> Callable[[Scrape], bool]:
    """Whether a scrape tells that nothing waits."""
    head = site.store.head("yunxi")
    return lambda told: told.values("envrules_projected_entries", locality="yunxi") == [head]


def test_a_scrape_has_every_metric_and_no_other(
    measured: Callable[..., tuple[Site, Client]],
) -> None:
    """What the catalogue lists is what is told, kind for kind; the process tells of itself too."""
    site, _ = measured()
    told = scrape(site.server.metrics_port).families
    ours = {name: kind for name, kind in told.items() if name.startswith("envrules_")}
    assert ours == {metric.name: metric.kind for metric in ALL}
    assert {"process_open_fds", "process_resident_memory_bytes"} <= told.keys()


def test_labels_are_those_of_the_catalogue(
    measured: Callable[..., tuple[Site, Client]], tmp_path: Path
) -> None:
    """Every value told has exactly the labels that the catalogue names for its metric."""
    folder = tmp_path / "rulesets"
    folder.mkdir()
    (folder / f"{TOWN}.yaml").write_text(TEXT, encoding="utf-8")
    site, client = measured(rulesets=folder)
    client.advance("yunxi", "grid", at("2026-11-20 00:00"))
    client.submit("yunxi", [village("zhao"), found("GD-1", "nobody", "2026-11-02 09:00")])
    told = seen(site, lambda told: bool(told.values("envrules_parked_decisions")))
    labels = {metric.name: set(metric.labels) for metric in ALL}
    for name, of, _ in told.samples:
        if name in labels:
            assert of.keys() == labels[name], name
    with_values = {name.removesuffix("_count") for name, _, _ in told.samples}
    assert labels.keys() <= with_values


def test_calls_are_counted_by_method_and_status(
    measured: Callable[..., tuple[Site, Client]],
) -> None:
    """Each call that ends is counted with its status; how long it took, if it is no stream."""
    site, client = measured()
    before = scrape(site.server.metrics_port)
    client.submit("yunxi", [village("a")])
    client.locality("yunxi")
    with refused("NOT_FOUND", "LOCALITY_NOT_FOUND"):
        client.locality("nowhere")
    list(client.stream("yunxi", [batch(0, 2)]))
    told = seen(site, lambda told: bool(told.values(
        "envrules_calls_total", method="envrules.v1.EventService/StreamEvents"
    )))  # fmt: skip
    assert told.value("envrules_calls_total", method=SUBMIT, code="OK") == 1
    assert told.value("envrules_calls_total", method=GET, code="NOT_FOUND") == 1
    assert told.value("envrules_call_seconds_count", method=GET) == 2
    assert told.value("envrules_call_seconds_sum", method=GET) > 0
    assert (
        told.values("envrules_call_seconds_count", method="envrules.v1.EventService/StreamEvents")
        == []
    )
    assert told.total("envrules_calls_open") == 0
    assert before.values("envrules_calls_total", method=SUBMIT) == []


def test_open_watchers_are_told(measured: Callable[..., tuple[Site, Client]]) -> None:
    """A watcher counts as open for as long as it is, and as cancelled when its caller leaves."""
    site, client = measured()
    watches = [client.watch("yunxi") for _ in range(3)]
    for watch in watches:
        next(watch)
    assert scrape(site.server.metrics_port).value("envrules_calls_open", method=WATCH) == 3
    for watch in watches:
        watch.close()
    told = seen(site, lambda told: told.value("envrules_calls_open", method=WATCH) == 0)
    assert told.value("envrules_calls_total", method=WATCH, code="CANCELLED") == 3


def test_receipts_and_commits_are_counted(
    measured: Callable[..., tuple[Site, Client]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored, duplicate and refused events by locality; entries written, and commits that failed."""
    site, client = measured()
    first = scrape(site.server.metrics_port).value("envrules_committed_total")
    good = [village("a"), village("b")]
    client.submit("yunxi", good)
    client.submit("yunxi", [*good, village("c")])
    client.submit("yunxi", [village("a", title="another"), village("no\nid")])
    told = scrape(site.server.metrics_port)
    counts = {
        result: told.values("envrules_events_total", locality="yunxi", result=result)
        for result in ("stored", "duplicate", "refused")
    }
    assert counts == {"stored": [3], "duplicate": [2], "refused": [2]}
    assert told.value("envrules_committed_total") == first + 3
    assert told.value("envrules_commit_seconds_count") >= 2
    assert told.value("envrules_commit_failures_total") == 0

    def fail(_batches: object) -> None:
        raise StoreError("no")

    monkeypatch.setattr(site.store, "append", fail)
    with refused("INTERNAL", "INTERNAL"):
        client.submit("yunxi", [village("d")])
    assert scrape(site.server.metrics_port).value("envrules_commit_failures_total") == 1


def test_a_stall_shows_as_lag(
    measured: Callable[..., tuple[Site, Client]], clock: Clock, tmp_path: Path
) -> None:
    """What cannot be judged lags in entries and, by the oldest one's age, in seconds; until mended."""
    site, client = measured(Raiser(tmp_path, "raiser"), scheme="raiser")
    client.submit("yunxi", [village("zhao")], decided=True)
    told = seen(site, caught_up(site))
    assert told.value("envrules_projector_lag_seconds", locality="yunxi") == 0
    assert told.value("envrules_locality_stalled", locality="yunxi") == 0
    bad = [check(f"c{n}", "zhao", "2026-07-10 09:00", source="bad") for n in range(3)]
    client.submit("yunxi", bad)
    clock.now += 7 * MINUTE
    told = seen(site, lambda told: told.value("envrules_locality_stalled", locality="yunxi") == 1)
    stall = site.store.projection("yunxi").stalled_seq
    assert stall is not None
    lag = site.store.head("yunxi") - stall + 1
    told = seen(site, lambda told: told.value("envrules_projector_lag_seconds") == 7 * 60)
    assert told.value("envrules_projector_lag_entries", locality="yunxi") == lag >= 3


def test_decisions_are_counted_by_what_they_are(
    measured: Callable[..., tuple[Site, Client]],
) -> None:
    """Issued and revoked ones are counted by scheme and kind, as the store has them."""
    site, client = measured()
    client.submit("yunxi", [found("GD-1", "zhao", "2026-11-02 09:00")], decided=True)
    client.submit("yunxi", [village("zhao"), check("c1", "zhao", "2026-11-03 09:00", "三大堆")],
                  decided=True)  # fmt: skip

    def stored() -> Counter[tuple[str, str, str]]:
        rows = site.store.decisions("yunxi", 0, _ALL)
        return Counter((row.scheme, row.kind, row.change) for row in rows)

    def is_so(told: Scrape) -> bool:
        return stored() == {
            (of["scheme"], of["kind"], of["change"]): value
            for name, of, value in told.samples if name == "envrules_decisions_total"
        }  # fmt: skip

    assert {change for _, _, change in stored()} >= {"issue", "revoke"}
    seen(site, is_so)


def test_a_rebuild_counts_no_decision_twice(database_url: str) -> None:
    """While decisions are emitted anew, what was counted stands; then counting goes on."""
    with Store.open(database_url) as store:
        store.create_locality("yunxi", "云溪镇", "Asia/Shanghai", 1)
        tally = Tally()

        def counted() -> tuple[int, int]:
            (progress,) = store.progress()
            found = tally.count(store, progress, time.monotonic() + 60)
            assert found is not None
            return sum(found.emitted.values()), sum(found.parked.values())

        rows = [replace(DECISION, slot=f"slot-{n}", outcome="parked") for n in range(4)]
        emit(store, *rows[:3], locality="yunxi")
        assert counted() == (3, 3)
        store.drop_derived("yunxi")
        assert counted() == (3, 3)
        emit(store, *rows[:2], locality="yunxi")
        assert counted() == (3, 3)
        emit(store, *rows[2:], locality="yunxi")
        assert counted() == (4, 4)
        (progress,) = store.progress()
        assert Tally().count(store, progress, 0.0) is None, "there was no time for it"


def test_unknown_codes_are_told_until_somebody_maps_them(
    measured: Callable[..., tuple[Site, Client]],
) -> None:
    """Parked findings are counted as long as their parking stands, and the codes that cause it."""
    site, client = measured()
    client.submit("yunxi", [village("zhao"), found("GD-1", "zhao", "2026-11-02 09:00")],
                  decided=True)  # fmt: skip
    seen(site, lambda told: told.values("envrules_unknown_codes") == [0])
    client.submit("yunxi", [unknown("GD-2"), unknown("GD-3")], decided=True)
    told = seen(site, lambda told: told.values("envrules_parked_decisions", scheme=TOWN) == [2])
    assert told.values("envrules_unknown_codes", scheme=TOWN) in ([0], [1])  # at most a minute old


def unknown(issue: str) -> Event:
    """An issue of a category that the scheme does not have."""
    payload = IssueFound(issue, "外星垃圾", "village", source="patrol", place_unit="zhao")
    return Event(f"{issue}-found", at("2026-11-02 09:00"), payload)


def test_a_server_counts_unknown_codes_when_it_starts(
    measured: Callable[..., tuple[Site, Client]], start: Callable[..., Site], clock: Clock
) -> None:
    """Another server over the same store tells the same, of what was there before it."""
    site, client = measured()
    client.submit("yunxi", [village("zhao"), unknown("GD-2"), unknown("GD-3")], decided=True)
    other = start(metrics="127.0.0.1:0", survey_seconds=0.05, clock=clock)
    told = seen(other, lambda told: told.values("envrules_unknown_codes", scheme=TOWN) == [1])
    assert told.values("envrules_parked_decisions", scheme=TOWN) == [2]
    names = ("envrules_decisions_total", "envrules_log_entries", "envrules_projected_entries")

    def agree(first: Scrape) -> bool:
        second = scrape(other.server.metrics_port)
        return all(
            sorted(first.values(name)) == sorted(second.values(name)) != [] for name in names
        )

    seen(site, agree)


def test_the_silence_of_sources(
    measured: Callable[..., tuple[Site, Client]], start: Callable[..., Site], clock: Clock
) -> None:
    """Time since a source's last event or watermark grows with the clock, on every server."""
    site, client = measured()
    client.advance("yunxi", "grid", NOW - 30 * MINUTE)
    client.submit("yunxi", [check("c1", "zhao", "2026-11-03 09:00", source="camera")])
    client.submit("yunxi", [village("zhao")])
    clock.now += 5 * MINUTE
    client.submit("yunxi", [check("c2", "zhao", "2026-11-04 09:00", source="camera")])
    other = start(metrics="127.0.0.1:0", survey_seconds=0.05, clock=clock)
    clock.now += 1 * MINUTE

    def silent(told: Scrape) -> dict[str, float]:
        return {
            of["source"]: value for name, of, value in told.samples
            if name == "envrules_source_silence_seconds"
        }  # fmt: skip

    for server in (site, other):
        told = seen(server, lambda told: silent(told).get("camera") == 60)
        assert silent(told) == {"camera": 60, "grid": 360, "office": 360}
        assert told.value("envrules_watermark_lag_seconds", source="grid") == 36 * 60


def test_sources_are_bounded() -> None:
    """Callers choose names of sources: from the hundredth on they are told as one."""
    heard = Heard()
    for number in range(250):
        heard.note("yunxi", {f"s{number}"}, number)
    assert len(heard.of("yunxi")) == 101
    assert heard.of("yunxi")[OTHERS] == 249
    heard.note("yunxi", {"s3"}, 999)
    heard.note("yunxi", {"s3"}, 5)
    assert heard.of("yunxi")["s3"] == 999


def test_watched_rulesets_are_told(
    measured: Callable[..., tuple[Site, Client]], tmp_path: Path
) -> None:
    """A refused file, its edits, and a good one that waits to be published."""
    folder = tmp_path / "rulesets"
    folder.mkdir()
    file = folder / f"{TOWN}.yaml"
    file.write_text(TEXT, encoding="utf-8")
    site, _ = measured(rulesets=folder, settle_seconds=0.05)
    seen(site, lambda told: told.values("envrules_ruleset_candidate") == [0])
    file.write_text(TEXT.replace("{always: 70}", "{always: seventy}"), encoding="utf-8")
    told = seen(site, lambda told: told.value("envrules_ruleset_refused", scheme=TOWN) == 1)
    assert told.value("envrules_ruleset_edits_total", scheme=TOWN, result="refused") == 1
    file.write_text(LATER, encoding="utf-8")
    told = seen(site, lambda told: told.values("envrules_ruleset_candidate") == [1])
    assert told.value("envrules_ruleset_refused", scheme=TOWN) == 0
    assert told.value("envrules_ruleset_edits_total", scheme=TOWN, result="accepted") == 1


def test_metrics_are_told_while_the_store_is_not_there(
    measured: Callable[..., tuple[Site, Client]], database_url: str
) -> None:
    """A scrape never waits for the store: it tells that it is down, and up again."""
    site, _ = measured()
    assert scrape(site.server.metrics_port).value("envrules_store_up") == 1
    rename(database_url, "localities", "hidden")
    seen(site, lambda told: told.value("envrules_store_up") == 0)
    rename(database_url, "hidden", "localities")
    told = seen(site, lambda told: told.value("envrules_store_up") == 1)
    assert told.value("envrules_store_bytes") > 0


def rename(url: str, table: str, name: str) -> None:
    """Rename a table behind the server's back."""
    outside = create_engine(url)
    with outside.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
    outside.dispose()


def test_a_client_that_says_nothing_keeps_nobody_waiting(
    measured: Callable[..., tuple[Site, Client]],
) -> None:
    """A connection without a request holds up neither scrapes nor the server's end."""
    site, _ = measured()
    with socket.create_connection(("127.0.0.1", site.server.metrics_port)):
        assert scrape(site.server.metrics_port).samples
        site.server.stop(0)


@pytest.mark.parametrize(
    "address", ["nonsense", "127.0.0.1:x", "127.0.0.1:99999", "no.such.invalid:0"]
)
def test_an_address_that_makes_no_sense(site: Site, address: str) -> None:
    """It is refused with what to do about it."""
    with pytest.raises(ConfigError, match="metrics cannot listen") as caught:
        build_server(site.runtime, ServerConfig(address="127.0.0.1:0", metrics=address))
    assert "HOST:PORT" in caught.value.fix


def test_a_taken_port(measured: Callable[..., tuple[Site, Client]]) -> None:
    """Two servers do not share the port of their metrics."""
    site, _ = measured()
    taken = f"127.0.0.1:{site.server.metrics_port}"
    with pytest.raises(ConfigError, match="metrics cannot listen"):
        build_server(site.runtime, ServerConfig(address="127.0.0.1:0", metrics=taken))
