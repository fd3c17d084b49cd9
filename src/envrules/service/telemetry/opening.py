"""Setting up what is asked for; only then are the libraries imported."""

from __future__ import annotations

from envrules.service.config import ConfigError, ServerConfig
from envrules.service.telemetry.hub import Telemetry

_EXTRA = ("prometheus_client", "opentelemetry")


def telemetry_of(config: ServerConfig) -> Telemetry:
    """Return the telemetry that a configuration asks for: by default none.

    Raises:
        ConfigError: what it needs is not installed.
    """
    try:
        return _asked_for(config)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _EXTRA:
            raise
        raise ConfigError(
            f"metrics and traces need packages that are not installed ({error.name})",
            "pip install 'envrules[telemetry]'",
        ) from None


def _asked_for(config: ServerConfig) -> Telemetry:
    metrics = tracing = None
    if config.metrics:
        from envrules.service.telemetry.metrics import Metrics

        metrics = Metrics()
    if config.otlp:
        from envrules.service.telemetry.tracing import Tracing

        tracing = Tracing.to(config.otlp)
    return Telemetry(metrics, tracing)
