"""Judging again what a threshold reaches gives what a whole replay gives."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from envrules.cases import factory_for, load_cases
from envrules.cases.model import Overrides
from envrules.cases.runner import run_case
from envrules.engine.chaining import Chainer
from envrules.errors import RulesetError
from envrules.kinds.score_specs import RowSpec
from envrules.model.entries import Published
from envrules.plugin_manager import load_plugins
from envrules.ruleset.compile import Scheme
from envrules.ruleset.edit import Simple
from envrules.runtime.library import Library, Revision
from envrules.whatif import (
    Answer,
    History,
    Prepared,
    Question,
    answering,
    prepare,
    rejudge,
    rows_under,
)
from envrules.whatif.tried import compiled, merged
from envrules.workbench.edits import throughout

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))
PLUGINS, CHAINER = load_plugins(), Chainer()
PER_SCHEME = 6
"""Cases a scheme of which every threshold is moved; all of them would take minutes."""


def histories(path: Path) -> list[Prepared]:
    """The first cases of a scheme that publish no code table, with the side in force replayed."""
    file = load_cases(path.read_text(encoding="utf-8"), str(path))
    factory, source = factory_for(file, PLUGINS), PLUGINS.schemes[file.scheme].ruleset
    text = source.read_text(encoding="utf-8")
    revisions: dict[tuple[str, str], Revision] = {}

    def make(overrides: Overrides, codes: str = "") -> Scheme:
        scheme = factory(overrides, codes=codes)
        if not codes:
            own = {name: dict(values) for name, values in overrides.items()}
            revisions[file.scheme, scheme.revision] = Revision(source.name, text, own)
        return scheme

    found = []
    for case in file.cases[:PER_SCHEME]:
        log = run_case(case, make, CHAINER).log
        named = {(e.scheme, e.revision) for e in log if isinstance(e, Published)}
        if named <= revisions.keys():
            history = History("case", log, revisions)
            found.append(prepare(history, PLUGINS, Question(file.scheme, "2000", "2090")))
    return found


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_judging_again_is_replaying(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each number of a scheme, moved by one: both ways give the same answer, and none differs alone."""
    for ready in histories(path):
        same = rejudge(ready, {})
        library = Library(PLUGINS)
        assert not same.differences
        assert not same.movers
        for name, parameter in ready.in_force.scheme.parameters.items():
            value = parameter.dated.all()[-1].value
            if not isinstance(value, Decimal):
                continue
            tried = {name: {"always": str(value + 1)}}
            try:
                quick = rejudge(ready, tried)
            except RulesetError:  # bands may no longer meet, a share may exceed the whole
                continue
            if quick.parts[0].name != "judged_again":
                continue
            own = ready.in_force.source
            values = merged(own.overrides, tried)
            after = compiled(PLUGINS, path.stem, Revision(own.file, own.text, values), library)
            assert rows_under(ready, after) in (None, quick.rows)
            with monkeypatch.context() as patch:
                patch.setattr(answering, "_nodes_to_judge", lambda *_: None)
                whole = rejudge(ready, tried)
            _same(quick, whole)


@pytest.mark.parametrize("scheme", ["town_deduction", "star_units"])
def test_judging_a_changed_table_again_is_replaying(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each number of a deduction table, and each list of its words made shorter: the same answer."""
    path = Path(__file__).parent.parent / "cases" / f"{scheme}.yaml"
    moved = 0
    for ready in histories(path):
        text = ready.in_force.source.text
        for name, table in ready.in_force.loaded().spec.tables.items():
            for row in table.values["always"]:
                for column, value in _other_cells(row):
                    tried = throughout(text, {f"{name}.{row.id}.{column}": value})
                    quick = rejudge(ready, {}, text=tried)
                    assert quick.parts[0].name == "judged_again"
                    with monkeypatch.context() as patch:
                        patch.setattr(answering, "_nodes_to_judge", lambda *_: None)
                        _same(quick, rejudge(ready, {}, text=tried))
                    moved += bool(quick.differences)
    assert moved


def _other_cells(row: RowSpec) -> Iterator[tuple[str, Simple]]:
    yield "full", row.full + 5
    if row.each is not None:
        yield "each", row.each / 2
    if len(row.find) > 1:
        yield "find", row.find[:1]


def _same(quick: Answer, whole: Answer) -> None:
    assert quick.rows == whole.rows
    assert quick.differences == whole.differences
    assert quick.counts == whole.counts
