"""Whatever a caller sends, it gets an answer or a proper refusal, and the server goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_status import rpc_status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.service.site import TOWN, Site, month_of_the_town, open_site
from tests.wire.junk import fields, strings

from envrules.service.server import _SERVICES

METHODS: list[MethodDescriptor] = [
    method
    for module in _SERVICES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if not method.server_streaming
]
PLAUSIBLE: dict[str, Any] = {
    "locality": st.sampled_from(["yunxi", "yunxi", "other"]), "scheme": st.just(TOWN),
    "score": st.sampled_from(["monthly", "annual"]), "unit": st.sampled_from(["zhao", "x"]),
    "period": st.sampled_from(["2026-07", "2026", "2026Q3", "0999", "2026-07-01"]),
    "page_size": st.integers(-1, 1001), "known_at": st.integers(-1, 20),
    "title": st.just("云溪镇"), "timezone": st.just("Asia/Shanghai"), "seq": st.integers(0, 20),
}  # fmt: skip
"""Values by which junk in other fields comes further in."""

ANSWERS = {
    grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.ABORTED,
}  # fmt: skip


@pytest.fixture(scope="module")
def running(shared_url: str) -> Iterator[Site]:
    """One server for all of this file."""
    site = open_site(Path(), url=shared_url)
    client = site.client()
    client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [TOWN])
    client.submit("yunxi", month_of_the_town(), decided=True)
    yield site
    site.stop(grace=0)


def requests(method: MethodDescriptor) -> st.SearchStrategy[Any]:
    """Any request, with plausible values in some of the fields that say what it is about."""
    names = {field.name for field in method.input_type.fields}
    plausible = {name: some for name, some in PLAUSIBLE.items() if name in names}
    drawn = st.tuples(fields(method.input_type), st.fixed_dictionaries({}, optional=plausible))
    make = GetMessageClass(method.input_type)
    return drawn.map(lambda pair: make(**{**_one_of_each(method, pair[0]), **pair[1]}))


def _one_of_each(method: MethodDescriptor, given: dict[str, Any]) -> dict[str, Any]:
    """Leave one field of each oneof: a constructor takes no more."""
    for oneof in method.input_type.oneofs:
        named = [field.name for field in oneof.fields if field.name in given]
        given = {name: value for name, value in given.items() if name not in named[1:]}
    return given


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_junk_is_answered_properly(running: Site, method: MethodDescriptor, data: Any) -> None:
    """A call with any content of any field succeeds, or fails with a status that explains itself."""
    request = data.draw(requests(method))
    path = f"/{method.containing_service.full_name}/{method.name}"
    with grpc.insecure_channel(running.address) as channel:
        call: Any = channel.unary_unary(
            path, type(request).SerializeToString, GetMessageClass(method.output_type).FromString
        )
        try:
            call(request, timeout=60)
        except grpc.RpcError as raised:
            error: Any = raised
            assert error.code() in ANSWERS, error
            status = rpc_status.from_call(error)
            assert status is not None
            assert len(status.details) >= 2


@settings(max_examples=60, deadline=None)
@given(text=st.one_of(strings(), st.text(max_size=200), st.binary(max_size=200)))
def test_any_page_token_is_answered_properly(running: Site, text: Any) -> None:
    """A token that we never gave is refused as such."""
    with grpc.insecure_channel(running.address) as channel:
        list_: Any = channel.unary_unary("/envrules.v1.LocalityService/ListLocalities")
        raw = text.encode() if isinstance(text, str) else text
        request = b"\x12" + bytes([len(raw) & 0x7F | (0x80 if len(raw) > 127 else 0)])
        if len(raw) > 127:
            request += bytes([len(raw) >> 7])
        try:
            list_(request + raw, timeout=60)
        except grpc.RpcError as raised:
            error: Any = raised
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
