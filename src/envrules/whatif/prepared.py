"""A question made ready: the side in force is replayed once, and other values are tried against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from envrules.engine.chaining import Chainer
from envrules.errors import Problem, RulesetError
from envrules.model.decisions import Content
from envrules.plugin_manager import Plugins
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.codes_diff import diff_codes
from envrules.ruleset.compile import Scheme
from envrules.ruleset.diff import diff_rulesets
from envrules.ruleset.load import LoadedRuleset, load_ruleset
from envrules.ruleset.overrides import Overrides, with_overrides
from envrules.runtime.library import Library, Revision
from envrules.whatif import compare
from envrules.whatif.fork import judged_again
from envrules.whatif.history import History
from envrules.whatif.model import Answer, Changed, Part, Question
from envrules.whatif.reach import (
    moved_parameters,
    moved_tables,
    nodes_reading,
    only_judged,
    readers,
)
from envrules.whatif.replay import Progress, Replayed, asked, replay


@dataclass(frozen=True, slots=True)
class Tried:
    """A ruleset compiled aside: as written, and as the engine sees it."""

    source: Revision
    scheme: Scheme

    def loaded(self) -> LoadedRuleset:
        """Return it with the locality's own values in place."""
        return with_overrides(
            load_ruleset(self.source.text, self.source.file), self.source.overrides
        )


def compiled(plugins: Plugins, scheme: str, source: Revision) -> Tried:
    """Return a ruleset compiled; nothing is kept.

    Raises:
        RulesetError: it is not good, or it is the ruleset of another scheme.
    """
    aside = Library(plugins)
    found = aside.add(source.text, source.file, source.overrides, 0, source.codes)
    if found.slug != scheme:
        raise RulesetError([
            Problem(source.file, 1, 1, "ER303", f"it is the ruleset of scheme {found.slug}",
                    f"give one of scheme {scheme}")
        ])  # fmt: skip
    return Tried(source, found)


@dataclass(frozen=True, slots=True)
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
    chainer: Chainer = field(default_factory=Chainer)


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""


def prepare(
    history: History, plugins: Plugins, question: Question, progress: Progress = _silent
) -> Prepared:
    """Replay a history under the revision in force.

    Raises:
        KeyError: the locality has not published the scheme.
        Stopped: `progress` says so.
    """
    revision = history.in_force(question.scheme)
    if revision is None:
        raise KeyError(question.scheme)
    in_force = compiled(plugins, question.scheme, history.source(question.scheme, revision))
    chainer = Chainer()
    before = replay(history, in_force.scheme, question, chainer, progress)
    held = before.held()
    contents = asked(in_force.scheme, question, held)
    return Prepared(history, question, plugins, in_force, before, held, contents, chainer)


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
    if again is None:
        after = replay(
            prepared.history, tried.scheme, prepared.question, prepared.chainer, progress
        )
        held = after.held()
        part = Part("replayed", "exact", len(after.locality.state.changes.nodes))
    else:
        progress(prepared.history.position, prepared.history.position)
        news = judged_again(prepared.before, tried.scheme, again, prepared.chainer)
        held = {slot: c for slot, c in {**prepared.held, **news}.items() if c is not None}
        part = Part("judged_again", "exact", len(again))
    contents = asked(tried.scheme, prepared.question, held)
    return answer(prepared, tried, changes, contents, part)


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
    ))  # fmt: skip


def merged(own: Overrides, more: Overrides) -> dict[str, dict[str, str]]:
    """Return the locality's own values with others set: day by day, as `publish --set` does."""
    found = {name: dict(values) for name, values in own.items()}
    for name, values in more.items():
        found.setdefault(name, {}).update(values)
    return found


def changed(before: Tried, after: Tried) -> tuple[Changed, ...]:
    """Return what differs between two rulesets, own values and codes included."""
    found = [
        *diff_rulesets(before.loaded(), after.loaded()),
        *diff_codes(before.scheme.codes, after.scheme.codes),
    ]
    return tuple(Changed(c.path, c.title, c.before, c.after, c.since, str(c)) for c in found)


def answer(
    prepared: Prepared, tried: Tried, changes: tuple[Changed, ...],
    contents: Mapping[str, Content], part: Part,
) -> Answer:  # fmt: skip
    """Return the answer that the two sides' contents give."""
    before = prepared.before
    registry = before.locality.projection.registry
    return Answer(
        prepared.history.locality, prepared.question, prepared.in_force.scheme.revision,
        tried.scheme.revision, prepared.history.position,
        changes=changes,
        rows=tuple(compare.rows(tried.scheme, prepared.contents, contents, registry)),
        differences=tuple(compare.differences(prepared.contents, contents, registry)),
        counts=tuple(compare.counts(prepared.contents, contents)),
        parts=(part,),
        as_if_closed=before.as_if_closed,
    )  # fmt: skip
