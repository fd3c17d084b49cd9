"""`envrules demo`: a month of two localities, from events to lists, on a server of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from envrules.cli.shell import REFUSED, AsJson, Failure, show_json
from envrules.client import CallFailed
from envrules.demo.player import DemoFailed, Played
from envrules.demo.run import run_demo
from envrules.demo.server import ServerFailed
from envrules.report import console


def demo(
    keep: Annotated[
        bool, typer.Option(help="Keep the database, in the folder envrules-demo.")
    ] = False,
    units: Annotated[
        int | None, typer.Option(min=1, help="Daily events for so many units only: shorter.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play a month to a real server: slips, standings, lists, an explained decision.

    Starts a server on a free port with a database of its own, and removes both at the end.
    """
    folder = Path("envrules-demo").resolve() if keep else None
    if folder is not None and (folder / "envrules.db").exists():
        raise Failure(f"{folder} holds a demo already", "remove it, or run without --keep")
    out = Console(quiet=True) if as_json else console()
    try:
        played = run_demo(out, Console(stderr=True), folder, units)
    except (DemoFailed, ServerFailed, CallFailed) as error:
        raise Failure(f"the demo has failed: {error}") from None
    if as_json:
        show_json([_plain(one) for one in played])
    if any(one.taken_back for one in played):
        raise typer.Exit(REFUSED)


def _plain(played: Played) -> dict[str, object]:
    return {
        "locality": played.scenario.place.id,
        "events": played.stored,
        "decisions": played.decided,
        "slips": {outcome: n for (outcome, _), n in sorted(played.given.items())},
        "slips_taken_back": len(played.taken_back),
    }
