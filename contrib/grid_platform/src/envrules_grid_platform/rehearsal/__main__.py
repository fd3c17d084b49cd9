"""`python -m envrules_grid_platform.rehearsal`: play a town, and print whether all agrees."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from envrules_grid_platform.rehearsal.play import Outcome, play

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_out = Console(highlight=False)


@app.command()
def rehearse(
    cases: Annotated[int, typer.Option(min=1, help="Cases of the town.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same town.")] = 1,
    kills: Annotated[
        int, typer.Option(min=0, max=40, help="How often bridge or server is killed.")
    ] = 4,
    url: Annotated[
        str, typer.Option(help="Empty host database; a SQLite file of its own when not given.")
    ] = "",
    batch: Annotated[int, typer.Option(help="Flow records read at once.")] = 500,
) -> None:
    """Play a made-up town through a real bridge and a real server, and compare with its truth.

    Exits with 1 if what was written back differs from the direct evaluation.
    """
    with tempfile.TemporaryDirectory() as folder:
        host = url or f"sqlite:///{Path(folder) / 'host.db'}"
        outcome = play(
            Path(folder), host, seed=seed, cases=cases, kills=kills, batch=batch, say=_out.print
        )
    _report(outcome)
    if not outcome.equal:
        raise typer.Exit(1)


def _report(outcome: Outcome) -> None:
    _out.print(
        f"{outcome.writes} writes of the platform, {outcome.kills} kills\n"
        f"{outcome.sent} events stored, {outcome.late} records late, {outcome.parked_rows} fields "
        f"parked ({outcome.unreadable} rows that nobody mends)\n"
        f"{outcome.decisions} decisions written back, {outcome.effective.total()} hold about cases\n"
        f"{len(outcome.standings)} standings: "
        + ("equal to the direct evaluation" if outcome.equal else "DIFFERENT")
    )
    for name, seconds in outcome.seconds.items():
        _out.print(f"{name}: {seconds:.1f} s")
    for key, found in sorted(outcome.standings.items()):
        if outcome.evaluated.get(key) != found:
            _out.print(f"{key}: {found} instead of {outcome.evaluated.get(key)}")
    for one, times in (outcome.effective - outcome.decided).most_common(20):
        _out.print(f"only written back ({times}): {one}")
    for one, times in (outcome.decided - outcome.effective).most_common(20):
        _out.print(f"only evaluated ({times}): {one}")


if __name__ == "__main__":
    app()
