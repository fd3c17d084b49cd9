"""What the survey found, as metrics: worked out anew for each scrape."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from envrules.service.telemetry import catalogue as c
from envrules.service.telemetry.look import LocalityFound, Looking

_STALE = 60.0
"""Seconds after which what was found last is no longer told as if it were so."""
_SECOND = 1_000_000

_Row = tuple[tuple[str, ...], float]
"""Values of the labels, and the value."""


class Found(Collector):
    """Tells Prometheus what the survey found last."""

    def __init__(self, survey: Looking) -> None:
        self._survey = survey

    def describe(self) -> Iterable[Metric]:
        """Return no names: nothing else registers them."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family; those that nothing is known of have no values."""
        yield _family(c.STORE_UP, [((), self._survey.store_is_up)])
        yield from self._rulesets()
        look = self._survey.look
        age = time.monotonic() - look.at if look is not None else 0.0
        yield _family(c.SURVEY_AGE, [((), age)] if look is not None else [])
        if age > _STALE:
            look = None
        yield _family(c.STORE_BYTES, [((), look.size)] if look is not None else [])
        localities = look.localities if look is not None else ()
        yield from _progress(localities)
        yield from _decisions(localities)

    def _rulesets(self) -> Iterator[Metric]:
        files = self._survey.files()
        yield _family(
            c.RULESET_REFUSED, [((scheme,), bool(file.problems)) for scheme, file in files.items()]
        )
        yield _family(c.RULESET_EDITS, [
            ((scheme, result), count) for scheme, file in files.items()
            for result, count in (("accepted", file.accepted), ("refused", file.refused))
        ])  # fmt: skip


def _progress(localities: Iterable[LocalityFound]) -> Iterator[Metric]:
    rows = [((found.progress.locality,), found) for found in localities]
    yield _family(c.HEAD, [(name, found.progress.head) for name, found in rows])
    yield _family(c.PROJECTED, [(name, found.progress.position) for name, found in rows])
    yield _family(c.LAG_ENTRIES, [
        (name, found.progress.head - found.progress.position) for name, found in rows
    ])  # fmt: skip
    yield _family(c.LAG_SECONDS, [(name, found.lag / _SECOND) for name, found in rows])
    yield _family(c.STALLED, [
        (name, found.progress.stalled_seq is not None) for name, found in rows
    ])  # fmt: skip
    yield _family(c.SILENCE, [
        ((*name, source), silence / _SECOND)
        for name, found in rows for source, silence in sorted(found.silence.items())
    ])  # fmt: skip
    yield _family(c.WATERMARK_LAG, [
        ((*name, source), lag / _SECOND)
        for name, found in rows for source, lag in sorted(found.watermarks.items())
    ])  # fmt: skip
    yield _family(c.RULESET_CANDIDATE, [
        ((*name, scheme), waits)
        for name, found in rows for scheme, waits in sorted(found.candidates.items())
    ])  # fmt: skip


def _decisions(localities: Iterable[LocalityFound]) -> Iterator[Metric]:
    counted = [
        ((found.progress.locality,), found.decisions, found.unknown)
        for found in localities if found.decisions is not None
    ]  # fmt: skip
    yield _family(c.DECISIONS, [
        ((*name, *what), count)
        for name, decisions, _ in counted for what, count in sorted(decisions.emitted.items())
    ])  # fmt: skip
    yield _family(c.PARKED, [
        ((*name, scheme), count)
        for name, decisions, _ in counted for scheme, count in sorted(decisions.parked.items())
    ])  # fmt: skip
    yield _family(c.UNKNOWN_CODES, [
        ((*name, scheme), count)
        for name, _, unknown in counted for scheme, count in sorted(unknown.items())
    ])  # fmt: skip


def _family(metric: c.Metric, rows: Iterable[_Row]) -> Metric:
    """Return a family with these values."""
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in rows:
        family.add_metric(labels, float(value))
    return family
