"""The laws over every worked case: all rule kinds of all schemes, as localities use them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.laws.oracle import recompute

from envrules.cases import factory_for, load_cases
from envrules.cases.model import Overrides
from envrules.cases.results import CaseResult, SchemeFactory
from envrules.cases.runner import run_case
from envrules.engine.chaining import Chainer
from envrules.engine.memory import MemoryLocality
from envrules.model.entries import Arrived, Entry
from envrules.model.events import AppealDecided, AppealFiled
from envrules.plugin_manager import load_plugins
from envrules.ruleset.compile import Scheme

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))
CHAINER = Chainer()


class Revisions:
    """The revisions that cases publish, by name."""

    def __init__(self, schemes: SchemeFactory) -> None:
        self._schemes = schemes
        self._known: dict[str, Scheme] = {}

    def make(self, overrides: Overrides, codes: str = "") -> Scheme:
        """Compile, and remember."""
        scheme = self._schemes(overrides, codes)
        self._known[scheme.revision] = scheme
        return scheme

    def __call__(self, _scheme: str, revision: str) -> Scheme:
        """Return a revision by its name."""
        return self._known[revision]


def results(path: Path) -> Iterator[tuple[CaseResult, Revisions]]:
    """Run every case of a file."""
    file = load_cases(path.read_text(encoding="utf-8"), str(path))
    revisions = Revisions(factory_for(file, load_plugins()))
    for case in file.cases:
        yield run_case(case, revisions.make, CHAINER), revisions


def held(entries: list[Entry], revisions: Revisions) -> dict[str, str]:
    """Return what the engine holds after these entries, one by one: slot → essence."""
    locality = MemoryLocality("case", revisions, CHAINER)
    locality.replay(entries)
    return {slot: d.content.essence() for slot, d in locality.effective().items()}


def segments(log: tuple[Entry, ...]) -> Iterator[list[Entry]]:
    """Yield the runs of events between other entries; an appeal against a decision stands alone."""
    run: list[Entry] = []
    for entry in log:
        payload = entry.event.payload if isinstance(entry, Arrived) else None
        about = isinstance(payload, AppealFiled | AppealDecided) and "\n" in payload.target
        if isinstance(entry, Arrived) and not about:
            run.append(entry)
            continue
        yield run
        yield [entry]
        run = []
    yield run


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_incremental_is_recomputed(path: Path) -> None:
    """What the engine arrives at step by step, a recomputation from the whole log finds as well."""
    for result, revisions in results(path):
        again = recompute(list(result.log), revisions)
        wanted = {slot: content.essence() for slot, content in again.items()}
        assert held(list(result.log), revisions) == wanted, result.case.name


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_order_and_repetition_of_arrival_do_not_matter(path: Path) -> None:
    """Events between the same ticks, closes and acts may arrive in any order, and twice."""
    draw = random.Random(path.stem)
    for result, revisions in results(path):
        once = held(list(result.log), revisions)
        mixed: list[Entry] = []
        for run in segments(result.log):
            twice = [*run, *draw.sample(run, len(run) // 2)] if len(run) > 1 else run
            mixed += draw.sample(twice, len(twice))
        assert held(mixed, revisions) == once, result.case.name
