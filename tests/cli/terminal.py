"""Running commands as from a terminal, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed for programs."""
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """The same, a line each."""
        return [json.loads(line) for line in self.out.splitlines()]


Cli = Callable[..., Ran]
"""Runs `envrules` with these arguments."""
