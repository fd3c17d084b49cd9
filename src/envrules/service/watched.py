"""The ruleset files that the server watches: what became of the last edit of each."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from envrules.errors import Problem
from envrules.model.base import Instant


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """One file, as it was last read."""

    file: str
    """How it is named in problems and citations."""
    read_at: Instant
    problems: tuple[Problem, ...] = ()
    """Why it cannot be used as it is; empty: it can."""
    accepted: int = 0
    """Good edits since the server started."""
    refused: int = 0
    """Bad ones."""


class WatchedFiles:
    """All of them, by scheme. Written by the thread that watches, read by calls."""

    def __init__(self) -> None:
        self._files: dict[str, WatchedFile] = {}
        self._lock = threading.Lock()

    def __getitem__(self, scheme: str) -> WatchedFile | None:
        with self._lock:
            return self._files.get(scheme)

    def all(self) -> dict[str, WatchedFile]:
        """Return every file by its scheme."""
        with self._lock:
            return dict(self._files)

    def found(self, scheme: str, file: str, at: Instant, problems: Sequence[Problem]) -> None:
        """Note a file that was there when the server started."""
        with self._lock:
            self._files[scheme] = WatchedFile(file, at, tuple(problems))

    def edited(self, scheme: str, file: str, at: Instant, problems: Sequence[Problem]) -> None:
        """Note an edit, which is good unless there are problems."""
        with self._lock:
            before = self._files.get(scheme, WatchedFile(file, at))
            self._files[scheme] = replace(
                before, file=file, read_at=at, problems=tuple(problems),
                accepted=before.accepted + (not problems), refused=before.refused + bool(problems),
            )  # fmt: skip

    def gone(self, scheme: str) -> None:
        """Forget a file that is there no more."""
        with self._lock:
            self._files.pop(scheme, None)

    def usable(self) -> dict[str, bool]:
        """Return of each scheme whether its file, as it is now, can be used."""
        with self._lock:
            return {scheme: not file.problems for scheme, file in self._files.items()}
