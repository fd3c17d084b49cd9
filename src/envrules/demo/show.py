"""What the demo prints: the month as an office, a platform and an author would look at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from envrules.client import Client
from envrules.demo.player import Played
from envrules.report import decision_table, explanation, list_tables, standing_table
from envrules.report.tables import PUBLICATION, facts
from envrules.v1 import decisions_pb2 as pb
from envrules.v1 import standings_pb2

TABLE_LIMIT = 22
"""Units of a table that is shown whole; of a longer one its two ends."""
_END = 5


class Show:
    """Prints what came of the scenarios, asking the server for what it shows."""

    def __init__(self, console: Console, client: Client) -> None:
        self._console, self._client = console, client

    def heading(self, text: str) -> None:
        """Print the beginning of a part."""
        self._console.print()
        self._console.print(Rule(Text(text, style="bold cyan"), align="left", style="dim"))

    def locality(self, played: Played) -> None:
        """Print slips, standings, lists and what came after the close of one locality."""
        place, report = played.scenario.place, played.report
        assert report is not None
        self.heading(f"{place.title}  locality {place.id}, scheme {place.scheme}")
        self._print("Slips and what else was decided", _counts(played, report.consequences))
        for score in report.scores:
            if score.score == place.shows.score:
                self._print("Standings at the close", self._standings(played, score))
        if report.lists:
            self._print("Lists, proposed at the close: they wait for approval",
                        list_tables(report.lists))  # fmt: skip
        for barred in self._client.list_decisions(place.id, kinds=["list"], outcomes=["barred"]):
            self._console.print(barred.reason)
        later = self._after_the_close(played)
        if later:
            zone = ZoneInfo(place.timezone)
            self._print("After the close: corrections, and what was owed",
                        decision_table(later, zone))  # fmt: skip

    def explained(self, played: Iterable[Played]) -> None:
        """Print one decision in full: the one that the story names."""
        for one in played:
            place = one.scenario.place
            if place.explains is None:
                continue
            decision = next(
                d for d in reversed(one.slips)
                if place.explains.issue in d.issues and d.outcome == place.explains.outcome
            )  # fmt: skip
            self.heading(f"One decision, explained: envrules explain {place.id} {decision.id[:8]}")
            self._console.print(Text(place.explains.note, style="dim"))
            self._console.print()
            answer = self._client.decision(place.id, decision.id)
            self._console.print(explanation(answer, ZoneInfo(place.timezone)))

    def _print(self, title: str, body: object) -> None:
        self._console.print()
        self._console.print(Text(title, style="bold"))
        self._console.print(body)

    def _standings(self, played: Played, score: standings_pb2.ScoreReport) -> RenderableType:
        assert played.report is not None
        zone = ZoneInfo(played.scenario.place.timezone)
        shown, left_out = list(score.standings), 0
        if len(shown) > TABLE_LIMIT:
            left_out = len(shown) - 2 * _END
            shown = [*shown[:_END], *shown[-_END:]]
        titles = {ranked.list: ranked.title for ranked in played.report.lists}
        made = standing_table(played.report.reading, shown, zone, score.title, titles)
        return Group(made, Text(f"（中间 {left_out} 个单位略）")) if left_out else made

    def _after_the_close(self, played: Played) -> list[pb.Decision]:
        """Return adjustments, corrected figures, and reports handed in since the close."""
        report, place = played.report, played.scenario.place
        assert report is not None
        return [
            decision
            for decision in self._client.list_decisions(
                place.id, kinds=["adjustment", "score", "duty"]
            )
            if decision.log_seq > report.closed_seq and decision.outcome in place.shows.later
        ]


def _counts(played: Played, consequences: Iterable[pb.Decision]) -> Table:
    """Return how many slips and consequences stand, and how far they are on their way out."""
    current = {(d.slot.rule, d.slot.subject, d.slot.anchor): d for d in played.slips}
    counted: dict[str, Counter[str]] = {}
    for decision in (*current.values(), *consequences):
        if decision.kind in ("slip", "consequence"):
            word = PUBLICATION[decision.publication]
            counted.setdefault(decision.title, Counter())[word] += 1
    return facts(
        (title, "，".join(f"{word} {number}" for word, number in numbers.items()))
        for title, numbers in counted.items()
    )
