"""LocalityService: tenants are created once, show how they are, and stall alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from grpc_health.v1 import health_pb2
from tests.service.site import (
    NOW,
    STREET,
    TOWN,
    Raiser,
    Scheme,
    Site,
    check,
    month_of_the_town,
    refused,
    supplied,
    village,
)
from tests.service.test_server import health_of
from tests.service.test_streaming import eventually

from envrules.client import Client
from envrules.v1 import locality_service_pb2 as pb
from envrules.v1.rulesets_pb2 import DatedValue, ParameterOverride

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def test_a_new_locality_is_judged_at_once(start: Callable[..., Site]) -> None:
    """A locality comes back from its creation with its schemes in force, overrides included."""
    client = start().client()
    created = client.create_locality(
        "yunxi", "云溪镇", "Asia/Shanghai", [TOWN, STREET],
        {TOWN: {"warning_line": {"always": "65"}}},
    )  # fmt: skip
    assert (created.locality, created.title, created.timezone) == (
        "yunxi",
        "云溪镇",
        "Asia/Shanghai",
    )
    assert [b.scheme for b in created.schemes] == [STREET, TOWN]
    assert [o.parameter for o in created.schemes[1].overrides] == ["warning_line"]
    assert created.projected_seq == created.head_seq >= 2  # the clock may have ticked already
    assert client.locality("yunxi") == created or client.locality("yunxi").head_seq > 2


def test_creating_again_changes_nothing(site: Site, client: Client) -> None:
    """The same creation returns the locality as it is; another title is refused."""
    head = site.store.head("yunxi")
    known = client.locality("yunxi")
    assert client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN]) == known
    with refused("ALREADY_EXISTS", "LOCALITY_EXISTS"):
        client.create_locality("yunxi", "另一个镇", "Asia/Shanghai", [TOWN])
    with refused("ALREADY_EXISTS", "LOCALITY_EXISTS"):
        client.create_locality("yunxi", "云溪镇", "Asia/Urumqi")
    assert site.store.head("yunxi") == head


def test_a_creation_that_was_cut_short_is_completed(site: Site, client: Client) -> None:
    """Creating again binds the schemes that are missing, and only those."""
    both = client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN, STREET])
    assert [b.scheme for b in both.schemes] == [STREET, TOWN]
    assert site.store.head("yunxi") == 3, "one publication more"


def test_events_may_come_before_any_scheme(start: Callable[..., Site]) -> None:
    """A locality without a scheme stores events; the first scheme that is bound judges them all."""
    client = start().client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai")
    receipts = client.submit("yunxi", month_of_the_town(), decided=True)
    assert all(receipt.decided for receipt in receipts)
    assert not client.locality("yunxi").HasField("stall")
    assert not list(client.list_decisions("yunxi"))
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN])
    points = [(s.unit, s.points) for s in client.standings("yunxi", TOWN, "monthly", "2026-07")]
    assert points == [("zhao", "100.00"), ("qian", "97.00"), ("sun", "60.00")]


BAD: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    (
        {},
        (
            "INVALID_ARGUMENT", "BAD_REQUEST", "locality REQUIRED", "title REQUIRED",
            "timezone REQUIRED",
        ),
    ),
    (
        {"locality": "Yunxi", "title": "云\n溪", "timezone": "Asia/Shangai"},
        (
            "INVALID_ARGUMENT", "BAD_REQUEST", "locality BAD_CHARACTER", "title BAD_CHARACTER",
            "timezone UNKNOWN_VALUE",
        ),
    ),
    (
        {
            "locality": "new", "title": "新", "timezone": "Asia/Shanghai",
            "schemes": [pb.SchemeBinding(scheme=TOWN), pb.SchemeBinding(scheme=TOWN),
                        pb.SchemeBinding()],
        },
        (
            "INVALID_ARGUMENT", "BAD_REQUEST", "schemes[1].scheme REPEATED",
            "schemes[2].scheme REQUIRED",
        ),
    ),
    (
        {
            "locality": "new", "title": "新", "timezone": "Asia/Shanghai",
            "schemes": [pb.SchemeBinding(scheme=TOWN, overrides=[ParameterOverride(
                parameter="warning_line", values=[DatedValue(since="", value="1")])])],
        },
        ("INVALID_ARGUMENT", "BAD_REQUEST", "schemes[0].overrides[0].values[0].since BAD_TIME"),
    ),
    (
        {
            "locality": "new", "title": "新", "timezone": "Asia/Shanghai",
            "schemes": [pb.SchemeBinding(scheme=TOWN), pb.SchemeBinding(scheme="nothing")],
        },
        ("NOT_FOUND", "SCHEME_NOT_FOUND"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "status"), BAD)
def test_what_cannot_be_created(
    client: Client, asked: dict[str, Any], status: tuple[str, ...]
) -> None:
    """A creation that is wrong in any part creates nothing."""
    with refused(*status):
        client._call(client.locality_stub.CreateLocality, pb.CreateLocalityRequest(**asked))
    with refused("NOT_FOUND", "LOCALITY_NOT_FOUND"):
        client.locality("new")


def test_localities_are_listed_by_slug(client: Client) -> None:
    """All localities are listed, page by page."""
    assert [one.locality for one in client.list_localities()] == ["liuhu", "yunxi"]
    request = pb.ListLocalitiesRequest(page_size=1)
    first = client.locality_stub.ListLocalities(request)
    assert [one.locality for one in first.localities] == ["liuhu"]
    request.page_token = first.next_page_token
    second = client.locality_stub.ListLocalities(request)
    assert [one.locality for one in second.localities] == ["yunxi"]
    assert not second.next_page_token
    assert second.localities[0] == client.locality("yunxi")


def test_a_locality_shows_how_far_it_is(client: Client) -> None:
    """Head, projected entries, decisions and time are those of the moment."""
    receipts = client.submit("yunxi", month_of_the_town(), decided=True)
    shown = client.locality("yunxi")
    assert shown.head_seq == shown.projected_seq == receipts[-1].seq
    assert shown.decision_seq == len(list(client.list_decisions("yunxi", history=True)))
    assert shown.now.ToMicroseconds() == NOW
    assert not shown.HasField("stall")


# ── a plugin that raises ──


@pytest.fixture
def troubled(start: Callable[..., Site], tmp_path: Path) -> Site:
    """A server with a sound locality and one whose plugin fails at events of the source `bad`."""
    site = start(Raiser(tmp_path, "thrower"))
    client = site.client()
    client.create_locality("sound", "平安镇", "Asia/Shanghai", [TOWN])
    client.create_locality("troubled", "多事镇", "Asia/Shanghai", ["thrower"])
    return site


def stall(site: Site) -> int:
    """Let the troubled locality meet an event that its plugin cannot read; return its place."""
    bad = check("bad", "zhao", "2026-07-10 09:00", "三大堆", source="bad")
    events = [village("zhao"), bad, check("good", "zhao", "2026-07-11 09:00", "白色垃圾")]
    receipts = site.client().submit("troubled", events, decided=True)
    assert [receipt.decided for receipt in receipts] == [True, False, False]
    return receipts[1].seq


def test_a_plugin_that_raises_stalls_its_own_locality_visibly(troubled: Site) -> None:
    """The locality stands still before the entry, says why, takes events, and nobody else waits."""
    client = troubled.client()
    seq = stall(troubled)
    shown = client.locality("troubled")
    assert (shown.projected_seq, shown.stall.seq) == (seq - 1, seq)
    assert "this plugin has a fault" in shown.stall.reason
    assert shown.stall.since.ToMicroseconds() == NOW
    assert client.submit("troubled", [village("qian")])[0].seq > seq, "events are still stored"
    assert not client.submit("troubled", [village("sun")], decided=True)[0].decided
    receipts = client.submit("sound", month_of_the_town(), decided=True)
    assert all(receipt.decided for receipt in receipts)
    assert not client.locality("sound").HasField("stall")
    assert eventually(lambda: health_of(troubled, "localities/troubled") == NOT_SERVING)
    assert health_of(troubled, "localities/sound") == SERVING
    assert health_of(troubled, "") == SERVING


def test_a_stalled_period_is_not_closed(troubled: Site) -> None:
    """A close waits for judgement: a stalled locality is told so."""
    stall(troubled)
    with refused("FAILED_PRECONDITION", "PROJECTOR_STALLED"):
        troubled.client().close_period("troubled", "thrower", "2026-07")


def test_skipping_lets_it_go_on(troubled: Site) -> None:
    """An operator passes over the entry, on record; what follows is judged, the entry is not."""
    seq = stall(troubled)
    operator = troubled.client("operator")
    operator.skip("troubled", seq, "脚本错误，已报修")
    shown = operator.locality("troubled")
    assert not shown.HasField("stall")
    assert shown.projected_seq == shown.head_seq
    causes = {e for d in operator.list_decisions("troubled") for e in d.event_ids}
    assert "good" in causes
    assert "bad" not in causes
    assert eventually(lambda: health_of(troubled, "localities/troubled") == SERVING)
    with refused("FAILED_PRECONDITION", "NOT_STALLED_THERE"):
        operator.skip("troubled", seq, "再次")


def test_a_mended_plugin_goes_on_after_a_restart(
    troubled: Site, start: Callable[..., Site], tmp_path: Path
) -> None:
    """A stall is tried again when the server starts: with the fault mended nothing is lost."""
    seq = stall(troubled)
    troubled.stop()
    client = start(Scheme(tmp_path, "thrower")).client()
    assert eventually(lambda: not client.locality("troubled").HasField("stall"))
    receipts = client.submit("troubled", [supplied("zhao", "10")], decided=True)
    assert receipts[0].decided
    assert not client.locality("troubled").HasField("stall")
    assert seq < client.locality("troubled").projected_seq
    assert {"bad", "good"} <= {e for d in client.list_decisions("troubled") for e in d.event_ids}


def test_wrong_skips(client: Client) -> None:
    """A skip names the entry and says why."""
    fields = ("locality REQUIRED", "seq REQUIRED", "reason REQUIRED")
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", *fields):
        client.skip("", 0, "")
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "seq OUT_OF_RANGE"):
        client.skip("yunxi", -1, "x")
    with refused("NOT_FOUND", "LOCALITY_NOT_FOUND"):
        client.skip("nowhere", 1, "x")
    with refused("FAILED_PRECONDITION", "NOT_STALLED_THERE"):
        client.skip("yunxi", 1, "x")
