"""A small client for Python: what the command line, the demo and importers are written with.

    with Client.connect("127.0.0.1:50051", principal="grid") as client:
        client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [scheme])
        receipts = client.submit("yunxi", events, decided=True)

It takes events as `envrules.model.events.Event` or as messages, instants as microseconds since
the Unix epoch, and gives the messages of the API. Every failed call raises `CallFailed`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from envrules.model.base import Instant
from envrules.model.events import Event
from envrules.v1 import (
    decision_service_pb2,
    decisions_pb2,
    evaluation_service_pb2,
    event_service_pb2,
    events_pb2,
    locality_service_pb2,
    ruleset_service_pb2,
    rulesets_pb2,
    standing_service_pb2,
    standings_pb2,
)
from envrules.v1.decision_service_pb2_grpc import DecisionServiceStub
from envrules.v1.evaluation_service_pb2_grpc import EvaluationServiceStub
from envrules.v1.event_service_pb2_grpc import EventServiceStub
from envrules.v1.locality_service_pb2_grpc import LocalityServiceStub
from envrules.v1.ruleset_service_pb2_grpc import RulesetServiceStub
from envrules.v1.standing_service_pb2_grpc import StandingServiceStub
from envrules.wire.events_out import event_to_proto
from envrules.wire.field_types import timestamp

AnyEvent: TypeAlias = Event | events_pb2.Event
AnyEntry: TypeAlias = AnyEvent | Instant | str
"""An event, a tick, or the name of a period to close."""
Overrides: TypeAlias = Mapping[str, Mapping[str, str]]
"""Parameter → (ISO date or `always`) → value as text."""

Q = TypeVar("Q")
R = TypeVar("R")

TIMEOUT = 30.0
"""Seconds that a call may take before it is given up."""
_LONG = 90.0
"""The same for calls that wait for a judgement, or look at every issue there is."""


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
def _failing() -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        raise CallFailed(error) from error


class Client:
    """One connection. Its methods may be called from several threads."""

    def __init__(self, channel: grpc.Channel, principal: str = "") -> None:
        """Use a channel; `principal` is who calls, as long as the server takes our word for it."""
        self._channel = channel
        self._who = (("envrules-principal", principal),) if principal else ()
        self.event_stub = EventServiceStub(channel)
        self.decision_stub = DecisionServiceStub(channel)
        self.standing_stub = StandingServiceStub(channel)
        self.ruleset_stub = RulesetServiceStub(channel)
        self.locality_stub = LocalityServiceStub(channel)
        self.evaluation_stub = EvaluationServiceStub(channel)

    @classmethod
    def connect(
        cls, address: str, *, principal: str = "",
        credentials: grpc.ChannelCredentials | None = None,
    ) -> Self:  # fmt: skip
        """Return a client of the server at `address`; without credentials nothing is encrypted."""
        options = [("grpc.max_receive_message_length", -1)]
        if credentials is not None:
            return cls(grpc.secure_channel(address, credentials, options), principal)
        return cls(grpc.insecure_channel(address, options), principal)

    def wait_ready(self, timeout: float = TIMEOUT) -> None:
        """Wait until the server can be reached; raises TimeoutError."""
        try:
            grpc.channel_ready_future(self._channel).result(timeout)
        except grpc.FutureTimeoutError:
            raise TimeoutError(f"the server was not there within {timeout:g} s") from None

    def close(self) -> None:
        """Close the connection; streams and watches end."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(
        self, method: grpc.UnaryUnaryMultiCallable[Q, R], request: Q, timeout: float = TIMEOUT
    ) -> R:
        with _failing():
            return method(request, timeout=timeout, metadata=self._who)

    # ── localities and rulesets ──

    def create_locality(
        self, locality: str, title: str, timezone: str, schemes: Sequence[str] = (),
        overrides: Mapping[str, Overrides] | None = None,
    ) -> locality_service_pb2.Locality:  # fmt: skip
        """Create a locality judged by `schemes`, with overrides for some of them; idempotent."""
        own = overrides or {}
        response = self._call(
            self.locality_stub.CreateLocality,
            locality_service_pb2.CreateLocalityRequest(
                locality=locality, title=title, timezone=timezone,
                schemes=(
                    locality_service_pb2.SchemeBinding(
                        scheme=scheme, overrides=_overrides(own.get(scheme, {}))
                    )
                    for scheme in schemes
                ),
            ),
        )  # fmt: skip
        return response.locality

    def locality(self, locality: str) -> locality_service_pb2.Locality:
        """Return a locality and how it is doing."""
        request = locality_service_pb2.GetLocalityRequest(locality=locality)
        return self._call(self.locality_stub.GetLocality, request).locality

    def list_localities(self) -> Iterator[locality_service_pb2.Locality]:
        """Yield all localities."""
        request = locality_service_pb2.ListLocalitiesRequest()
        yield from self._pages(self.locality_stub.ListLocalities, request, "localities")

    def skip(self, locality: str, seq: int, reason: str) -> int:
        """Let a stalled locality go on without log entry `seq`; return the act's log entry."""
        request = locality_service_pb2.SkipEntryRequest(locality=locality, seq=seq, reason=reason)
        return int(self._call(self.locality_stub.SkipEntry, request).seq)

    def publish(
        self, locality: str, scheme: str, *, text: str = "", revision: str = "latest",
        overrides: Overrides | None = None, reason: str = "", retroactive: bool = False,
        expected_revision: str = "", validate_only: bool = False, codes: str | None = None,
        codes_file: str = "codes.yaml",
    ) -> ruleset_service_pb2.PublishRulesetResponse:  # fmt: skip
        """Put a ruleset into force: a text of its own, or a revision that the server knows.

        `codes` is the text of the host's code table; None keeps the one in force, '' drops it.
        """
        source = rulesets_pb2.RulesetSource(revision=revision)
        if text:
            source = rulesets_pb2.RulesetSource(files=ruleset_files(scheme, text))
        return self._call(
            self.ruleset_stub.PublishRuleset,
            ruleset_service_pb2.PublishRulesetRequest(
                locality=locality, scheme=scheme, ruleset=source,
                overrides=_overrides(overrides or {}), reason=reason, retroactive=retroactive,
                expected_revision=expected_revision, validate_only=validate_only,
                code_table=_code_table(codes, codes_file),
            ),
        )  # fmt: skip

    def revisions(self, locality: str, scheme: str) -> Iterator[rulesets_pb2.PublishedRevision]:
        """Yield what was published in a locality, latest first: the first one is in force."""
        request = ruleset_service_pb2.ListRevisionsRequest(
            locality=locality, scheme=scheme, page_size=1000
        )
        yield from self._pages(self.ruleset_stub.ListRevisions, request, "revisions")

    def diff(
        self, scheme: str, before: rulesets_pb2.RulesetSource, after: rulesets_pb2.RulesetSource,
        locality: str = "",
    ) -> list[rulesets_pb2.RulesetChange]:  # fmt: skip
        """Return in words what differs between two rulesets, in a locality if one is given."""
        request = ruleset_service_pb2.DiffRulesetsRequest(
            scheme=scheme, before=before, after=after, locality=locality
        )
        return list(self._call(self.ruleset_stub.DiffRulesets, request).changes)

    def unknown_codes(
        self, locality: str, scheme: str = ""
    ) -> Iterator[ruleset_service_pb2.UnknownCode]:
        """Yield the host's codes that keep findings parked, of one scheme or of all."""
        request = ruleset_service_pb2.ListUnknownCodesRequest(
            locality=locality, scheme=scheme, page_size=1000
        )
        yield from self._pages(self.ruleset_stub.ListUnknownCodes, request, "codes")

    # ── events ──

    def submit(
        self, locality: str, events: Iterable[AnyEvent], *, decided: bool = False,
        wait: float = 60.0,
    ) -> list[event_service_pb2.Receipt]:  # fmt: skip
        """Store up to 1000 events; return a receipt for each, in order.

        With `decided` it waits up to `wait` seconds (60 at most) until they are judged as well.
        """
        request = event_service_pb2.SubmitEventsRequest(
            locality=locality, events=map(_message, events), wait_for=_wait_for(decided)
        )
        if decided:
            request.wait_timeout.CopyFrom(_duration(wait))
        return list(self._call(self.event_stub.SubmitEvents, request, TIMEOUT + wait).receipts)

    def stream(
        self, locality: str, batches: Iterable[Sequence[AnyEvent]], *, decided: bool = False
    ) -> Generator[list[event_service_pb2.Receipt], None, None]:
        """Send batches of up to 1000 events without waiting; yield the receipts of each, in order.

        Reads on in `batches` while earlier ones are being stored. After CallFailed, send again
        what has no receipts yet: that is always safe.
        """

        def requests() -> Iterator[event_service_pb2.StreamEventsRequest]:
            for batch in batches:
                yield event_service_pb2.StreamEventsRequest(
                    locality=locality, events=map(_message, batch), wait_for=_wait_for(decided)
                )

        with _failing():
            call = self.event_stub.StreamEvents(requests(), metadata=self._who)
            for response in call:
                yield list(response.receipts)

    def advance(
        self, locality: str, source: str, until: Instant | None
    ) -> event_service_pb2.AdvanceWatermarkResponse:
        """Say that `source` has sent everything before `until`; None: that it has ended."""
        request = event_service_pb2.AdvanceWatermarkRequest(
            locality=locality, source=source, release=until is None,
            until=None if until is None else timestamp(until),
        )  # fmt: skip
        return self._call(self.event_stub.AdvanceWatermark, request)

    # ── decisions ──

    def list_decisions(
        self, locality: str, *, history: bool = False, newest_first: bool = False, **filters: Any
    ) -> Iterator[decisions_pb2.Decision]:
        """Yield decisions; `filters` are those of `DecisionFilter`, such as `units=["zhao"]`."""
        request = decision_service_pb2.ListDecisionsRequest(
            locality=locality, filter=decision_service_pb2.DecisionFilter(**filters),
            include_history=history, newest_first=newest_first, page_size=1000,
        )  # fmt: skip
        yield from self._pages(self.decision_stub.ListDecisions, request, "decisions")

    def decision(self, locality: str, decision_id: str) -> decision_service_pb2.GetDecisionResponse:
        """Return a decision, the history of its slot, and the events that caused it."""
        request = decision_service_pb2.GetDecisionRequest(
            locality=locality, decision_id=decision_id
        )
        return self._call(self.decision_stub.GetDecision, request)

    def watch(
        self, locality: str, after: int | None = None, *, heartbeat: float = 15.0,
        **filters: Any,
    ) -> Generator[decision_service_pb2.WatchDecisionsResponse, None, None]:  # fmt: skip
        """Yield what is decided after the cursor `after` (None: from now on), as long as wanted.

        Store the last `cursor`; after CallFailed go on from it. Closing the iterator ends it.
        """
        request = decision_service_pb2.WatchDecisionsRequest(
            locality=locality, after=after, heartbeat=_duration(heartbeat),
            filter=decision_service_pb2.DecisionFilter(**filters),
        )  # fmt: skip
        with _failing():
            call = self.decision_stub.WatchDecisions(request, metadata=self._who)
            try:
                yield from call
            finally:
                call.cancel()

    def approve(
        self, locality: str, decision_id: str, reason: str = "", *, publish: bool = False
    ) -> decisions_pb2.Decision:
        """Approve a decision, and make it public if `publish`; return its current version."""
        request = decision_service_pb2.ApproveDecisionRequest(
            locality=locality, decision_id=decision_id, reason=reason
        )
        approved = self._call(self.decision_stub.ApproveDecision, request).decision
        return self.make_public(locality, approved.id, reason) if publish else approved

    def make_public(
        self, locality: str, decision_id: str, reason: str = ""
    ) -> decisions_pb2.Decision:
        """Make an approved decision public; return its current version."""
        request = decision_service_pb2.PublishDecisionRequest(
            locality=locality, decision_id=decision_id, reason=reason
        )
        return self._call(self.decision_stub.PublishDecision, request).decision

    def revoke(self, locality: str, decision_id: str, reason: str) -> decisions_pb2.Decision:
        """Take a decision back; return its current version."""
        request = decision_service_pb2.RevokeDecisionRequest(
            locality=locality, decision_id=decision_id, reason=reason
        )
        return self._call(self.decision_stub.RevokeDecision, request).decision

    # ── standings ──

    def standings(
        self, locality: str, scheme: str, score: str, period: str, *,
        as_of: Instant | None = None, known_at: int = 0, partition: str = "",
    ) -> Iterator[standings_pb2.Standing]:  # fmt: skip
        """Yield the standings of a score and period, by partition and rank."""
        request = standing_service_pb2.ListStandingsRequest(
            locality=locality, scheme=scheme, score=score, period=period, known_at=known_at,
            as_of=None if as_of is None else timestamp(as_of), partition=partition, page_size=1000,
        )  # fmt: skip
        yield from self._pages(self.standing_stub.ListStandings, request, "standings")

    def statement(
        self, locality: str, scheme: str, score: str, period: str, unit: str, *,
        as_of: Instant | None = None, known_at: int = 0,
    ) -> standings_pb2.Statement:  # fmt: skip
        """Return a unit's statement (对账单)."""
        request = standing_service_pb2.GetStatementRequest(
            locality=locality, scheme=scheme, score=score, period=period, unit=unit,
            as_of=None if as_of is None else timestamp(as_of), known_at=known_at,
        )  # fmt: skip
        return self._call(self.standing_stub.GetStatement, request).statement

    def geojson(
        self, locality: str, scheme: str, score: str, period: str, *,
        as_of: Instant | None = None, known_at: int = 0,
    ) -> str:  # fmt: skip
        """Return the units of a score as GeoJSON, coloured by their bands."""
        request = standing_service_pb2.GetMapRequest(
            locality=locality, scheme=scheme, score=score, period=period,
            as_of=None if as_of is None else timestamp(as_of), known_at=known_at,
        )  # fmt: skip
        return self._call(self.standing_stub.GetMap, request).geojson

    def close_period(
        self, locality: str, scheme: str, period: str
    ) -> standing_service_pb2.ClosePeriodResponse:
        """Close a period; return its report, once it is judged."""
        request = standing_service_pb2.ClosePeriodRequest(
            locality=locality, scheme=scheme, period=period
        )
        return self._call(self.standing_stub.ClosePeriod, request, _LONG)

    def report(
        self, locality: str, scheme: str, period: str, *, known_at: int = 0
    ) -> standings_pb2.PeriodReport:
        """Return everything about a period, closed or open."""
        request = standing_service_pb2.GetPeriodReportRequest(
            locality=locality, scheme=scheme, period=period, known_at=known_at
        )
        return self._call(self.standing_stub.GetPeriodReport, request, _LONG).report

    # ── without state ──

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
            scheme=scheme, ruleset=source, overrides=_overrides(overrides or {}),
            entries=map(_entry, entries), include_history=history,
            standings=(
                evaluation_service_pb2.ScorePeriod(score=score, period=period)
                for score, period in standings
            ),
            code_table=_code_table(codes, codes_file),
        )  # fmt: skip
        return self._call(self.evaluation_stub.Evaluate, request, _LONG)

    def _pages(self, method: Any, request: Any, field: str) -> Iterator[Any]:
        """Yield the items of all pages."""
        while True:
            response = self._call(method, request)
            yield from getattr(response, field)
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token


def ruleset_files(scheme: str, text: str) -> rulesets_pb2.RulesetFiles:
    """Return the message of a ruleset that is one text."""
    return rulesets_pb2.RulesetFiles(
        files=[rulesets_pb2.RulesetFile(path=f"{scheme}.yaml", text=text)]
    )


def _code_table(text: str | None, file: str) -> rulesets_pb2.RulesetFile | None:
    return None if text is None else rulesets_pb2.RulesetFile(path=file, text=text)


def _message(event: AnyEvent) -> events_pb2.Event:
    return event if isinstance(event, events_pb2.Event) else event_to_proto(event)


def _entry(item: AnyEntry) -> evaluation_service_pb2.EvaluationEntry:
    if isinstance(item, str):
        return evaluation_service_pb2.EvaluationEntry(close_period=item)
    if isinstance(item, int):
        return evaluation_service_pb2.EvaluationEntry(tick=timestamp(item))
    return evaluation_service_pb2.EvaluationEntry(event=_message(item))


def _overrides(overrides: Overrides) -> Iterator[rulesets_pb2.ParameterOverride]:
    for parameter, values in overrides.items():
        dated = (rulesets_pb2.DatedValue(since=s, value=value) for s, value in values.items())
        yield rulesets_pb2.ParameterOverride(parameter=parameter, values=dated)


def _wait_for(decided: bool) -> event_service_pb2.WaitFor.ValueType:
    return event_service_pb2.WAIT_FOR_DECIDED if decided else event_service_pb2.WAIT_FOR_STORED


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromMicroseconds(round(seconds * 1_000_000))
    return duration
