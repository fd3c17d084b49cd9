"""A question made ready: the side in force is replayed once, and other values are tried against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from envrules.engine.chaining import Chainer
from envrules.engine.registry import Registry
from envrules.model.decisions import Content
from envrules.plugin_manager import Plugins
from envrules.runtime.library import Library
from envrules.whatif import compare
from envrules.whatif.bulk import in_bulk
from envrules.whatif.bycolumn import Columns, Plan
from envrules.whatif.history import History
from envrules.whatif.model import Question, Row
from envrules.whatif.replay import Progress, Replayed, asked, replay
from envrules.whatif.tried import Tried, changed, compiled, merged

__all__ = ["Prepared", "changed", "compiled", "merged", "prepare", "prepare_columns"]


@dataclass(frozen=True)
class Prepared:
    """A question with the side in force replayed."""

    history: History
    question: Question
    plugins: Plugins
    in_force: Tried
    before: Replayed
    held: dict[str, Content]
    """All that holds on the side in force: slot key → content."""
    contents: dict[str, Content]
    """That of it which belongs to the periods asked about."""
    library: Library
    """What is tried, compiled: a text whose values are tried one after another is read once."""
    chainer: Chainer = field(default_factory=Chainer)
    columns: Columns | None = None
    """Where the history comes from, if columns stand for part of it."""
    plan: Plan | None = None
    """How columns and engine share the work then."""

    @property
    def registry(self) -> Registry:
        """The units of the locality."""
        return self.before.locality.projection.registry

    @cached_property
    def rows(self) -> dict[compare.Place, Row]:
        """Every unit of every score and period, both sides alike."""
        found = compare.rows(self.in_force.scheme, self.contents, self.contents, self.registry)
        return {(row.score, row.period, row.unit): row for row in found}

    @cached_property
    def is_plain(self) -> bool:
        """Whether figures alone say where units stand: nothing revoked, each unit there to the end."""
        revoked = any(c.publication == "revoked" for c in self.held.values())
        unknown = any(c.outcome == "no_value" for c in self.contents.values())
        return not revoked and not unknown and all(row.type for row in self.rows.values())

    @cached_property
    def totals(self) -> Counter[compare.Kind]:
        """How many decisions there are of each kind and outcome."""
        made = compare.totals(self.contents.values())
        return made if self.plan is None else made + self.plan.sides[0].decisions


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""


@in_bulk()
def prepare(
    history: History, plugins: Plugins, question: Question, progress: Progress = _silent
) -> Prepared:
    """Replay a history under the revision in force.

    Raises:
        KeyError: the locality has not published the scheme.
        Stopped: `progress` says so.
    """
    library, chainer = Library(plugins), Chainer()
    in_force = _in_force(history, library, question)
    before = replay(history, in_force.scheme, question, chainer, progress)
    held = before.held()
    contents = asked(in_force.scheme, question, held)
    return Prepared(history, question, plugins, in_force, before, held, contents, library, chainer)


def _in_force(history: History, library: Library, question: Question) -> Tried:
    revision = history.in_force(question.scheme)
    if revision is None:
        raise KeyError(question.scheme)
    source = history.source(question.scheme, revision)
    return compiled(library.plugins, question.scheme, source, library)


@in_bulk()
def prepare_columns(
    columns: Columns, plugins: Plugins, question: Question, progress: Progress = _silent
) -> Prepared:
    """Replay a log file under the revision in force, as far as columns do not stand for it.

    Raises:
        KeyError: the log has not published the scheme.
    """
    library, chainer = Library(plugins), Chainer()
    in_force = _in_force(columns.whole, library, question)
    scheme = in_force.scheme
    plan = columns.plan(question, scheme, scheme)
    before = columns.replayed(plan, 0, question, chainer, progress)
    held = before.held()
    contents = asked(scheme, question, held)
    return Prepared(
        columns.whole, question, plugins, in_force, before, held, contents, library, chainer,
        columns, plan,
    )  # fmt: skip
