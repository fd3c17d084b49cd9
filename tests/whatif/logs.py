"""Recorded histories for what-if: the worked cases of a scheme, and both ways to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from envrules.cases import factory_for, load_cases
from envrules.cases.model import Overrides
from envrules.cases.runner import run_case
from envrules.engine.chaining import Chainer
from envrules.model.entries import Published
from envrules.plugin_manager import load_plugins
from envrules.ruleset.compile import Scheme
from envrules.runtime.library import Library, Revision
from envrules.whatif import History, Prepared, Question, Tried, prepare, prepare_columns
from envrules.whatif.answering import judge_under
from envrules.whatif.bycolumn import Columns
from envrules.whatif.model import Answer
from envrules.whatif.parquet import frame_of
from envrules.whatif.tried import compiled

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))
PLUGINS, CHAINER = load_plugins(), Chainer()


def text_of(scheme: str) -> str:
    """The ruleset that the scheme's plugin brings."""
    return PLUGINS.schemes[scheme].ruleset.read_text(encoding="utf-8")


def cases_of(path: Path) -> Iterator[tuple[History, Question]]:
    """The log of every case of a scheme that publishes no code table, and a question about all of it."""
    file = load_cases(path.read_text(encoding="utf-8"), str(path))
    factory, text = factory_for(file, PLUGINS), text_of(file.scheme)
    revisions: dict[tuple[str, str], Revision] = {}

    def make(overrides: Overrides, codes: str = "") -> Scheme:
        scheme = factory(overrides, codes=codes)
        if not codes:
            own = {name: dict(values) for name, values in overrides.items()}
            revisions[file.scheme, scheme.revision] = Revision(f"{file.scheme}.yaml", text, own)
        return scheme

    for case in file.cases:
        log = run_case(case, make, CHAINER).log
        named = {(e.scheme, e.revision) for e in log if isinstance(e, Published)}
        if named and named <= revisions.keys():
            yield History("case", log, dict(revisions)), Question(file.scheme, "2000", "2090")


def exactly(history: History, question: Question) -> Prepared:
    """The question, every event taken one by one."""
    return prepare(history, PLUGINS, question)


def by_column(history: History, question: Question) -> Prepared:
    """The question, by column where that can be."""
    log = frame_of(history.entries).lazy()
    columns = Columns(log, history.locality, history.revisions, question.scheme)
    return prepare_columns(columns, PLUGINS, question)


def tried(
    scheme: str, text: str, overrides: Mapping[str, Mapping[str, str]], library: Library
) -> Tried:
    """A text with values, compiled."""
    own = {name: dict(values) for name, values in overrides.items()}
    return compiled(PLUGINS, scheme, Revision(f"{scheme}.yaml", text, own), library)


def same(exact: Prepared, columnar: Prepared, after: Tried) -> tuple[Answer, Answer]:
    """Ask both ways and require one answer, in every field but how it was reckoned."""
    one, other = judge_under(exact, after), judge_under(columnar, after)
    for field in one.__struct_fields__:
        if field != "parts":
            assert getattr(one, field) == getattr(other, field), field
    return one, other
