"""StandingService: what units stand at, statements, and the closing of periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import grpc
from msgspec import structs

from envrules.engine.standings import Row
from envrules.model.base import Frozen
from envrules.service.fields import ID, OPTIONAL_ID, Fields
from envrules.service.host import Host
from envrules.service.map_out import map_geojson
from envrules.service.packed import Key
from envrules.service.paging import Cursor, fitting, next_token, position
from envrules.service.period_view import PeriodView, Question, viewing
from envrules.service.readings import Readings
from envrules.service.status import Refusal, not_found
from envrules.v1 import standing_service_pb2 as pb
from envrules.v1.standing_service_pb2_grpc import StandingServiceServicer

Request: TypeAlias = (
    pb.ListStandingsRequest | pb.GetStandingRequest | pb.GetStatementRequest
    | pb.ClosePeriodRequest | pb.GetPeriodReportRequest | pb.GetMapRequest
)  # fmt: skip

_CLOSE_PATIENCE = 30.0


class _Place(Frozen, array_like=True):
    """Where a reading is turned to: so many of its standings were shown."""

    done: Cursor
    total: Cursor
    known_at: Cursor
    as_of: Cursor


class StandingService(StandingServiceServicer):
    """Reads standings and closes periods."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def ListStandings(
        self, request: pb.ListStandingsRequest, context: grpc.ServicerContext
    ) -> pb.ListStandingsResponse:
        """List a page; all pages show the same reading."""
        fields = Fields()
        asked = _question(request, fields)
        score_id = fields.take("score", ID, request.score)
        partition = fields.take("partition", OPTIONAL_ID, request.partition)
        size = fields.page_size(request.page_size)
        place: _Place | None = position(request, _Place, fields)
        fields.done()
        self._host.principals.caller(context, "read", asked.locality)
        page = self._kept(request, place, size) if place is not None else None
        if place is not None and page is not None:
            return _and_next(request, page, place)
        if place is not None:
            asked = replace(asked, as_of=place.as_of or None, known_at=place.known_at)
        with viewing(self._host, asked, context) as view:
            rows = [
                row for row in view.rows(view.score(score_id))
                if not partition or row.partition == partition
            ]  # fmt: skip
            done = place.done if place is not None else 0
            place = _Place(done, len(rows), view.known_at, view.as_of)
            page = self._made(request, view, rows, place, size)
        return _and_next(request, page, place)

    def _kept(
        self, request: pb.ListStandingsRequest, place: _Place, size: int
    ) -> pb.ListStandingsResponse | None:
        """Return a page of a reading that was made before, if it is still there."""
        count = min(size, place.total - place.done)
        if count <= 0:
            return None
        kept = self._host.readings.get(_key(request, place), place.done, count)
        if kept is None:
            return None
        return pb.ListStandingsResponse(reading=kept.reading, standings=fitting(kept.standings))

    def _made(
        self, request: pb.ListStandingsRequest, view: PeriodView, rows: Sequence[Row],
        place: _Place, size: int,
    ) -> pb.ListStandingsResponse:  # fmt: skip
        """Return a page, and keep those that follow."""
        score = view.score(request.score)
        some = rows[place.done : place.done + size]
        page = pb.ListStandingsResponse(
            reading=view.reading(), standings=fitting(view.standing(score, row) for row in some)
        )
        done = place.done + len(page.standings)
        if done < place.total:
            begin = Readings.begin(done)
            rest = (view.standing(score, row) for row in rows[begin:])
            self._host.readings.put(_key(request, place), page.reading, begin, rest)
        return page

    def GetStanding(
        self, request: pb.GetStandingRequest, context: grpc.ServicerContext
    ) -> pb.GetStandingResponse:
        """Return one unit's standing."""
        fields = Fields()
        asked = _question(request, fields)
        score_id = fields.take("score", ID, request.score)
        unit = fields.take("unit", ID, request.unit)
        fields.done()
        self._host.principals.caller(context, "read", asked.locality)
        with viewing(self._host, asked, context) as view:
            score = view.score(score_id)
            row = next((row for row in view.rows(score) if row.unit.id == unit), None)
            if row is None:
                raise _no_unit(unit, score_id, asked.period)
            standing = view.standing(score, row)
            return pb.GetStandingResponse(reading=view.reading(), standing=standing)

    def GetStatement(
        self, request: pb.GetStatementRequest, context: grpc.ServicerContext
    ) -> pb.GetStatementResponse:
        """Return one unit's statement."""
        fields = Fields()
        asked = _question(request, fields)
        score_id = fields.take("score", ID, request.score)
        unit = fields.take("unit", ID, request.unit)
        fields.done()
        self._host.principals.caller(context, "read", asked.locality)
        with viewing(self._host, asked, context) as view:
            made = view.statement(view.score(score_id), unit)
        if made is None:
            raise _no_unit(unit, score_id, asked.period)
        return pb.GetStatementResponse(statement=made)

    def ClosePeriod(
        self, request: pb.ClosePeriodRequest, context: grpc.ServicerContext
    ) -> pb.ClosePeriodResponse:
        """Close a period; return its report."""
        fields = Fields()
        asked = _question(request, fields)
        fields.done()
        by = self._host.principals.caller(context, "operate", asked.locality)
        seq = self._close(asked, by, context)
        if not self._host.wait_decided(context, asked.locality, seq, _CLOSE_PATIENCE):
            return pb.ClosePeriodResponse(seq=seq)
        with viewing(self._host, asked, context) as view:
            seq = view.close.seq if view.close is not None else seq
            return pb.ClosePeriodResponse(seq=seq, report=view.report())

    def _close(self, asked: Question, by: str, context: grpc.ServicerContext) -> int:
        """Close unless that has been done; return the log entry.

        The question is asked of what is known by now: whatever was sent before must count.
        """
        row, _, _ = self._host.runtime.locality(asked.locality)
        self._host.wait_decided(context, asked.locality, row.head_seq, _CLOSE_PATIENCE)
        _, projection, state = self._host.runtime.locality(asked.locality)
        known = state.closes_of(asked.scheme).get(asked.period)
        if known is not None:
            return known.seq
        if projection.stalled_seq is not None:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION, "PROJECTOR_STALLED",
                f"{asked.locality} is stalled at log entry {projection.stalled_seq}: "
                f"{projection.stalled_reason}",
                seq=str(projection.stalled_seq),
            )  # fmt: skip
        return self._host.runtime.close_period(asked.locality, asked.scheme, asked.period, by)

    def GetPeriodReport(
        self, request: pb.GetPeriodReportRequest, context: grpc.ServicerContext
    ) -> pb.GetPeriodReportResponse:
        """Return everything about a period."""
        fields = Fields()
        asked = _question(request, fields)
        fields.done()
        self._host.principals.caller(context, "read", asked.locality)
        with viewing(self._host, asked, context) as view:
            return pb.GetPeriodReportResponse(report=view.report())

    def GetMap(self, request: pb.GetMapRequest, context: grpc.ServicerContext) -> pb.GetMapResponse:
        """Return the units of a score as GeoJSON, coloured by their bands."""
        fields = Fields()
        asked = _question(request, fields)
        score_id = fields.take("score", ID, request.score)
        fields.done()
        self._host.principals.caller(context, "read", asked.locality)
        with viewing(self._host, asked, context) as view:
            score = view.score(score_id)
            geojson = map_geojson(view.rows(score), view.scheme.bands.get(score.id, ()))
            return pb.GetMapResponse(reading=view.reading(), geojson=geojson)


def _key(request: pb.ListStandingsRequest, place: _Place) -> Key:
    """Return what a reading is kept under."""
    asked = (request.locality, request.scheme, request.score, request.period, request.partition)
    return (*asked, str(place.known_at), str(place.as_of))


def _and_next(
    request: pb.ListStandingsRequest, page: pb.ListStandingsResponse, place: _Place
) -> pb.ListStandingsResponse:
    """Return a page that leads on to the next one, if there is one."""
    done = place.done + len(page.standings)
    if done < place.total:
        page.next_page_token = next_token(request, structs.replace(place, done=done))
    return page


def _question(request: Request, fields: Fields) -> Question:
    """Return what all requests of this service ask."""
    plain: Any = request
    names = request.DESCRIPTOR.fields_by_name
    as_of = fields.time(request, "as_of") if "as_of" in names else None
    return Question(
        fields.slug("locality", request.locality),
        fields.slug("scheme", request.scheme),
        fields.period("period", request.period),
        as_of,
        fields.count("known_at", plain.known_at) if "known_at" in names else 0,
        present=as_of is None,
    )


def _no_unit(unit: str, score: str, period: str) -> Refusal:
    return not_found("UNIT_NOT_FOUND", f"score {score} is not about {unit!r} in {period}")
