"""Calls that read much take turns, so that their memory does not add up."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import grpc
import pytest
from tests.service.site import TOWN, Site

from envrules.service.config import ServerConfig
from envrules.service.host import Host
from envrules.service.shelf import Shelf
from envrules.service.status import Refusal

CALLS = 12


@dataclass
class Caller:
    """Whether somebody waits for the answer."""

    waits: bool = True

    def is_active(self) -> bool:
        """Return it, as a call's context does."""
        return self.waits


def host_of(site: Site) -> Host:
    """Return what the services of a server share."""
    runtime = site.runtime
    return Host(runtime, ServerConfig(), Shelf(runtime))


def context(*, waits: bool = True) -> grpc.ServicerContext:
    """Return a call's context, as far as it matters here."""
    return cast("grpc.ServicerContext", Caller(waits))


def test_two_at_a_time(site: Site) -> None:
    """However many calls read much, two do so at the same time, and each has its turn."""
    host, lock = host_of(site), threading.Lock()
    both = threading.Barrier(2)
    inside, most, done = 0, 0, 0

    def read(_: int) -> None:
        nonlocal inside, most, done
        with host.turn_to_read(context()):
            with lock:
                inside += 1
                most = max(most, inside)
            both.wait(30)  # with one turn alone nobody would come
            with lock:
                inside, done = inside - 1, done + 1

    with ThreadPoolExecutor(CALLS) as pool:
        list(pool.map(read, range(CALLS)))
    assert (most, done) == (2, CALLS)


def test_who_has_gone_is_not_read_for(site: Site) -> None:
    """A call whose caller has gone is not begun, and takes nobody's turn."""
    host = host_of(site)
    with host.turn_to_read(context()):
        for _ in range(3):
            with pytest.raises(Refusal) as refused, host.turn_to_read(context(waits=False)):
                raise AssertionError("it was begun")
            assert refused.value.code is grpc.StatusCode.CANCELLED
        with host.turn_to_read(context()):
            host.draining.set()
            with pytest.raises(Refusal) as refused, host.turn_to_read(context()):
                raise AssertionError("it was begun")
            assert refused.value.code is grpc.StatusCode.UNAVAILABLE


def test_reports_are_read_in_turns(site: Site) -> None:
    """While two others read much, a report waits; it comes when one of them has done."""
    client = site.client("office")
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN])
    host = site.server._host
    with ThreadPoolExecutor(1) as pool, host.turn_to_read(context()):
        with host.turn_to_read(context()):
            asked = pool.submit(client.report, "yunxi", TOWN, "2026-10")
            threading.Event().wait(0.5)
            assert not asked.done()
        assert asked.result(30).reading.period == "2026-10"
