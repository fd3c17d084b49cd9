"""Trying values on recorded history: the questions of one page, each answered by the what-if."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from envrules import whatif
from envrules.engine.registry import Registry
from envrules.model.values import ALWAYS
from envrules.plugin_manager import Plugins
from envrules.ruleset.compile import Scheme
from envrules.store import Store
from envrules.workbench.edits import Value, is_cell, throughout
from envrules.workbench.parameters import as_typed

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Simulation:
    """A locality's history with one side replayed, and the text to try values in."""

    prepared: whatif.Prepared
    text: str
    """The ruleset as it stands in its file; empty: the one in force."""
    file: str

    def answer(self, values: Mapping[str, Value]) -> whatif.Answer:
        """Return what would differ had these values held throughout, whatever their dates are.

        Raises:
            RulesetError: the ruleset with these values is not good.
            CannotEdit: a cell is written in a way that is left alone.
        """
        source = self.prepared.in_force.source
        tried = {
            name: {**dict.fromkeys(source.overrides.get(name, ()), typed), ALWAYS: typed}
            for name, value in values.items() if not is_cell(name)
            for typed in (as_typed(value),)
        }  # fmt: skip
        cells = {name: value for name, value in values.items() if is_cell(name)}
        text = throughout(self.text or source.text, cells)
        return whatif.rejudge(self.prepared, tried, text=text, file=self.file)

    @property
    def scheme(self) -> Scheme:
        """The scheme as it is in force."""
        return self.prepared.in_force.scheme

    @property
    def registry(self) -> Registry:
        """The units of the locality."""
        return self.prepared.before.locality.projection.registry


def simulation(
    store: Store, plugins: Plugins, locality: str, question: whatif.Question, text: str, file: str
) -> Simulation:
    """Read a locality's history and replay it under the revision in force. Takes a while."""
    history = whatif.from_store(store, locality)
    return Simulation(whatif.prepare(history, plugins, question), text, file)


class Latest(Generic[Q, A]):
    """Answers questions one at a time, in a thread; of those that come meanwhile only the last.

    So a slider may be dragged as fast as one likes: each answer is of a place it has been at, and
    the last answer is of the place where it was let go.
    """

    def __init__(self, answer: Callable[[Q], A], show: Callable[[Q, A], Awaitable[None]]) -> None:
        """`answer` runs in a thread; `show` in the event loop."""
        self._answer, self._show = answer, show
        self._waiting: list[Q] = []
        self._busy = False

    async def ask(self, question: Q) -> None:
        """Ask; return once this or a later question has been answered and shown, or at once."""
        self._waiting = [question]
        if self._busy:
            return
        self._busy = True
        try:
            while self._waiting:
                now = self._waiting.pop()
                await self._show(now, await asyncio.to_thread(self._answer, now))
        finally:
            self._busy = False
