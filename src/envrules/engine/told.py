"""What issues and recurrences had told a score by the time that counts."""

from __future__ import annotations

from collections.abc import Iterable

from envrules.engine.judging import ChargedFeed, Feed, RectifiedFeed, RecurredFeed


class Told:
    """What a score of one unit and period has been told; of a closed period, by its close."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._limits: dict[tuple[str, str], RectifiedFeed] = {}
        self._charged: dict[str, str] = {}
        self.recurred: list[RecurredFeed] = []
        for feed in feeds:
            match feed:
                case RectifiedFeed():
                    self._limits[feed.issue, feed.deadline] = feed
                case ChargedFeed():
                    known = self._charged.get(feed.issue, feed.event)
                    self._charged[feed.issue] = min(known, feed.event)
                case RecurredFeed():
                    self.recurred.append(feed)
                case _:
                    pass

    def limit(self, issue: str, deadline: str) -> RectifiedFeed | None:
        """Return how an issue stands against a deadline, if it has told."""
        return self._limits.get((issue, deadline))

    def charged(self, issue: str) -> str:
        """Return the event by which an earlier period has charged the issue, or ''."""
        return self._charged.get(issue, "")
