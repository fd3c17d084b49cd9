"""How a call fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status


@dataclass(frozen=True)
class FieldError:
    """One field that is wrong."""

    field: str
    code: str
    message: str
    message_zh: str


class CallFailed(Exception):
    """A call failed; `code` says how, `reason` why, `fields` where."""

    def __init__(self, error: grpc.RpcError) -> None:
        call: Any = error  # every RpcError that a call raises is that call, too
        self.code: grpc.StatusCode = call.code()
        self.reason = ""
        """Stable, for programs; empty where the connection failed."""
        self.message_zh = ""
        self.fields: tuple[FieldError, ...] = ()
        super().__init__(f"{self.code.name}: {call.details()}")
        status = rpc_status.from_call(call)
        for detail in status.details if status is not None else ():
            self._read(detail)

    def _read(self, detail: Any) -> None:
        info = error_details_pb2.ErrorInfo()
        words = error_details_pb2.LocalizedMessage()
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(info):
            self.reason = info.reason
        elif detail.Unpack(words):
            self.message_zh = words.message
        elif detail.Unpack(bad):
            self.fields = tuple(
                FieldError(v.field, v.reason, v.description, v.localized_message.message)
                for v in bad.field_violations
            )


@contextmanager
def failing() -> Iterator[None]:
    """Let what is called inside fail with CallFailed."""
    try:
        yield
    except grpc.RpcError as error:
        raise CallFailed(error) from error
