"""The Python client: what it adds to the calls themselves."""

from __future__ import annotations

import socket

import grpc
import pytest
from tests.service.site import (
    STREET,
    TOWN,
    Site,
    month_of_the_street,
    month_of_the_town,
    refused,
    village,
)

from envrules.client import CallFailed, Client
from envrules.v1.decisions_pb2 import PUBLICATION_PUBLISHED


def test_no_server_there() -> None:
    """Without a server a call fails as unavailable, and waiting for one runs out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody answers, nobody else can
        with Client.connect(f"127.0.0.1:{taken.getsockname()[1]}") as client:
            with pytest.raises(CallFailed) as caught:
                client.locality("yunxi")
            assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.UNAVAILABLE, "")
            with pytest.raises(TimeoutError):
                client.wait_ready(0.1)


def test_a_server_that_is_there(site: Site) -> None:
    """Waiting for a server that answers returns."""
    site.client().wait_ready(30)


def test_all_pages_come(client: Client) -> None:
    """Lists go through all pages by themselves."""
    events = [village(f"v{n}") for n in range(250)]
    for start in range(0, 250, 50):
        client.submit("yunxi", events[start : start + 50], decided=True)
    units = [s.unit for s in client.standings("yunxi", TOWN, "monthly", "2026-07")]
    assert sorted(units) == sorted(f"v{n}" for n in range(250))


def test_approving_and_publishing_in_one_go(site: Site, client: Client) -> None:
    """With `publish` an approval goes on to the public."""
    client.submit("liuhu", month_of_the_street(), decided=True)
    client.close_period("liuhu", STREET, "2026-07")
    place = next(client.list_decisions("liuhu", rules=["lists.red"]))
    released = site.client("office").approve("liuhu", place.id, "已核对", publish=True)
    assert released.publication == PUBLICATION_PUBLISHED


def test_a_failed_call_says_all(client: Client) -> None:
    """A failure carries code, reason, fields and the words for officials."""
    with pytest.raises(CallFailed) as caught:
        client.submit("Yunxi", month_of_the_town())
    error = caught.value
    assert error.code == grpc.StatusCode.INVALID_ARGUMENT
    (field,) = error.fields
    assert (field.field, field.code) == ("locality", "BAD_CHARACTER")
    assert field.message in str(error)
    assert field.message_zh in error.message_zh
    with refused("INVALID_ARGUMENT", "BAD_REQUEST", "locality BAD_CHARACTER"):
        client.locality("Yunxi")
