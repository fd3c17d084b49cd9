"""The server seen from outside: metrics for Prometheus, traces for OpenTelemetry.

    calls, receipts, commits → telemetry → metrics  ← scraped
                                         ↘ tracing  → collector
    store, watched rulesets  → survey    ↗

What it needs is in the extra `telemetry`, imported only when one of both is asked for.
"""

from envrules.service.telemetry.hub import Telemetry

__all__ = ["Telemetry"]
