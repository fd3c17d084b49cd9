"""Calls about standings and periods."""

from __future__ import annotations

from collections.abc import Iterator

from envrules.client.connection import Connection
from envrules.model.base import Instant
from envrules.v1 import standing_service_pb2, standings_pb2
from envrules.wire.field_types import timestamp


class StandingCalls(Connection):
    """Read standings and close periods."""

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
        return self._call(self.standing_stub.ClosePeriod, request)

    def report(
        self, locality: str, scheme: str, period: str, *, known_at: int = 0
    ) -> standings_pb2.PeriodReport:
        """Return everything about a period, closed or open."""
        request = standing_service_pb2.GetPeriodReportRequest(
            locality=locality, scheme=scheme, period=period, known_at=known_at
        )
        return self._call(self.standing_stub.GetPeriodReport, request).report
