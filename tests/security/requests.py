"""A request for every call, such as somebody in a locality would make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.service.site import TOWN, village

from envrules.resources import rulesets_dir
from envrules.v1 import (
    decision_service_pb2 as decisions,
)
from envrules.v1 import (
    evaluation_service_pb2 as evaluation,
)
from envrules.v1 import (
    event_service_pb2 as events,
)
from envrules.v1 import (
    locality_service_pb2 as localities,
)
from envrules.v1 import (
    ruleset_service_pb2 as rulesets,
)
from envrules.v1 import (
    rulesets_pb2,
)
from envrules.v1 import (
    standing_service_pb2 as standings,
)
from envrules.wire.events_out import event_to_proto

PERIOD = "2026-07"
LATEST = rulesets_pb2.RulesetSource(revision="latest")
_TEXT = (rulesets_dir() / f"{TOWN}.yaml").read_text(encoding="utf-8")
_FILES = rulesets_pb2.RulesetFiles(
    files=[rulesets_pb2.RulesetFile(path=f"{TOWN}.yaml", text=_TEXT)]
)
_EVENT = event_to_proto(village("wang"))
_ENTRY = evaluation.EvaluationEntry(event=_EVENT)


def _about(locality: str) -> dict[str, Any]:
    return {"locality": locality, "scheme": TOWN, "period": PERIOD}


REQUESTS: Mapping[str, Callable[[str], Any]] = {
    "EventService/SubmitEvents": lambda own: events.SubmitEventsRequest(
        locality=own, events=[_EVENT]
    ),
    "EventService/StreamEvents": lambda own: events.StreamEventsRequest(
        locality=own, events=[_EVENT]
    ),
    "EventService/AdvanceWatermark": lambda own: events.AdvanceWatermarkRequest(
        locality=own, source="clock", release=True
    ),
    "DecisionService/ListDecisions": lambda own: decisions.ListDecisionsRequest(locality=own),
    "DecisionService/GetDecision": lambda own: decisions.GetDecisionRequest(
        locality=own, decision_id="0000"
    ),
    "DecisionService/WatchDecisions": lambda own: decisions.WatchDecisionsRequest(
        locality=own, after=0
    ),
    "DecisionService/ApproveDecision": lambda own: decisions.ApproveDecisionRequest(
        locality=own, decision_id="0000"
    ),
    "DecisionService/PublishDecision": lambda own: decisions.PublishDecisionRequest(
        locality=own, decision_id="0000"
    ),
    "DecisionService/RevokeDecision": lambda own: decisions.RevokeDecisionRequest(
        locality=own, decision_id="0000", reason="误判"
    ),
    "StandingService/ListStandings": lambda own: standings.ListStandingsRequest(
        **_about(own), score="monthly"
    ),
    "StandingService/GetStanding": lambda own: standings.GetStandingRequest(
        **_about(own), score="monthly", unit="zhao"
    ),
    "StandingService/GetStatement": lambda own: standings.GetStatementRequest(
        **_about(own), score="monthly", unit="zhao"
    ),
    "StandingService/ClosePeriod": lambda own: standings.ClosePeriodRequest(**_about(own)),
    "StandingService/GetPeriodReport": lambda own: standings.GetPeriodReportRequest(**_about(own)),
    "StandingService/GetMap": lambda own: standings.GetMapRequest(**_about(own), score="monthly"),
    "RulesetService/ListRulesets": lambda _: rulesets.ListRulesetsRequest(),
    "RulesetService/GetRuleset": lambda own: rulesets.GetRulesetRequest(locality=own, scheme=TOWN),
    "RulesetService/ValidateRuleset": lambda _: rulesets.ValidateRulesetRequest(
        scheme=TOWN, files=_FILES
    ),
    "RulesetService/DiffRulesets": lambda own: rulesets.DiffRulesetsRequest(
        locality=own, scheme=TOWN, before=LATEST, after=LATEST
    ),
    "RulesetService/PublishRuleset": lambda own: rulesets.PublishRulesetRequest(
        locality=own, scheme=TOWN, ruleset=LATEST, validate_only=True
    ),
    "RulesetService/ListRevisions": lambda own: rulesets.ListRevisionsRequest(
        locality=own, scheme=TOWN
    ),
    "RulesetService/ListUnknownCodes": lambda own: rulesets.ListUnknownCodesRequest(locality=own),
    "RulesetService/SimulateRuleset": lambda own: rulesets.SimulateRulesetRequest(
        locality=own, scheme=TOWN, ruleset=LATEST, from_period=PERIOD, to_period=PERIOD
    ),
    "LocalityService/CreateLocality": lambda own: localities.CreateLocalityRequest(
        locality=own, title="云溪镇", timezone="Asia/Shanghai"
    ),
    "LocalityService/GetLocality": lambda own: localities.GetLocalityRequest(locality=own),
    "LocalityService/ListLocalities": lambda _: localities.ListLocalitiesRequest(),
    "LocalityService/SkipEntry": lambda own: localities.SkipEntryRequest(
        locality=own, seq=1, reason="坏记录"
    ),
    "EvaluationService/Evaluate": lambda _: evaluation.EvaluateRequest(
        scheme=TOWN, entries=[_ENTRY]
    ),
}
"""By call: the request, about a locality where it is about one."""
