"""`envrules report`: the month's bulletin (通报) as an office sends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from envrules import calendar as cal
from envrules.cli.documents import Form, Format, Out, check_out, write
from envrules.cli.letterhead import (
    Copy,
    Dated,
    Issuer,
    Letter,
    Number,
    SignedBy,
    To,
    letterhead,
)
from envrules.cli.server import DEFAULT_ADDRESS, AsName, Client, ServerAddress, connected
from envrules.cli.shell import USAGE, Failure, LocalityArg, zone_of
from envrules.cli.standings import PeriodArg
from envrules.client import CallFailed
from envrules.report.bulletin import Month, bulletin
from envrules.v1 import decisions_pb2, standings_pb2


def report(
    locality: LocalityArg,
    period: PeriodArg,
    form: Form = Format.HTML,
    out: Out = None,
    scheme: Annotated[
        str, typer.Option(help="Scheme (slug); needed where the locality uses several.")
    ] = "",
    periods: Annotated[
        int, typer.Option(min=1, max=36, help="Periods that the charts show, this one included.")
    ] = 6,
    letter: Letter = None,
    issuer: Issuer = "",
    number: Number = "",
    signed_by: SignedBy = "",
    to: To = "",
    copy: Copy = None,
    date: Dated = "",
    server: ServerAddress = DEFAULT_ADDRESS,
    principal: AsName = "",
) -> None:
    """Write a period's bulletin (通报): ranking, lists, rates, slips, repeats, appeals, trends.

    Each figure names the decisions that it rests on. Of a period that is not closed yet it is a
    preview, and says so.
    """
    head = letterhead(
        letter, issuer=issuer, number=number, signatory=signed_by, to=to, copies=copy, date=date
    )
    check_out(form, out)
    with connected(server, principal) as client:
        where = client.locality(locality)
        chosen = scheme or _only_scheme([binding.scheme for binding in where.schemes], locality)
        month = gather(client, locality, chosen, period, periods, where.timezone)
    named = where.title if where.title != locality else ""  # an id is no name to print
    write(bulletin(month, head, named), form, out)


def _only_scheme(bound: list[str], locality: str) -> str:
    if len(bound) == 1:
        return bound[0]
    if not bound:
        raise Failure(f"{locality} is not judged by any scheme", "see envrules localities")
    raise Failure(f"{locality} uses several schemes", f"--scheme {' or '.join(bound)}", USAGE)


def gather(
    client: Client, locality: str, scheme: str, period: str, periods: int, timezone: str
) -> Month:
    """Ask a server for all that the bulletin says."""
    report = client.report(locality, scheme, period)

    def decided(**filters: Any) -> list[decisions_pb2.Decision]:
        return list(client.list_decisions(locality, schemes=[scheme], **filters))

    kind = cal.period_kind(period)
    recurred = [
        d for d in decided(kinds=["recurrence"], outcomes=["recurred"])
        if cal.period_of(timezone, d.at.ToMicroseconds(), kind) == period
    ]  # fmt: skip
    return Month(
        report, list(_earlier(client, locality, scheme, period, periods - 1)),
        late=decided(kinds=["deadline"], outcomes=["overdue", "force_closed"]),
        recurred=recurred, held=decided(publications=[decisions_pb2.PUBLICATION_HELD]),
        maps=[(s.score, client.geojson(locality, scheme, s.score, period)) for s in report.scores],
        zone=zone_of(timezone),
    )  # fmt: skip


def _earlier(
    client: Client, locality: str, scheme: str, period: str, count: int
) -> Iterator[standings_pb2.PeriodReport]:
    """Yield the reports of so many periods before this one, oldest first, as far as there are."""
    names = []
    for _ in range(count):
        period = cal.previous_period(period)
        names.append(period)
    for name in reversed(names):
        try:
            yield client.report(locality, scheme, name)
        except CallFailed as error:
            if error.reason != "NO_VALUE_IN_FORCE":  # the ruleset knows nothing of those days
                raise
