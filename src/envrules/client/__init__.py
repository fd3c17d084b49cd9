"""A small client for Python: what the command line, the demo and importers are written with.

    with Client.connect("127.0.0.1:50051", Credentials(token)) as client:
        client.create_locality("yunxi", "云溪镇", "Asia/Shanghai", [scheme])
        receipts = client.submit("yunxi", events, decided=True)

It takes events as `envrules.model.events.Event` or as messages, instants as microseconds since
the Unix epoch, and gives the messages of the API. Every failed call raises `CallFailed`; which
calls are retried before they fail, and how long each may take, is in `service_config.json`.
"""

from envrules.client.decisions import DecisionCalls
from envrules.client.errors import CallFailed, FieldError
from envrules.client.evaluation import AnyEntry, EvaluationCalls
from envrules.client.events import EventCalls
from envrules.client.localities import LocalityCalls
from envrules.client.messages import AnyEvent, Overrides, ruleset_files
from envrules.client.rulesets import RulesetCalls
from envrules.client.standings import StandingCalls

__all__ = [
    "AnyEntry", "AnyEvent", "CallFailed", "Client", "FieldError", "Overrides", "ruleset_files",
]  # fmt: skip


class Client(
    EventCalls, DecisionCalls, StandingCalls, RulesetCalls, LocalityCalls, EvaluationCalls
):
    """A client of all calls, on one connection. Several threads may use it."""
