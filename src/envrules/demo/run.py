"""Runs the demo: a server, two localities, a month, and what came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from envrules import calendar as cal
from envrules.client import Client
from envrules.demo.player import CHIEF, PLATFORM, Played, Player
from envrules.demo.scenario import Scenario, scenario
from envrules.demo.server import Running, running_server
from envrules.demo.show import Show
from envrules.demo.story import Story, load_story
from envrules.report.decisions import ID_SHOWN


def run_demo(
    out: Console, progress_to: Console, folder: Path | None = None, units: int | None = None
) -> list[Played]:
    """Play the story to a server of its own, and print what came of it.

    Args:
        out: where it is printed.
        progress_to: where progress is shown.
        folder: where the database is kept; a temporary one, removed afterwards, if not given.
        units: daily events for so many units of each type only: a shorter demo.

    Raises:
        DemoFailed, ServerFailed, CallFailed: something did not go as it must.
    """
    story, begun = load_story(), monotonic()
    with (
        _folder(folder) as place,
        running_server(place) as server,
        Client.connect(server.address, principal=PLATFORM) as platform,
        Client.connect(server.address, principal=CHIEF) as chief,
    ):
        scenarios = [scenario(story, one, units=units) for one in story.localities]
        _introduce(out, story, server, scenarios)
        played = _play(story, scenarios, platform, chief, progress_to)
        show = Show(out, chief)
        for one in played:
            show.locality(one)
        show.explained(played)
        _conclude(out, show, played, monotonic() - begun)
    _next_steps(out, played, folder)
    return played


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="envrules-demo-") as name:
        yield Path(name)


def _introduce(out: Console, story: Story, server: Running, scenarios: list[Scenario]) -> None:
    count = sum(len(one.events) for one in scenarios)
    out.print(Text.assemble(
        ("envrules demo", "bold"), f": {story.period} in two localities that we made up, ",
        f"{count} events over gRPC\n", (f"server {server.address}, {server.database}", "dim"),
    ))  # fmt: skip


def _play(
    story: Story, scenarios: list[Scenario], platform: Client, chief: Client, shown: Console
) -> list[Played]:
    """Play all scenarios side by side, day by day, as time goes on for all of them."""
    total = sum(len(one.events) for one in scenarios)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("events"),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=shown, transient=True) as progress:
        task = progress.add_task("starting", total=total)
        players = [
            Player(platform, chief, one, story.period, lambda n: progress.advance(task, n))
            for one in scenarios
        ]
        for player in players:
            player.prepare()
        for steps in zip(*(one.steps for one in scenarios), strict=True):
            for player, step in zip(players, steps, strict=True):
                progress.update(task, description=player.day(step))
                player.play(step)
        for player in players:
            player.finish()
    return [player.played for player in players]


def _conclude(out: Console, show: Show, played: list[Played], seconds: float) -> None:
    show.heading("What was shown")
    stored, decided = sum(p.stored for p in played), sum(p.decided for p in played)
    slips = sum(p.given.total() for p in played)
    back = [slip for one in played for slip in one.taken_back]
    out.print(
        f"{stored} events stored, each with a receipt; {decided} decisions in {seconds:.0f} s"
    )
    if back:
        out.print(Text(f"{len(back)} of {slips} slips were revoked by a later event", style="red"))
    else:
        out.print(
            f"{slips} slips given, none revoked by a later event: time never ran ahead of the "
            "watermarks"
        )


def _next_steps(out: Console, played: list[Played], folder: Path | None) -> None:
    """Say what to try next: on the database if it has been kept."""
    out.print()
    if folder is None:
        out.print(Text.assemble(
            ("Next: ", "bold"), "envrules demo --keep  keeps the database and says how to go on.\n"
            "Every number above stands in rulesets/*.yaml (envrules check, envrules test); "
            "the API in proto/envrules/v1 (envrules serve).",
        ))  # fmt: skip
        return
    out.print(Text.assemble(("Next, on what was kept in ", "bold"), str(folder)))
    for command, why in _commands(played, folder):
        out.print(Text.assemble("  ", command, (f"   {why}", "dim")), soft_wrap=True)


def _commands(played: list[Played], folder: Path) -> Iterator[tuple[str, str]]:
    yield f"envrules serve --db sqlite:///{folder}/envrules.db", "then, in another terminal:"
    for one in played:
        place, report = one.scenario.place, one.report
        assert report is not None
        places = [entry for ranked in report.lists for entry in ranked.entries]
        if places:
            yield f"envrules decisions {place.id} --publication proposed", "what waits for a chief"
            yield (f"envrules approve {place.id} {places[0].decision_id[:ID_SHOWN]} --as {CHIEF}",
                   f"release {places[0].unit_title}")  # fmt: skip
        else:
            unit = [s for s in report.scores[0].standings if s.points][-1]
            following = cal.next_period(report.reading.period)
            yield f"envrules statement {place.id} {unit.unit} {report.reading.period}", "对账单"
            command = f"envrules standings {place.id} {place.scheme} {unit.score} {following}"
            yield command, "the next period, with what came late"
