"""Which replies get lost."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.clients.proxy import Part


class Cuts:
    """Loses parts of replies at random: with this chance, and so many at most one after another."""

    def __init__(self, seed: int, chance: float, parts: Sequence[Part], at_most: int = 3) -> None:
        self._random, self._chance = Random(seed), chance
        self._parts, self._at_most = parts, at_most
        self._row = 0

    def __call__(self, part: Part) -> bool:
        """Decide about one part."""
        if part not in self._parts:
            return False
        lost = self._row < self._at_most and self._random.random() < self._chance
        self._row = self._row + 1 if lost else 0
        return lost
