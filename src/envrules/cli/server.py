"""Reaching a server, for the commands that talk to one, and saying why when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from typing import Annotated

import grpc
import typer
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from envrules.cli.shell import REFUSED, UNREACHABLE, USAGE, Failure, zone_of
from envrules.client import Client
from envrules.wire.field_types import timestamp
from envrules.wire.problems import Invalid
from envrules.wire.times import parse_instant

DEFAULT_ADDRESS = "127.0.0.1:50051"

ServerAddress = Annotated[
    str, typer.Option("--server", envvar="ENVRULES_SERVER", help="Address of the server.")
]
AsName = Annotated[
    str,
    typer.Option(
        "--as", envvar="ENVRULES_AS", metavar="NAME",
        help="Principal that calls; who submits does not approve.",
    ),
]  # fmt: skip

_MISSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_PROBLEMS_SHOWN = 5


@contextmanager
def connected(address: str, principal: str) -> Iterator[Client]:
    """Talk to a server for a while.

    Raises:
        Failure: it does not answer, or refuses a call.
    """
    try:
        with Client(address, principal=principal) as client:
            yield client
    except grpc.RpcError as error:
        raise failure_of(error, address) from None


def failure_of(error: grpc.RpcError, address: str) -> Failure:
    """Return what a failed call means for the person who made it."""
    assert isinstance(error, grpc.Call)
    code, said = error.code(), error.details() or ""
    status = rpc_status.from_call(error)
    if code in _MISSING and status is None:
        fix = "start one with envrules serve, or name it with --server"
        return Failure(f"no server answers at {address}", fix, UNREACHABLE)
    if code in _MISSING:
        return Failure(f"{address}: {said}", "try again in a moment", UNREACHABLE)
    violations = [] if status is None else _violations(status.details)
    more = "\n  ".join(violations[:_PROBLEMS_SHOWN]) if len(violations) > 1 else ""
    wrong = code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAUTHENTICATED)
    return Failure(said, more, USAGE if wrong else REFUSED)
