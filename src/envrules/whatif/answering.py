"""The answer: what is tried is judged as far as it reaches, and held against the side in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from envrules.plugin_manager import Plugins
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.overrides import Overrides
from envrules.runtime.library import Revision
from envrules.whatif import compare
from envrules.whatif.bycolumn import Columns
from envrules.whatif.fork import judged_again
from envrules.whatif.history import History
from envrules.whatif.model import Answer, Changed, Part, Question
from envrules.whatif.prepared import Prepared, prepare
from envrules.whatif.reach import (
    moved_parameters,
    moved_tables,
    nodes_reading,
    only_judged,
    readers,
)
from envrules.whatif.replay import Progress, Replayed, asked, replay
from envrules.whatif.tried import Tried, changed, compiled, merged


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""


def rejudge(
    prepared: Prepared, overrides: Overrides, *, text: str = "", file: str = "",
    codes: CodeTableText | None = None, progress: Progress = _silent,
) -> Answer:  # fmt: skip
    """Return what would differ with other values, or under another text.

    Args:
        prepared: the question, see `prepare`.
        overrides: the locality's own values, in place of those in force where they are given.
        text: the ruleset to try; the one in force if empty.
        file: its name, for problems and citations.
        codes: table of the host's codes; the one in force if None.
        progress: told how far the replay is.

    Raises:
        RulesetError: the ruleset or a value is not good.
        Stopped: `progress` says so.
    """
    tried = trial(prepared, overrides, text=text, file=file, codes=codes)
    return judge_under(prepared, tried, progress)


def judge_under(prepared: Prepared, tried: Tried, progress: Progress = _silent) -> Answer:
    """Return what would differ under a compiled ruleset.

    Raises:
        Stopped: `progress` says so.
    """
    changes = changed(prepared.in_force, tried)
    again = _nodes_to_judge(prepared, tried, changes)
    if again is not None:
        progress(prepared.history.position, prepared.history.position)
        return _judged_again(prepared, tried, changes, again)
    if prepared.columns is not None:
        return _by_column(prepared, prepared.columns, tried, changes, progress)
    after = replay(prepared.history, tried.scheme, prepared.question, prepared.chainer, progress)
    part = Part("replayed", "exact", len(after.locality.state.changes.nodes))
    return _answer(prepared, tried, changes, after, (part,))


def _judged_again(
    prepared: Prepared, tried: Tried, changes: tuple[Changed, ...], again: set[str]
) -> Answer:
    """Return the answer where a change reaches only some nodes, and no event."""
    before, registry = prepared.contents, prepared.registry
    parts = prepared.plan.parts if prepared.plan is not None else ()
    news = judged_again(prepared.before, tried.scheme, again, prepared.chainer)
    new = {slot: content for slot, content in news.items() if content is not None}
    new = asked(tried.scheme, prepared.question, new)
    old = {slot: before[slot] for slot in news if slot in before}
    now = {**before, **new}
    for slot in old.keys() - new.keys():
        del now[slot]
    totals = compare.totals(new.values())
    totals.update(prepared.totals)
    totals.subtract(compare.totals(old.values()))
    return Answer(
        prepared.history.locality, prepared.question, prepared.in_force.scheme.revision,
        tried.scheme.revision, prepared.history.position, changes,
        tuple(compare.moved_rows(tried.scheme, prepared.rows, now, (*old.values(), *new.values()))),
        tuple(compare.differences(old, new, registry)),
        tuple(compare.counts(old, new, prepared.totals, totals)),
        (*parts, Part("judged_again", "exact", len(again))),
        prepared.before.as_if_closed,
    )  # fmt: skip


def _by_column(
    prepared: Prepared, columns: Columns, tried: Tried, changes: tuple[Changed, ...],
    progress: Progress,
) -> Answer:  # fmt: skip
    """Return the answer of both sides, tallied by column where that gives the same."""
    question, chainer, scheme = prepared.question, prepared.chainer, prepared.in_force.scheme
    plan = columns.plan(question, scheme, tried.scheme)
    if prepared.plan is None or not plan.same_before(prepared.plan):
        before = columns.replayed(plan, 0, question, chainer, progress)
        held = before.held()
        contents = asked(scheme, question, held)
        prepared = replace(prepared, before=before, held=held, contents=contents, plan=plan)
    after = columns.replayed(plan, 1, question, chainer, progress)
    return _answer(prepared, tried, changes, after, plan.parts, plan.sides[1].decisions)


_AFTER_TALLIES = frozenset({"bands", "lists", "demotions", "rules", "indicators"})
"""Sections that a tally does not depend on."""


def _nodes_to_judge(
    prepared: Prepared, tried: Tried, changes: Sequence[Changed]
) -> set[str] | None:
    """Return the nodes that a change of parameters reaches first; None: the log must be replayed."""
    moved = [change.path for change in changes]
    tables = moved_tables(moved)
    names = moved_parameters(path for path in moved if not moved_tables([path]))
    if names is None:
        return None
    scheme = prepared.in_force.scheme
    paths = [*readers(prepared.in_force.loaded(), names), *(("tables", name) for name in tables)]
    if not only_judged(scheme, paths):
        return None
    if prepared.columns is not None and not all(path[0] in _AFTER_TALLIES for path in paths):
        return None
    keys = prepared.before.locality.state.changes.nodes
    return {
        key for path in paths
        for key in nodes_reading(scheme, tried.scheme, path, keys, prepared.held)
    }  # fmt: skip


def simulate(
    history: History, plugins: Plugins, question: Question, tried: Tried,
    progress: Progress = _silent,
) -> Answer:  # fmt: skip
    """Prepare and judge at once; `progress` counts the entries of both sides."""
    whole = 2 * history.position

    def first(done: int, _total: int) -> None:
        progress(done, whole)

    def second(done: int, _total: int) -> None:
        progress(history.position + done, whole)

    return judge_under(prepare(history, plugins, question, first), tried, second)


def trial(
    prepared: Prepared, overrides: Overrides, *, text: str = "", file: str = "",
    codes: CodeTableText | None = None,
) -> Tried:  # fmt: skip
    """Return the ruleset to try, compiled."""
    own = prepared.in_force.source
    return compiled(prepared.plugins, prepared.question.scheme, Revision(
        file or own.file, text or own.text, merged(own.overrides, overrides),
        codes if codes is not None else own.codes,
    ), prepared.library)  # fmt: skip


def _answer(
    prepared: Prepared, tried: Tried, changes: tuple[Changed, ...], after: Replayed,
    parts: tuple[Part, ...], aside: Counter[compare.Kind] | None = None,
) -> Answer:  # fmt: skip
    """Return the answer that the two sides' contents give; `aside`: see `Prepared`."""
    before, registry = prepared.contents, prepared.registry
    contents = asked(tried.scheme, prepared.question, after.held())
    totals = compare.totals(contents.values()) + (aside or Counter())
    return Answer(
        prepared.history.locality, prepared.question, prepared.in_force.scheme.revision,
        tried.scheme.revision, prepared.history.position, changes,
        tuple(compare.rows(tried.scheme, before, contents, registry)),
        tuple(compare.differences(before, contents, registry)),
        tuple(compare.counts(before, contents, prepared.totals, totals)),
        parts, prepared.before.as_if_closed,
    )  # fmt: skip
