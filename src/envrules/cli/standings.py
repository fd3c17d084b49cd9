"""`envrules standings`, `statement`, `close`: what units stand at, and the end of a period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

import grpc
import typer
from rich.console import RenderableType

from envrules.cli.documents import Format, Out, check_out, write
from envrules.cli.letterhead import Letter, letterhead
from envrules.cli.server import (
    DEFAULT_ADDRESS,
    AsName,
    Client,
    ServerAddress,
    connected,
    instant_of,
)
from envrules.cli.shell import USAGE, AsJson, Failure, LocalityArg, show, show_json
from envrules.client import CallFailed
from envrules.report import (
    as_plain,
    decision_table,
    list_tables,
    standing_table,
    statement_report,
)
from envrules.report.bulletin import statement_document
from envrules.v1 import standing_service_pb2, standings_pb2
from envrules.wire.field_types import timestamp

SchemeArg = Annotated[str, typer.Argument(help="Scheme (slug).", metavar="SCHEME")]
PeriodArg = Annotated[str, typer.Argument(help="Such as 2026-10.", metavar="PERIOD")]
AsOf = Annotated[str, typer.Option(help="Leave out what occurred later.", metavar="TIME")]
KnownAt = Annotated[
    int, typer.Option(min=0, help="Leave out what was stored later.", metavar="SEQ")
]


class StatementFormat(StrEnum):
    """How a statement is written."""

    TEXT = "text"
    HTML = "html"
    DOCX = "docx"
    XLSX = "xlsx"


def standings(
    locality: LocalityArg,
    scheme: SchemeArg,
    score: Annotated[str, typer.Argument(help="Score in the ruleset.", metavar="SCORE")],
    period: PeriodArg,
    as_of: AsOf = "",
    known_at: KnownAt = 0,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Show what the units of a locality stand at, best first."""
    with connected(server, principal) as client:
        zone = client.zone(locality)
        request = standing_service_pb2.ListStandingsRequest(
            locality=locality, scheme=scheme, score=score, period=period, known_at=known_at,
            as_of=timestamp(instant_of(as_of, zone, "--as-of")) if as_of else None, page_size=1000,
        )  # fmt: skip
        reading, found = client.standings_read(request)
    if as_json:
        show_json({
            "reading": as_plain(reading, zone),
            "standings": [as_plain(standing, zone) for standing in found],
        })  # fmt: skip
    else:
        show(standing_table(reading, found, zone))


def statement(
    locality: LocalityArg,
    unit: Annotated[str, typer.Argument(help="Unit (id).", metavar="UNIT")],
    period: PeriodArg,
    scheme: Annotated[str, typer.Option(help="Only this scheme.")] = "",
    score: Annotated[str, typer.Option(help="Only this score.")] = "",
    as_of: AsOf = "",
    known_at: KnownAt = 0,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
    form: Annotated[
        StatementFormat, typer.Option("--format", help="Text, or a document to hand out.")
    ] = StatementFormat.TEXT,
    out: Out = None,
    letter: Letter = None,
) -> None:
    """Print a unit's statement (对账单): each deduction with time, place and row."""
    document = None if form is StatementFormat.TEXT else Format(form)
    if document is not None:
        check_out(document, out)
    elif out is not None or letter is not None:
        raise Failure("text is printed", "add --format html, docx or xlsx", USAGE)
    head = letterhead(letter)
    with connected(server, principal) as client:
        zone = client.zone(locality)
        moment = instant_of(as_of, zone, "--as-of") if as_of else None
        found: list[standings_pb2.Statement] = []
        refused: list[CallFailed] = []
        for one_scheme, one_score in _scores(client, locality, scheme, score):
            try:
                found.append(client.statement(
                    locality, one_scheme, one_score, period, unit, as_of=moment, known_at=known_at
                ))  # fmt: skip
            except CallFailed as error:
                if error.code is not grpc.StatusCode.NOT_FOUND:
                    raise
                refused.append(error)
        if refused and not found:
            # A score of other periods says less than one that does not know the unit.
            raise min(refused, key=lambda error: error.reason == "PERIOD_NOT_FOUND")
        titles = _titles(client, found) if document is not None else {}
    if not found:
        raise Failure(f"{locality} is not judged by any scheme", "see envrules localities")
    if document is not None:
        write(statement_document(found, head, zone, titles), document, out)
    elif as_json:
        show_json([as_plain(one, zone) for one in found])
    else:
        show(*(statement_report(one, zone) for one in found))


def _scores(client: Client, locality: str, scheme: str, score: str) -> Iterator[tuple[str, str]]:
    """Yield the scores (with their schemes) that are meant; those of other periods are refused."""
    bound = [binding.scheme for binding in client.locality(locality).schemes]
    for one in [scheme] if scheme else bound:
        for name in [score] if score else client.scores(locality, one):
            yield one, name


def _titles(
    client: Client, statements: Iterable[standings_pb2.Statement]
) -> dict[tuple[str, str], str]:
    """Return the titles of the scores that statements are about, with their schemes' titles."""
    titles: dict[tuple[str, str], str] = {}
    readings = {one.reading.scheme: one.reading for one in statements}
    for scheme, reading in readings.items():
        report = client.report(reading.locality, scheme, reading.period)
        titles |= {
            (scheme, score.score): f"{report.title}：{score.title}" for score in report.scores
        }
    return titles


def close(
    locality: LocalityArg,
    scheme: SchemeArg,
    period: PeriodArg,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Close a period for good: freeze its figures, give bands, ranks, lists and what follows.

    It cannot be undone. Later facts become adjustments of the next period; only an upheld appeal
    corrects a closed one.
    """
    with connected(server, principal) as client:
        zone = client.zone(locality)
        response = client.close_period(locality, scheme, period)
    if as_json:
        show_json(as_plain(response, zone))
        return
    if not response.HasField("report"):
        print(f"{period} is closed at log entry {response.seq}; it is still being judged")
        return
    report = response.report
    titles = {ranked.list: ranked.title for ranked in report.lists}
    parts: list[RenderableType] = [
        standing_table(report.reading, score.standings, zone, score.title, titles)
        for score in report.scores
    ]
    parts.append(list_tables(report.lists))
    if report.indicators:
        parts.append(decision_table(report.indicators, zone))
    parts.append(decision_table(report.consequences, zone))
    show(*parts)


def geojson(
    locality: LocalityArg,
    scheme: SchemeArg,
    score: Annotated[str, typer.Argument(help="Score in the ruleset.", metavar="SCORE")],
    period: PeriodArg,
    as_of: AsOf = "",
    known_at: KnownAt = 0,
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
) -> None:
    """Print the units of a score as GeoJSON, coloured by their bands: for any map program."""
    with connected(server, principal) as client:
        at = instant_of(as_of, client.zone(locality), "--as-of") if as_of else None
        print(client.geojson(locality, scheme, score, period, as_of=at, known_at=known_at))
