"""The call that judges without storing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from envrules.client.connection import Connection
from envrules.client.messages import (
    AnyEvent,
    Overrides,
    code_table,
    event_message,
    override_messages,
    ruleset_files,
)
from envrules.model.base import Instant
from envrules.v1 import evaluation_service_pb2, rulesets_pb2
from envrules.wire.field_types import timestamp

AnyEntry: TypeAlias = AnyEvent | Instant | str
"""An event, a tick, or the name of a period to close."""


class EvaluationCalls(Connection):
    """Judge a log that the caller keeps."""

    def evaluate(
        self, scheme: str, entries: Iterable[AnyEntry], *,
        text: str = "", overrides: Overrides | None = None,
        standings: Iterable[tuple[str, str]] = (), history: bool = False,
        codes: str | None = None, codes_file: str = "codes.yaml",
    ) -> evaluation_service_pb2.EvaluateResponse:  # fmt: skip
        """Judge a log without storing it.

        An entry is an event, an instant (time reaches it) or the name of a period (it is
        closed); `standings` are pairs of score and period.
        """
        source = None
        if text:
            source = rulesets_pb2.RulesetSource(files=ruleset_files(scheme, text))
        request = evaluation_service_pb2.EvaluateRequest(
            scheme=scheme, ruleset=source, overrides=override_messages(overrides or {}),
            entries=map(_entry, entries), include_history=history,
            standings=(
                evaluation_service_pb2.ScorePeriod(score=score, period=period)
                for score, period in standings
            ),
            code_table=code_table(codes, codes_file),
        )  # fmt: skip
        return self._call(self.evaluation_stub.Evaluate, request)


def _entry(item: AnyEntry) -> evaluation_service_pb2.EvaluationEntry:
    if isinstance(item, str):
        return evaluation_service_pb2.EvaluationEntry(close_period=item)
    if isinstance(item, int):
        return evaluation_service_pb2.EvaluationEntry(tick=timestamp(item))
    return evaluation_service_pb2.EvaluationEntry(event=event_message(item))
