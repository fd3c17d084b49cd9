"""From a file of cases to its scheme."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from envrules.cases import as_text, factory_for, load_cases, run_file
from envrules.errors import RulesetError
from envrules.plugin_manager import load_plugins

CASE = "cases: [{name: 例, steps: [tick: 2026-07-02 09:00], expect: {decisions: []}}]\n"


def test_without_a_path_the_plugin_brings_the_ruleset() -> None:
    """A built-in scheme is found by its slug alone."""
    file = load_cases("scheme: liuhu\n" + CASE, "c.yaml")
    assert factory_for(file, load_plugins())({}).slug == "liuhu"


def test_an_unknown_scheme_is_refused() -> None:
    """The refusal names the schemes that there are."""
    file = load_cases("scheme: luihu\n" + CASE, "c.yaml")
    with pytest.raises(RulesetError, match=r"no plugin brings the scheme luihu; there is .*liuhu"):
        factory_for(file, load_plugins())


def test_a_ruleset_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A path is relative to the file of cases."""
    file = load_cases("scheme: mini\nruleset: nowhere.yaml\n" + CASE, str(tmp_path / "c.yaml"))
    with pytest.raises(RulesetError, match=r"nowhere\.yaml:1:1: ER901"):
        factory_for(file, load_plugins())


def test_a_ruleset_of_another_scheme_fails_the_file(write: Callable[..., Path]) -> None:
    """`scheme:` and the ruleset must agree."""
    path = write("- {name: 例, steps: [tick: 2026-07-02 09:00], expect: {decisions: []}}\n")
    text = path.read_text(encoding="utf-8").replace("scheme: mini", "scheme: other")
    file = load_cases(text, str(path))
    result = run_file(file, factory_for(file, load_plugins()))
    assert not result.passed
    assert "the cases are about other, their ruleset is mini" in as_text(result)


def test_a_broken_ruleset_fails_the_file(write: Callable[..., Path]) -> None:
    """The problems of the ruleset are the result, each at its line."""
    path = write("- {name: 例, steps: [tick: 2026-07-02 09:00], expect: {decisions: []}}\n")
    ruleset = path.with_name("mini.yaml")
    ruleset.write_text(ruleset.read_text(encoding="utf-8").replace("$line", "$lime"), "utf-8")
    file = load_cases(path.read_text(encoding="utf-8"), str(path))
    result = run_file(file, factory_for(file, load_plugins()))
    assert not result.passed
    assert "ER301" in as_text(result)
