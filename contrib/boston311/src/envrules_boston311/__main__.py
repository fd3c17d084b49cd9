"""`python -m envrules_boston311 import FOLDER`: the city's files into a running server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from envrules.client import CallFailed, Client
from envrules.credentials import BadCredentials, Credentials, token_in
from envrules_boston311.importer import Importer, Outcome, Stalled
from envrules_boston311.rows import Folder, Remark, read_folder
from envrules_boston311.timeline import SOURCE, Timeline, month_of, timeline

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)


@app.callback()
def main() -> None:
    """Boston's 311 service requests, for envrules."""


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the city's CSV files.")],
    server: Annotated[str, typer.Option(help="Address of the server.")] = "127.0.0.1:50051",
    locality: Annotated[str, typer.Option(help="Locality; created if there is none.")] = "boston",
    scheme: Annotated[str, typer.Option(help="Scheme that judges it.")] = "boston311",
    month: Annotated[
        str, typer.Option(metavar="YYYY-MM", help="Only what happened up to the end of this month "
                          "to requests open in it; month after month gives the whole.")
    ] = "",
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Events sent at once.")] = 1000,
    release: Annotated[
        bool, typer.Option(help="Let time run on with the server's clock at the end.")
    ] = False,
    token_file: Annotated[
        Path | None, typer.Option(envvar="ENVRULES_TOKEN_FILE", metavar="FILE", help="File that "
                                  "holds the token; or set ENVRULES_TOKEN to the token itself.")
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", envvar="ENVRULES_TLS", help="Use TLS, with a server that a "
                           "public authority vouches for.")
    ] = False,
    tls_ca: Annotated[
        Path | None, typer.Option(envvar="ENVRULES_TLS_CA", metavar="FILE", help="Use TLS; PEM "
                                  "file of the authority that vouches for the server.")
    ] = None,
) -> None:  # fmt: skip
    """Send the requests in FOLDER to a server, in order of time.

    Running it again sends nothing twice. Exits with 1 if a row could not be sent.
    """
    try:
        read = read_folder(folder)
        line = timeline(read.requests, month_of(month) if month else None)
    except (OSError, ValueError) as error:
        raise _failure(f"{folder}: {error}") from None
    try:
        # A restart of the server shall not end an import that takes hours.
        with _connect(server, token_file, tls, tls_ca) as client:
            outcome = _send(Importer(client, locality, scheme), line, batch, release)
    except BadCredentials as error:
        raise _failure(f"{server}: {error}") from None
    except CallFailed as error:
        raise _failure(f"{error}\nWhat has a receipt is stored; run it again to go on.") from None
    except Stalled as error:
        raise _failure(f"{locality} has stored everything, but cannot judge {error}") from None
    _report(read, outcome)
    if read.bad or outcome.refused:
        raise typer.Exit(1)


def _connect(server: str, token_file: Path | None, tls: bool, ca: Path | None) -> Client:
    token = token_in(token_file) if token_file else os.environ.get("ENVRULES_TOKEN", "")
    principal = "" if token else SOURCE  # a token says itself whose it is
    return Client.connect(server, Credentials(token, tls, ca), principal=principal, patience=60)


def _send(importer: Importer, line: Timeline, size: int, release: bool) -> Outcome:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_err) as progress:
        total = len(line.units) + len(line.happenings)
        task = progress.add_task("events", total=total)
        return importer.run(
            line, size=size, release=release, stored=lambda n: progress.advance(task, n)
        )


def _report(read: Folder, outcome: Outcome) -> None:
    _list("not sent", read.bad)
    _list("refused by the server", outcome.refused)
    _list("sent otherwise than they read", read.corrected)
    table = Table(show_header=False, box=None)
    for title, figure in (
        ("requests read", len(read.requests)), ("rows not sent", len(read.bad)),
        ("events stored", outcome.stored), ("events known before", outcome.known),
        ("events refused", len(outcome.refused)), ("events late", outcome.late),
    ):  # fmt: skip
        table.add_row(title, str(figure))
    if outcome.locality is not None:
        table.add_row("decisions so far", str(outcome.locality.decision_seq))
        table.add_row(
            "the locality's time", f"{outcome.locality.now.ToDatetime():%Y-%m-%d %H:%M} UTC"
        )
    _out.print(table)
    if outcome.late:
        _err.print(
            f"{outcome.late} events came after the locality's time had passed them: deadlines had "
            "fired without them and were decided anew. Import into a new locality to have all in order."
        )


def _list(title: str, remarks: Sequence[Remark]) -> None:
    if remarks:
        _err.print(f"{title}:")
    for remark in remarks:
        _err.print(f"  {remark.place}: {remark.text}", markup=False, soft_wrap=True)


def _failure(message: str) -> typer.Exit:
    _err.print(message, markup=False, soft_wrap=True)
    return typer.Exit(1)


if __name__ == "__main__":
    app()
