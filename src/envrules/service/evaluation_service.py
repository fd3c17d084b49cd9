"""EvaluationService: judges without storing."""

from __future__ import annotations

import grpc

from envrules.engine.memory import MemoryLocality
from envrules.engine.standings import standings
from envrules.model.decisions import Decision
from envrules.ruleset.compile import Scheme
from envrules.service.evaluation import evaluate, read_entries, standing_now
from envrules.service.fields import ID, Fields
from envrules.service.host import Host
from envrules.service.rulesets_in import Source, codes_in, overrides_in, source_in
from envrules.service.shelf import LATEST
from envrules.service.standings_out import FIGURES, find_score, standing_out
from envrules.service.status import Refusal
from envrules.service.visible import shelf_for
from envrules.v1 import decisions_pb2, standings_pb2
from envrules.v1 import evaluation_service_pb2 as pb
from envrules.v1.evaluation_service_pb2_grpc import EvaluationServiceServicer
from envrules.wire.decisions_out import decision_to_proto, optional_timestamp


class EvaluationService(EvaluationServiceServicer):
    """Judges a log that the caller holds."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def Evaluate(
        self, request: pb.EvaluateRequest, context: grpc.ServicerContext
    ) -> pb.EvaluateResponse:
        """Judge a log and return what holds at its end."""
        limit = self._host.config.max_evaluation
        if len(request.entries) > limit:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_ENTRIES",
                f"{len(request.entries)} entries, at most {limit} are judged in one call",
            )  # fmt: skip
        fields = Fields()
        slug = fields.slug("scheme", request.scheme)
        source = Source(LATEST)
        if request.HasField("ruleset"):
            source = source_in("ruleset", request.ruleset, slug, fields)
        overrides = overrides_in("overrides", request.overrides, fields)
        codes = codes_in(request, fields)
        if not request.entries:
            fields.refuse("entries", "REQUIRED")
        for i, asked in enumerate(request.standings):
            fields.take(f"standings[{i}].score", ID, asked.score)
            fields.period(f"standings[{i}].period", asked.period)
        given = read_entries(request.entries, fields)
        fields.done()
        self._host.principals.caller(context, "read")
        scheme = source.found(shelf_for(self._host, context), slug, overrides, codes).scheme
        locality = evaluate(scheme, given, lambda: self._host.goes_on(context))
        if locality is None:
            raise self._host.stopping()
        history = locality.emitted() if request.include_history else ()
        return pb.EvaluateResponse(
            decisions=map(_decision, standing_now(locality)), history=map(_decision, history),
            standings=[
                _standings(locality, scheme, asked, len(request.entries))
                for asked in request.standings
            ],
            revision=scheme.revision,
        )  # fmt: skip


def _decision(decision: Decision) -> decisions_pb2.Decision:
    """Return the message; entries are counted as the caller has them, without our publication."""
    message = decision_to_proto(decision)
    message.log_seq -= 1
    return message


def _standings(
    locality: MemoryLocality, scheme: Scheme, asked: pb.ScorePeriod, entries: int
) -> pb.EvaluatedStandings:
    period, state = asked.period, locality.state.locality
    score = find_score(scheme, asked.score, period)
    is_open = period not in state.closes.get(scheme.slug, {})
    by_unit: dict[str, list[Decision]] = {}
    for decision in standing_now(locality):
        if decision.content.slot.anchor == period and decision.content.kind in FIGURES:
            by_unit.setdefault(decision.content.unit, []).append(decision)
    reading = standings_pb2.Reading(
        scheme=scheme.slug, period=period, revision=scheme.revision, known_at=entries,
        state=standings_pb2.PERIOD_STATE_OPEN if is_open else standings_pb2.PERIOD_STATE_CLOSED,
        as_of=optional_timestamp(state.tick or None) if is_open else None,
    )  # fmt: skip
    return pb.EvaluatedStandings(
        reading=reading,
        standings=(
            standing_out(scheme, score, period, row, by_unit.get(row.unit.id, ()), is_open=is_open)
            for row in standings(locality.projection, scheme.slug, score.id, period)
        ),
    )
